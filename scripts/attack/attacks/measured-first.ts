// The five attacks that were measured first, on a service without any defence against them.
import type { Attack } from '../attack.ts'
import { WIDE } from '../experiments.ts'
import { brotli } from './brotli.ts'

const MIB = 1_024 * 1_024

export const MEASURED_FIRST: readonly Attack[] = [
  {
    name: 'pipeline',
    what: '3,000 GET /openapi.json on one connection that never reads',
    run: async stage => {
      await stage.open('GET /openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n'.repeat(3_000))
      await new Promise(resolve => setTimeout(resolve, 3_000))
    },
  },
  {
    name: 'brotli-depth',
    what: '16 MiB of nested lists in some 30 bytes of brotli to /rewards',
    run: async stage => {
      const body = brotli(`${'['.repeat(8 * MIB)}${']'.repeat(8 * MIB)}`)
      await stage.send({ path: '/rewards', key: 'pk', headers: { 'Content-Encoding': 'br' }, body })
    },
  },
  {
    name: 'brotli-metrics',
    what: '349,000 empty metrics in some 70 bytes of brotli to /plan',
    run: async stage => {
      const body = brotli(`{"arms":[],"metrics":[${Array(349_000).fill('{}').join(',')}]}`)
      await stage.send({ path: '/experiments/new/plan', key: 'read', headers: { 'Content-Encoding': 'br' }, body })
    },
  },
  {
    name: 'unknown-fields',
    what: '10,000 events with 100 unknown fields each',
    run: async stage => {
      const event = Object.fromEntries(Array.from({ length: 100 }, (_, place) => [`f${place}`, 0]))
      await stage.send({ path: '/rewards', key: 'reward', body: JSON.stringify(Array(10_000).fill(event)) })
    },
  },
  {
    name: 'wide-reports',
    what: 'twelve reports of 200 arms and 20 metrics at once',
    isComputation: true,
    run: stage => stage.sendAtOnce(12, { method: 'GET', path: `/experiments/${WIDE}/report`, key: 'read' }),
  },
]
