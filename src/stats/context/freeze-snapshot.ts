// Everything that a snapshot of a contextual experiment freezes before its first unit: the rule,
// the predictions of each metric, and by what the coming batch will be weighed. All of it follows
// from sums of earlier batches. context.md B, D.2, E, F, G, H.
import { predictedVariance } from '../lift/prediction.ts'
import type { Tally } from '../tally.ts'
import { addTo, effectiveMoments, effectiveWeights, emptyMoments, type MomentSums } from './effective-moments.ts'
import type { EstimandValues } from './estimand-row.ts'
import { ContextRule, type FrozenRule, freezeRule, type RuleOptions } from './frozen-rule.ts'
import { discountAt } from './half-life.ts'
import { estimandVariance, latestBatches, meanInverse } from './mean-inverse.ts'
import { type ArmMoments, padMoments } from './moments.ts'
import { type FrozenPredictions, freezePredictions, tallyOf } from './predictions.ts'
import type { RowValues } from './score-row.ts'
import { fitSlopes } from './slopes-fit.ts'
import { lendMoments, type WarmStart } from './warm-start.ts'

/** A closed batch as the ledger has it; arms that were added later may be left out of its lists. */
export interface ClosedBatch {
  readonly snapshot: number
  readonly isMature: boolean
  /** From when the next snapshot was taken to now. */
  readonly ageMs: number
  /** The row of the primary metric; its counts and propensities are those of every metric. */
  readonly row: RowValues
  /** `Σ x xᵀ` of each arm, with the columns that there were under this snapshot. */
  readonly contexts: readonly Float64Array[]
  /** `Σ x y` and `Σ y²` of each metric and arm. */
  readonly outcomes: readonly (readonly Pick<ArmMoments, 'xy' | 'yy'>[])[]
  /** Of each metric, the row of what the policy earned; null where the control was not active. */
  readonly policyRows: readonly (EstimandValues | null)[]
  /** Of each segment, the primary metric's row and tallies by arm. */
  readonly segments: readonly { readonly row: RowValues; readonly tallies: readonly Tally[] }[]
}

export interface SnapshotOptions extends Omit<RuleOptions, 'dimension'> {
  /** The metrics' ranges, in their order. */
  readonly ranges: readonly (readonly [lo: number, hi: number])[]
  /** The place of the metric that the policy learns from. */
  readonly primary: number
  /**
   * By arm, null where it is not active: the shares of a policy that does not look at x. Null: the
   * policy is a rule, which is learned here.
   */
  readonly propensities: readonly (number | null)[] | null
  /** x of a unit that is missing every feature; its length is d. */
  readonly emptyContext: Float64Array
  /** κ of the policy; null: learned. */
  readonly shrinkage: number | null
  readonly halfLifeMs: number | null
  /** What an earlier experiment lends the policy, by arm; null: nothing. */
  readonly warmStart: (WarmStart & { readonly arms: readonly (ArmMoments | null)[] }) | null
  readonly isAdjusted: boolean
  readonly segmentCount: number
}

/**
 * As it is kept with the snapshot: JSON. Lists by position of the arm have null where it is not
 * active.
 */
export interface FrozenContext {
  /** Null where the policy does not look at x. */
  readonly rule: FrozenRule | null
  /** By metric. */
  readonly predictions: readonly FrozenPredictions[]
  /** u_a */
  readonly meanInverse: readonly (number | null)[]
  /** v of what the policy earns, by metric. */
  readonly policyVariance: readonly number[]
  /** σ² and u of each segment on the primary metric. */
  readonly segments: readonly {
    readonly spreads: readonly (number | null)[]
    readonly meanInverse: readonly (number | null)[]
  }[]
}

/**
 * What the next snapshot freezes. The rule and the predictions learn from the mature ones among the
 * closed batches, the former discounted and started warm; the weights follow from the latest closed
 * ones, mature or not.
 *
 * @throws RangeError when the batches are not those of any units, or no arm is active.
 */
export function freezeSnapshot(closed: readonly ClosedBatch[], options: SnapshotOptions): FrozenContext {
  const { ranges, primary, active, isAdjusted } = options
  const arms = active.length
  const firstImmature = closed.findIndex(({ isMature }) => !isMature)
  const mature = firstImmature === -1 ? closed : closed.slice(0, firstImmature)

  const moments = momentsOver(mature, options, null)
  const rule = options.propensities === null ? learnRule(mature, moments, options) : null

  const predictions = ranges.map((range, metric) =>
    freezePredictions(moments[metric] as ArmMoments[], { range, isAdjusted, active }),
  )
  const latest = latestBatches(closed.map(batch => ({ ...batch, units: batch.row.units })))
  const atEmpty = rule === null ? null : new ContextRule(rule).propensitiesAt(options.emptyContext)
  const inverses = (rows: readonly RowValues[]) =>
    activeOnly(active, arm =>
      atEmpty === null ? 1 / (options.propensities?.[arm] as number) : meanInverse(rows, arm, atEmpty[arm] as number),
    )
  return {
    rule,
    predictions,
    meanInverse: inverses(latest.map(({ row }) => row)),
    policyVariance: predictions.map(({ arms: predicted }, metric) => {
      const variances = predicted.flatMap(arm => (arm === null ? [] : [arm.variance]))
      const rows = latest.flatMap(({ policyRows }) => policyRows[metric] ?? [])
      return estimandVariance(rows, variances.reduce((sum, variance) => sum + variance, 0) / variances.length)
    }),
    segments: Array.from({ length: options.segmentCount }, (_, segment) => ({
      spreads: segmentSpreads(mature, segment, arms, predictions[primary] as FrozenPredictions),
      meanInverse: inverses(latest.flatMap(({ segments }) => segments[segment]?.row ?? [])),
    })),
  }
}

