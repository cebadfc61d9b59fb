// Metrics of the process: CPU, memory, the event loop's lag, garbage collection; under the names
// of prom-client, which dashboards for Node.js use. Its own collectors count one pause of several
// that are reported at once, and write "Nan" where nothing was measured.
import {
  constants,
  monitorEventLoopDelay,
  type NodeGCPerformanceDetail,
  type PerformanceEntry,
  PerformanceObserver,
} from 'node:perf_hooks'
import type { Family } from '../http/metrics/exposition.ts'
import { Histogram } from '../http/metrics/histogram.ts'

const GC_KINDS = new Map([
  [constants.NODE_PERFORMANCE_GC_MAJOR, 'major'],
  [constants.NODE_PERFORMANCE_GC_MINOR, 'minor'],
  [constants.NODE_PERFORMANCE_GC_INCREMENTAL, 'incremental'],
  [constants.NODE_PERFORMANCE_GC_WEAKCB, 'weakcb'],
])

const LAG_RESOLUTION_MS = 10

/** Begins to measure, once a process; returns how to read. The lag is that since the last read. */
export function measureProcess(): () => Family[] {
  const pauses = new Map([...GC_KINDS.values()].map(kind => [kind, new Histogram()]))
  const observer = new PerformanceObserver(list => {
    for (const pause of list.getEntries()) {
      const { kind = -1 } = (pause as PerformanceEntry & { detail: NodeGCPerformanceDetail }).detail
      pauses.get(GC_KINDS.get(kind) ?? '')?.observe(pause.duration / 1_000)
    }
  })
  observer.observe({ entryTypes: ['gc'] })
  const lag = monitorEventLoopDelay({ resolution: LAG_RESOLUTION_MS })
  lag.enable()
  return () => {
    const { user, system } = process.cpuUsage()
    const { rss, heapUsed, heapTotal, external } = process.memoryUsage()
    // The histogram is of the times between two ticks, in ns; what is beyond the resolution is lag.
    const lagSeconds = (percentile: number) => Math.max(0, lag.percentile(percentile) / 1e9 - LAG_RESOLUTION_MS / 1_000)
    const [p50, p99, most] = [lagSeconds(50), lagSeconds(99), lagSeconds(100)]
    lag.reset()
    return [
      single('process_cpu_seconds_total', 'CPU time', (user + system) / 1e6),
      single('process_start_time_seconds', 'Start, seconds since 1970', performance.timeOrigin / 1_000, 'min'),
      single('process_resident_memory_bytes', 'Memory of the process', rss, 'sum'),
      single('nodejs_heap_size_used_bytes', 'JavaScript heap in use', heapUsed, 'sum'),
      single('nodejs_heap_size_total_bytes', 'JavaScript heap', heapTotal, 'sum'),
      single('nodejs_external_memory_bytes', 'Memory of buffers and of what is bound to objects', external, 'sum'),
      single('nodejs_eventloop_lag_p50_seconds', 'Median lag of the event loop since the last look', p50, 'max'),
      single('nodejs_eventloop_lag_p99_seconds', '99th percentile of the lag since the last look', p99, 'max'),
      single('nodejs_eventloop_lag_max_seconds', 'Longest lag since the last look', most, 'max'),
      {
        name: 'nodejs_gc_duration_seconds',
        type: 'histogram',
        help: 'Pauses for garbage collection, by kind',
        samples: [...pauses].flatMap(([kind, histogram]) => histogram.samples({ kind })),
      },
    ]
  }
}

/** A counter, or a gauge with the rule that merges those of several processes. */
function single(name: string, help: string, value: number, across?: Family['across']): Family {
  if (across === undefined) return { name, type: 'counter', help, samples: [{ value }] }
  return { name, type: 'gauge', help, across, samples: [{ value }] }
}
