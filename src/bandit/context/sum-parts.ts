// The sums of the units of a snapshot, in the two parts in which they are stored: one that changes
// with assignments alone, and one that changes with rewards too. Each part is a vector of
// little-endian doubles, the `stored()` of its sums one after the other; how many there are follows
// from the snapshot.

import { EstimandRow } from '../../stats/context/estimand-row.ts'
import { ContextSums, OutcomeSums } from '../../stats/context/moments.ts'
import { ScoreRow } from '../../stats/context/score-row.ts'

export interface SumsShape {
  readonly arms: number
  readonly control: number
  /** d */
  readonly dimension: number
  readonly metrics: number
  readonly segments: number
}

/** `Σ x xᵀ` of each arm. */
export class ContextPart {
  static readonly part = 'contexts'
  readonly arms: readonly ContextSums[]

  /** Empty, or as `stored()` gave it. @throws RangeError when it is of another shape */
  constructor({ arms, dimension }: SumsShape, stored: Uint8Array | null = null) {
    const read = new Doubles(stored)
    this.arms = listOf(arms, () => new ContextSums(dimension, read.next(dimension * (dimension + 1))))
    read.expectEnd()
  }

  addAll(other: ContextPart): void {
    this.arms.forEach((sums, arm) => {
      sums.addAll(other.arms[arm] as ContextSums)
    })
  }

  stored(): Uint8Array {
    return bytesOf(this.arms.map(sums => sums.stored()))
  }
}

/** Sums that hang on outcomes. */
export class OutcomePart {
  static readonly part = 'outcomes'
  readonly metrics: readonly MetricSums[]
  /** Of the primary metric. */
  readonly segments: readonly SegmentSums[]

  /** Empty, or as `stored()` gave it. @throws RangeError when it is of another shape */
  constructor(shape: SumsShape, stored: Uint8Array | null = null) {
    const { arms, control, dimension, metrics, segments } = shape
    const read = new Doubles(stored)
    const outcomes = (columns: number) => listOf(arms, () => new OutcomeSums(columns, read.next(2 * (columns + 1))))
    const row = () => new ScoreRow(arms, control, read.next(ROW_NUMBERS * arms))
    this.metrics = listOf(metrics, () => ({
      outcomes: outcomes(dimension),
      row: row(),
      policy: new EstimandRow(read.next(ESTIMAND_NUMBERS)),
    }))
    this.segments = listOf(segments, () => ({ row: row(), outcomes: outcomes(1) }))
    read.expectEnd()
  }

  addAll(other: OutcomePart): void {
    this.metrics.forEach(({ outcomes, row, policy }, metric) => {
      const own = other.metrics[metric] as MetricSums
      addOutcomes(outcomes, own.outcomes)
      row.addAll(own.row)
      policy.addAll(own.policy)
    })
    this.segments.forEach(({ row, outcomes }, segment) => {
      const own = other.segments[segment] as SegmentSums
      row.addAll(own.row)
      addOutcomes(outcomes, own.outcomes)
    })
  }

  stored(): Uint8Array {
    return bytesOf([
      ...this.metrics.flatMap(({ outcomes, row, policy }) => [
        ...outcomes.map(sums => sums.stored()),
        row.stored(),
        policy.stored(),
      ]),
      ...this.segments.flatMap(({ row, outcomes }) => [row.stored(), ...outcomes.map(sums => sums.stored())]),
    ])
  }
}

export interface MetricSums {
  /** By arm. */
  readonly outcomes: readonly OutcomeSums[]
  readonly row: ScoreRow
  /** What the policy earned; empty where the control was not active. */
  readonly policy: EstimandRow
}

export interface SegmentSums {
  readonly row: ScoreRow
  /** By arm, of one column: `Σ y`, `Σ y²`. */
  readonly outcomes: readonly OutcomeSums[]
}

/** The d of a part of contexts, from its length; null where it is that of no d. */
export function dimensionIn(stored: Uint8Array, arms: number): number | null {
  const numbers = stored.byteLength / (BYTES * arms)
  const dimension = Math.round((Math.sqrt(1 + 4 * numbers) - 1) / 2)
  return dimension * (dimension + 1) === numbers ? dimension : null
}

const BYTES = Float64Array.BYTES_PER_ELEMENT
/** What `stored()` of a ScoreRow has for each arm, and that of an EstimandRow in all. */
const ROW_NUMBERS = 13
const ESTIMAND_NUMBERS = 11

function listOf<Item>(length: number, item: () => Item): Item[] {
  return Array.from({ length }, item)
}

function addOutcomes(to: readonly OutcomeSums[], from: readonly OutcomeSums[]): void {
  to.forEach((sums, arm) => {
    sums.addAll(from[arm] as OutcomeSums)
  })
}

/** Reads vectors one after the other; of nothing, nothing. */
class Doubles {
  readonly #numbers: Float64Array | null
  #from = 0

  constructor(bytes: Uint8Array | null) {
    if (bytes !== null && bytes.byteLength % BYTES !== 0) {
      throw new RangeError(`Cannot read sums: ${bytes.byteLength} bytes are no numbers`)
    }
    // A copy, since the bytes may begin anywhere in their memory.
    this.#numbers = bytes === null ? null : new Float64Array(inMemoryOrder(new Uint8Array(bytes)).buffer)
  }

  next(count: number): Float64Array | undefined {
    if (this.#numbers === null) return undefined
    this.#from += count
    return this.#numbers.subarray(this.#from - count, this.#from)
  }

  expectEnd(): void {
    if (this.#numbers === null || this.#from === this.#numbers.length) return
    throw new RangeError(`Cannot read sums: there are ${this.#numbers.length} numbers in the place of ${this.#from}`)
  }
}

function bytesOf(vectors: readonly Float64Array[]): Uint8Array {
  const numbers = new Float64Array(vectors.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const vector of vectors) {
    numbers.set(vector, at)
    at += vector.length
  }
  return inMemoryOrder(new Uint8Array(numbers.buffer))
}

const IS_LITTLE_ENDIAN = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1

/** From little-endian doubles to the machine's own, or back; changes the bytes in place. */
function inMemoryOrder<Bytes extends Uint8Array>(bytes: Bytes): Bytes {
  if (!IS_LITTLE_ENDIAN) Buffer.from(bytes.buffer).swap64()
  return bytes
}
