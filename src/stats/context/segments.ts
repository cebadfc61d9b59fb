// Lifts within the levels of a feature, all at once. context.md F.
import { type EffectOptions, type Lift, liftOf } from '../lift/lift.ts'
import { PairedScores } from '../lift/paired-scores.ts'
import { tuneSequence } from '../sequences/confidence-sequence.ts'
import { addToPairs, type ScoredBatch } from './batch-scores.ts'

const LEAST_PLANNED_UNITS = 1_000

export interface SegmentOptions extends EffectOptions {
  /** L: the levels of all segment features together, counted from the start. */
  readonly levels: number
  /** The levels of this feature. */
  readonly levelsOfFeature: number
}

/**
 * The lift of each arm (null for the control) in one level, from the rows of the units inside, fed
 * batch by batch. Their predictions are the overall ones. Their spreads are `predictedVariance()`
 * of the level's own effective counts, with the ends of the overall predictions, since a level with
 * twice the rate has twice the variance; `meanInverse` comes from the level's own rows. Each holds
 * at `α/((K − 1)L)`, so all segment lifts of a report hold at once at every look; tuned to `n* =
 * max(1000, plannedUnits/levels of the feature)`. Against 40 digits: 1e-9
 * (tests/golden/context/segments.json).
 */
export class RunningSegment {
  readonly #options: SegmentOptions
  readonly #pairs: readonly (PairedScores | null)[]

  constructor(options: SegmentOptions) {
    const { arms, control } = options
    this.#options = options
    this.#pairs = Array.from({ length: arms }, (_, arm) => (arm === control ? null : new PairedScores(arm, control)))
  }

  add(batch: ScoredBatch): void {
    addToPairs(this.#pairs, batch, this.#options.control)
  }

  /** @throws RangeError when the options are out of range. */
  lifts(): (Lift | null)[] {
    const { arms, metric, alpha, plannedUnits, levels, levelsOfFeature } = this.#options
    const tuning = tuneSequence(
      alpha / (Math.max(1, arms - 1) * levels),
      Math.max(LEAST_PLANNED_UNITS, plannedUnits / levelsOfFeature),
    )
    return this.#pairs.map(pair => (pair === null ? null : liftOf(pair, metric, tuning)))
  }
}

/** The same of batches in order. */
export function segmentLifts(batches: readonly ScoredBatch[], options: SegmentOptions): (Lift | null)[] {
  const running = new RunningSegment(options)
  for (const batch of batches) running.add(batch)
  return running.lifts()
}
