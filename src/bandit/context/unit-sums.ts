// Sums the units of one snapshot: what they are learned from, and what reports are read from.
// context.md B.1, D.1, F.
import { estimandScore } from '../../stats/context/estimand-row.ts'
import type { OutcomeSums } from '../../stats/context/moments.ts'
import type { Predictions } from '../../stats/context/predictions.ts'
import { type ScoredUnit as Scored, scoreUnit } from '../../stats/context/score-row.ts'
import type { ScoredUnit, UnitSums } from '../../store/port.ts'
import type { Metric } from '../metrics/metric.ts'
import { outcomeOf } from '../metrics/outcome.ts'
import type { SnapshotRule } from './snapshot-rule.ts'
import { ContextPart, type MetricSums, OutcomePart, type SegmentSums, type SumsShape } from './sum-parts.ts'

export interface ScoredMetrics {
  readonly metrics: readonly Metric[]
  /** The place of the metric that has segments. */
  readonly primary: number
  /** The control's position. */
  readonly control: number
}

/** What of a frozen snapshot is needed to sum units. */
export type UnitRule = Pick<
  SnapshotRule,
  'armCount' | 'dimension' | 'segmentCount' | 'predictions' | 'isActive' | 'read' | 'propensitiesAt'
>

export function newUnitSums(rule: UnitRule, scored: ScoredMetrics): UnitSums {
  return new SummedUnits(rule, scored)
}

const ONE = Float64Array.of(1)

class SummedUnits implements UnitSums {
  readonly #rule: UnitRule
  readonly #scored: ScoredMetrics
  readonly #shape: SumsShape
  readonly #before: Float64Array
  readonly #after: Float64Array
  readonly #weights: Float64Array
  #contexts: ContextPart | null = null
  #outcomes: OutcomePart | null = null

  constructor(rule: UnitRule, scored: ScoredMetrics) {
    const { armCount, dimension, segmentCount } = rule
    this.#rule = rule
    this.#scored = scored
    this.#shape = {
      arms: armCount,
      control: scored.control,
      dimension,
      metrics: scored.metrics.length,
      segments: segmentCount,
    }
    this.#before = new Float64Array(armCount)
    this.#after = new Float64Array(armCount)
    this.#weights = new Float64Array(armCount)
  }

  get parts(): string[] {
    const contexts = this.#contexts === null ? [] : [ContextPart.part]
    return this.#outcomes === null ? contexts : [...contexts, OutcomePart.part]
  }

  addUnit({ arm, propensity, context }: ScoredUnit): void {
    const { x, segments } = this.#rule.read(context)
    const propensities = this.#rule.propensitiesAt(x)
    this.#contexts ??= new ContextPart(this.#shape)
    this.#contexts.arms[arm]?.add(x)
    this.#scored.metrics.forEach((metric, position) => {
      const outcome = outcomeOf(metric, 0)
      const unit = { x, arm, propensity, outcome }
      const { outcomes, row, policy } = this.#metric(position)
      const predictions = this.#predictions(position)
      scoreUnit(predictions, unit, this.#before)
      outcomes[arm]?.add(x, outcome)
      row.add(arm, this.#before, propensities)
      if (this.#hasPolicyRow) policy.add(this.#policyScore(predictions, unit, propensities))
      for (const own of this.#segmentsOf(position, segments)) {
        own.row.add(arm, this.#before, propensities)
        ofArm(own, arm).add(ONE, outcome)
      }
    })
  }

  moveUnit({ arm, propensity, context }: ScoredUnit, metricPosition: number, before: number, after: number): void {
    const metric = this.#scored.metrics[metricPosition] as Metric
    const [old, young] = [outcomeOf(metric, before), outcomeOf(metric, after)]
    if (old === young) return
    const { x, segments } = this.#rule.read(context)
    const unit = { x, arm, propensity }
    const { outcomes, row, policy } = this.#metric(metricPosition)
    const predictions = this.#predictions(metricPosition)
    scoreUnit(predictions, { ...unit, outcome: old }, this.#before)
    scoreUnit(predictions, { ...unit, outcome: young }, this.#after)
    outcomes[arm]?.move(x, old, young)
    row.move(arm, this.#before, this.#after)
    if (this.#hasPolicyRow) {
      const propensities = this.#rule.propensitiesAt(x)
      const { score } = this.#policyScore(predictions, { ...unit, outcome: old }, propensities)
      policy.move(score, this.#policyScore(predictions, { ...unit, outcome: young }, propensities).score)
    }
    for (const own of this.#segmentsOf(metricPosition, segments)) {
      own.row.move(arm, this.#before, this.#after)
      ofArm(own, arm).move(ONE, old, young)
    }
  }

  merged(part: string, stored: Uint8Array | null): Uint8Array {
    if (part === ContextPart.part) return this.#merge(this.#contexts, new ContextPart(this.#shape, stored))
    if (part === OutcomePart.part) return this.#merge(this.#outcomes, new OutcomePart(this.#shape, stored))
    throw new RangeError(`There are no sums "${part}"`)
  }

  #merge<Part extends { addAll(other: Part): void; stored(): Uint8Array }>(own: Part | null, sums: Part): Uint8Array {
    if (own !== null) sums.addAll(own)
    return sums.stored()
  }

  #metric(position: number): MetricSums {
    this.#outcomes ??= new OutcomePart(this.#shape)
    return this.#outcomes.metrics[position] as MetricSums
  }

  #segmentsOf(metricPosition: number, segments: readonly number[]): readonly SegmentSums[] {
    if (metricPosition !== this.#scored.primary) return []
    return segments.map(segment => this.#outcomes?.segments[segment] as SegmentSums)
  }

  #predictions(position: number): Predictions {
    return this.#rule.predictions[position] as Predictions
  }

  get #hasPolicyRow(): boolean {
    return this.#rule.isActive(this.#scored.control)
  }

  /** Of `c_a(x) = p(a | x) − 1{a = control}`. */
  #policyScore(predictions: Predictions, unit: Scored, propensities: Float64Array) {
    this.#weights.set(propensities)
    this.#weights[this.#scored.control] = (propensities[this.#scored.control] as number) - 1
    return estimandScore(predictions, unit, { weights: this.#weights, propensities, level: 0 })
  }
}

function ofArm({ outcomes }: SegmentSums, arm: number): OutcomeSums {
  return outcomes[arm] as OutcomeSums
}
