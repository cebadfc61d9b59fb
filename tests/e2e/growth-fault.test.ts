// A service that keeps a little of each request is found out, and one that only varies is not. The
// whole judgement, on a service that leaks nothing, is `npm run fuzz`; `npm run fuzz -- --leak 16`
// is its control.
import { expect, it, vi } from 'vitest'
import { Child } from '../../scripts/fuzz/child.ts'
import { growthFault, type Weighing } from '../../scripts/fuzz/http/growth-fault.ts'
import { weighUnderLoad } from '../../scripts/fuzz/http/steady-load.ts'
import { prepare } from '../../scripts/fuzz/http/volleys.ts'

/** One starts a process; on a busy machine it takes seconds. */
vi.setConfig({ testTimeout: 60_000 })

const weighings = (bytesARequest: number, mbAWeighing = 0): Weighing[] =>
  Array.from({ length: 8 }, (_, at) => ({
    requests: 12_500 * (at + 1),
    usedBytes: 3e7 + (at % 2) * 3e4 + bytesARequest * 12_500 * at,
    residentMB: 200 + mbAWeighing * at,
  }))

it.each([
  ['a heap that varies', weighings(0)],
  ['a process that grows a little', weighings(0, 5)],
])('growthFault() has no complaint about %s', (_, weighed) => {
  expect(growthFault(weighed)).toBeNull()
})

it.each([
  ['a number of each request', weighings(8), /^The service keeps [\d.]+ bytes of each request/],
  ['what no heap shows', weighings(0, 20), /^The process grows: 200, 220/],
])('growthFault() finds a service that keeps %s', (_, weighed, reason) => {
  expect(growthFault(weighed)).toMatch(reason)
})

it('growthFault() finds a real service that leaks, by its weight at rest', async () => {
  const child = await Child.start(8_192)
  try {
    await prepare(child.url)
    const weighed = await weighUnderLoad(child, { requests: 200, weighings: 2, seed: 1, onProgress: () => {} })
    expect(growthFault(weighed)).toMatch(/^The service keeps \d+\.\d bytes of each request/)
  } finally {
    await child.remove()
  }
})
