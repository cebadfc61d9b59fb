// Whether a process that rested again and again has kept something of each request.

/**
 * Tells the service under test how many bytes to leak for each request, in eights: the control of
 * this judgement.
 */
export const LEAK = 'PINWHEEL_FUZZ_LEAK'

/** What a process weighs. */
export interface Weight {
  /** The objects of its threads after all garbage was collected, without code, bytes. */
  readonly usedBytes: number
  /** Resident memory, MB (10⁶ bytes); null where the system does not tell. */
  readonly residentMB: number | null
}

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
 * Resident memory comes and goes by some MB, with caches that fill and pages that the system has
 * not taken back.
 */
const TOLERATED_MB = 50

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
  if (midway.residentMB === null || end.residentMB === null) return null
  if (end.residentMB - midway.residentMB <= TOLERATED_MB) return null
  return `The process grows: ${weighings.map(({ residentMB }) => residentMB?.toFixed(0)).join(', ')} MB`
}
