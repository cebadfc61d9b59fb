// Whether a process that rested again and again has kept something of each request.
import type { Weight } from '../child.ts'

export interface Weighing extends Weight {
  /** So many requests were answered before. */
  readonly requests: number
}

/**
 * Less a request is no leak: half a number. Measured without one: 2 bytes, most of them snapshots.
 */
const TOLERATED_BYTES = 4

/** What a heap at rest varies by, however few requests lie between. */
const NOISE_BYTES = 64 * 1024

/**
 * Resident memory comes and goes by some MiB, with caches that fill and pages that the system has
 * not taken back.
 */
const TOLERATED_MIB = 48

/**
 * What is wrong with the weight in the second half of the weighings, or null. The first half is for
 * getting warm.
 */
export function growthFault(weighings: readonly Weighing[]): string | null {
  const [midway, end] = [weighings[(weighings.length - 1) >> 1], weighings.at(-1)]
  if (midway === undefined || end === undefined) throw new RangeError('Nothing was weighed')
  const requests = end.requests - midway.requests
  const growth = end.usedBytes - midway.usedBytes
  if (growth > NOISE_BYTES + TOLERATED_BYTES * requests) {
    const kiB = weighings.map(({ usedBytes }) => Math.round(usedBytes / 1024))
    return `The service keeps ${(growth / requests).toFixed(1)} bytes of each request: ${kiB.join(', ')} KiB`
  }
  if (midway.residentMiB === null || end.residentMiB === null) return null
  if (end.residentMiB - midway.residentMiB <= TOLERATED_MIB) return null
  return `The process grows: ${weighings.map(({ residentMiB }) => residentMiB?.toFixed(0)).join(', ')} MiB`
}
