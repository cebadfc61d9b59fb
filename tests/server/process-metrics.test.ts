import { afterEach, describe, expect, it } from 'vitest'
import { expositionText } from '../../src/http/metrics/exposition.ts'
import { measureProcess } from '../../src/server/process-metrics.ts'
import { readExposition } from '../support/http/exposition.ts'

const PATIENCE = { timeout: 15_000 }

describe('measureProcess()', () => {
  const read = measureProcess()
  const families = () => readExposition(expositionText(read()))
  let working: NodeJS.Timeout

  afterEach(() => clearInterval(working))

  it('measures memory, CPU and start', () => {
    const value = (name: string) => families().get(name)?.samples[0]?.value
    expect(value('process_resident_memory_bytes')).toBeGreaterThan(1e6)
    expect(value('process_cpu_seconds_total')).toBeGreaterThan(0)
    expect(value('process_start_time_seconds')).toBeLessThanOrEqual(Date.now() / 1_000)
    expect(value('nodejs_heap_size_used_bytes')).toBeLessThan(value('process_resident_memory_bytes') ?? 0)
  })

  it('measures event loop lag, and resets it after a read', async () => {
    const longest = () => families().get('nodejs_eventloop_lag_max_seconds')?.samples[0]?.value ?? 0
    working = setInterval(() => {
      for (const end = performance.now() + 60; performance.now() < end; );
    }, 10)
    await expect.poll(longest, { ...PATIENCE, interval: 300 }).toBeGreaterThan(0.03)
    longest()
    // Nothing can have been measured between two calls in one turn.
    expect(longest()).toBe(0)
  })

  it('counts garbage collections', async () => {
    const count = () => {
      const samples = families().get('nodejs_gc_duration_seconds')?.samples ?? []
      return samples.filter(({ name }) => name.endsWith('_count')).reduce((sum, { value }) => sum + value, 0)
    }
    const before = count()
    let garbage: number[][] = []
    working = setInterval(() => {
      garbage = Array.from({ length: 200_000 }, (_, number) => [number])
    }, 10)
    await expect.poll(count, PATIENCE).toBeGreaterThan(before)
    expect(garbage.length).toBeGreaterThan(0)
  })
})