/** The rule that the mature batches teach, discounted and started warm. */
function learnRule(
  mature: readonly ClosedBatch[],
  moments: readonly ArmMoments[][],
  options: SnapshotOptions,
): FrozenRule {
  const { goal, exploration, reserved, active, primary, emptyContext, warmStart, halfLifeMs } = options
  const discounted = halfLifeMs === null ? moments : momentsOver(mature, options, halfLifeMs)
  const primaryMoments = discounted[primary] as ArmMoments[]
  const learned =
    warmStart === null
      ? primaryMoments
      : primaryMoments.map((own, arm) => {
          const earlier = warmStart.arms[arm] ?? null
          return earlier === null ? own : lendMoments(own, padded(earlier, emptyContext), warmStart)
        })
  const fit = fitSlopes(learned, options.shrinkage)
  return freezeRule(fit, { goal, exploration, reserved, active, dimension: emptyContext.length })
}

/** The effective moments of each metric and arm, with the columns that there are now. */
export function momentsOver(
  batches: readonly ClosedBatch[],
  { active, emptyContext, ranges }: Pick<SnapshotOptions, 'active' | 'emptyContext' | 'ranges'>,
  halfLifeMs: number | null,
): ArmMoments[][] {
  const weighed = batches.map(({ snapshot, row, contexts, ageMs }) => ({
    snapshot,
    meanPropensity: meanPropensities(row),
    arms: contexts.map(xx => ({ xx })),
    discount: discountAt(ageMs, halfLifeMs),
  }))
  const byArm = active.map((_, arm) => {
    const weights = effectiveWeights(weighed, arm)
    return ranges.map((__, metric) => momentsOfArm(batches, { arm, metric, weights }, emptyContext))
  })
  return ranges.map((_, metric) => byArm.map(own => own[metric] as ArmMoments))
}

/** Batches with the same columns are summed before these are padded. */
function momentsOfArm(
  batches: readonly ClosedBatch[],
  { arm, metric, weights }: { arm: number; metric: number; weights: Float64Array },
  emptyContext: Float64Array,
): ArmMoments {
  const byDimension = new Map<number, MomentSums>()
  batches.forEach(({ contexts, outcomes }, place) => {
    const [xx, own] = [contexts[arm], outcomes[metric]?.[arm]]
    const weight = weights[place] as number
    if (xx === undefined || own === undefined || weight === 0) return
    const sums = byDimension.get(own.xy.length) ?? emptyMoments(own.xy.length)
    byDimension.set(own.xy.length, sums)
    addTo(sums, { xx, ...own }, weight)
  })
  const total = emptyMoments(emptyContext.length)
  for (const sums of byDimension.values()) addTo(total, padded(sums, emptyContext), 1)
  return total
}

function padded(moments: ArmMoments, emptyContext: Float64Array): ArmMoments {
  if (moments.xy.length === emptyContext.length) return moments
  return padMoments(moments, emptyContext.subarray(moments.xy.length))
}

/** `p̄_a = P_a/units` */
function meanPropensities({ propensities, units }: RowValues): (number | null)[] {
  return Array.from(propensities, sum => (sum === 0 ? null : sum / units))
}

function segmentSpreads(
  batches: readonly ClosedBatch[],
  segment: number,
  armCount: number,
  { ends, arms }: FrozenPredictions,
): (number | null)[] {
  const known = batches.flatMap(({ snapshot, segments }) => {
    const own = segments[segment]
    if (own === undefined || own.row.units === 0) return []
    const counts = own.tallies.map(({ units, sum, sumOfSquares }) => ({
      xx: Float64Array.of(units),
      xy: Float64Array.of(sum),
      yy: sumOfSquares,
    }))
    return [{ snapshot, meanPropensity: meanPropensities(own.row), arms: counts }]
  })
  return effectiveMoments(known, armCount, 1).map((moments, arm) =>
    arms[arm] === null ? null : predictedVariance(tallyOf(moments), ends),
  )
}

function activeOnly(active: readonly boolean[], value: (arm: number) => number): (number | null)[] {
  return active.map((isActive, arm) => (isActive ? value(arm) : null))
}
