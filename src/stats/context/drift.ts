// Has a lift changed since some moment? An alarm that may be looked at whenever one likes. It tells
// of collapses, not of small shifts, and a trend that all arms share does not trigger it, since it
// looks at lifts. context.md G.
import { logEValue, type Tuning, tuneSequence } from '../sequences/confidence-sequence.ts'
import { type BatchScore, type Score, ScoreSum } from '../sequences/score-sum.ts'

/** The first boundary, in units, and by how much each is further than the one before. */
const FIRST_BOUNDARY = 1_000
const GROWTH = 1.25

export interface DriftOptions {
  /** In (0, 0.5]. */
  readonly alpha: number
  readonly plannedUnits: number
}

/** A mature batch: the score of each arm's lift, null where it could not be used. */
export interface DriftBatch {
  readonly snapshot: number
  readonly units: number
  readonly lifts: readonly (BatchScore | null)[]
}

export interface Drift {
  /** The alarm's evidence against "no lift has changed"; an e-value at every look. */
  readonly logEValue: number
  /** Where the evidence reaches 1/α: the change with the most of it. */
  readonly change: {
    /** The first snapshot after the boundary. */
    readonly snapshot: number
    /** Position of the lift in `lifts`. */
    readonly lift: number
    readonly before: number
    readonly after: number
  } | null
}

/**
 * `ln e` against "the lift is the same before and after": the least product of the two e-values
 * over a common lift,
 *
 *     ½ a₁a₂/(a₁ + a₂) (θ̂₁ − θ̂₂)² − ½ ln(1 + ρ²V₁) − ½ ln(1 + ρ²V₂),     a_i = H_i²/(V_i + 1/ρ²).
 *
 * Against 40 digits: 1e-9 (tests/golden/context/memory.json).
 */
export function logChange(
  before: Pick<Score, 'estimate' | 'weight' | 'variance'>,
  after: Pick<Score, 'estimate' | 'weight' | 'variance'>,
  { rhoSquared }: Tuning,
): number {
  const precision = ({ weight, variance }: typeof before) => weight ** 2 / (variance + 1 / rhoSquared)
  const [a, b] = [precision(before), precision(after)]
  // At no difference logEValue() has what remains.
  const nothing = logEValue(0, before.variance, rhoSquared) + logEValue(0, after.variance, rhoSquared)
  return 0.5 * ((a * b) / (a + b)) * (before.estimate - after.estimate) ** 2 + nothing
}

/**
 * `ln Σ_j mean_a e_j,a /(j(j + 1))`, from the lists of `ln e_j,a` in the order of the boundaries; 0
 * for no list.
 */
export function logOfBoundaries(boundaries: readonly (readonly number[])[]): number {
  const terms = boundaries.flatMap((logs, place) =>
    logs.map(log => log - Math.log((place + 1) * (place + 2) * logs.length)),
  )
  const largest = Math.max(...terms)
  if (!Number.isFinite(largest)) return 0
  return largest + Math.log(terms.reduce((sum, term) => sum + Math.exp(term - largest), 0))
}

/**
 * Looks at every boundary j, the first snapshot with `1000 · 1.25^(j − 1)` units before it. One
 * pass forward gives the lifts before each boundary, one backward those after it, so the cost grows
 * with the batches alone, and no sum is the difference of two large ones. A lift that cannot be
 * compared at a boundary counts as no evidence at all.
 */
export function detectDrift(batches: readonly DriftBatch[], { alpha, plannedUnits }: DriftOptions): Drift {
  const tuning = tuneSequence(alpha, plannedUnits)
  const places = boundaryPlaces(batches)
  const before = scoresBefore(batches, places)
  const after = scoresAfter(batches, places)
  const changes = places.flatMap((place, boundary) =>
    (before[boundary] ?? []).map((early, lift) => {
      const late = after[boundary]?.[lift] ?? null
      const log = early === null || late === null ? -Infinity : logChange(early, late, tuning)
      return { boundary, log, snapshot: batches[place]?.snapshot ?? 0, lift, early, late }
    }),
  )
  const evidence = logOfBoundaries(
    places.map((_, j) => changes.filter(({ boundary }) => boundary === j).map(({ log }) => log)),
  )
  if (evidence < -Math.log(alpha)) return { logEValue: evidence, change: null }
  const weighed = changes.map(({ log, boundary }) => log - Math.log((boundary + 1) * (boundary + 2)))
  const strongest = changes[weighed.indexOf(Math.max(...weighed))]
  if (strongest?.early == null || strongest.late === null) return { logEValue: evidence, change: null }
  const { snapshot, lift, early, late } = strongest
  return { logEValue: evidence, change: { snapshot, lift, before: early.estimate, after: late.estimate } }
}

/** The place of the first batch after each boundary. */
function boundaryPlaces(batches: readonly DriftBatch[]): number[] {
  const places: number[] = []
  let [units, boundary] = [0, FIRST_BOUNDARY]
  batches.forEach((batch, place) => {
    for (; units >= boundary; boundary *= GROWTH) places.push(place)
    units += batch.units
  })
  return places
}

type Scores = readonly (Score | null)[]

/** Of each boundary, the lifts over the batches before it. */
function scoresBefore(batches: readonly DriftBatch[], places: readonly number[]): Scores[] {
  const sums = newSums(batches)
  const scores: Scores[] = []
  batches.forEach((batch, place) => {
    while (places[scores.length] === place) scores.push(sums.map(sum => sum.score()))
    addTo(sums, batch)
  })
  return scores
}

/** Of each boundary, the lifts over the batches after it. */
function scoresAfter(batches: readonly DriftBatch[], places: readonly number[]): Scores[] {
  const sums = newSums(batches)
  const scores: Scores[] = []
  for (let place = batches.length - 1; place >= 0 && scores.length < places.length; place--) {
    addTo(sums, batches[place] as DriftBatch)
    while (places[places.length - 1 - scores.length] === place) scores.push(sums.map(sum => sum.score()))
  }
  return scores.reverse()
}

function newSums(batches: readonly DriftBatch[]): ScoreSum[] {
  return Array.from({ length: batches[0]?.lifts.length ?? 0 }, () => new ScoreSum())
}

function addTo(sums: readonly ScoreSum[], { lifts }: DriftBatch): void {
  lifts.forEach((score, lift) => {
    if (score !== null) sums[lift]?.add(score)
  })
}
