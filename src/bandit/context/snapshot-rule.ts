// What a snapshot of an experiment with features freezes, as it is kept: everything that is needed
// to draw a unit, to recompute its draw, and to score it, without looking elsewhere. Another
// process may have appended a feature a moment ago, so the features are part of it.

import type { FrozenContext } from '../../stats/context/freeze-snapshot.ts'
import { ARITHMETIC, ContextRule } from '../../stats/context/frozen-rule.ts'
import { Predictions } from '../../stats/context/predictions.ts'
import { encode } from '../features/encode.ts'
import { dimensionOf, type Feature } from '../features/feature.ts'
import { type KeptContext, type KeptValue, keepContext } from '../features/keep-context.ts'
import { segmentLevelCount, segmentsOfUnit } from '../features/segment.ts'

export interface FrozenSnapshot extends FrozenContext {
  /** Those that there were when it was taken. */
  readonly features: readonly Feature[]
  /** The snapshot's own; of a rule those of a unit that is missing every feature. */
  readonly propensities: readonly (number | null)[]
}

export function ruleText(frozen: FrozenSnapshot): string {
  return JSON.stringify(frozen)
}

export function parseRule(text: string): SnapshotRule {
  return new SnapshotRule(JSON.parse(text) as FrozenSnapshot)
}

/** A unit's kept context, as the row of numbers that is read and as the segments that it is in. */
export interface ReadContext {
  readonly x: Float64Array
  /** The numbers of its segments, see segment.ts. */
  readonly segments: readonly number[]
}

/** A frozen snapshot made ready. */
export class SnapshotRule {
  readonly features: readonly Feature[]
  /** d, the columns of x. */
  readonly dimension: number
  readonly segmentCount: number
  /** By metric. */
  readonly predictions: readonly Predictions[]
  /** Propensities of a unit's own, recomputed here, are those of its draw. */
  readonly isReproducible: boolean
  readonly #rule: ContextRule | null
  /** By arm; 0 where it is not active. */
  readonly #shares: Float64Array

  constructor({ features, propensities, rule, predictions }: FrozenSnapshot) {
    this.features = features
    this.dimension = dimensionOf(features)
    this.segmentCount = segmentLevelCount(features)
    this.predictions = predictions.map(frozen => new Predictions(frozen))
    this.isReproducible = rule === null || rule.arithmetic === ARITHMETIC
    this.#rule = rule === null ? null : new ContextRule(rule)
    this.#shares = Float64Array.from(propensities, share => share ?? 0)
  }

  /** Those of the arms that there were when the snapshot was taken, active or not. */
  get armCount(): number {
    return this.#shares.length
  }

  /** Whether a unit's propensities depend on its context. */
  get readsContext(): boolean {
    return this.#rule !== null
  }

  isActive(arm: number): boolean {
    return (this.#shares[arm] ?? 0) > 0
  }

  /** What is kept of a context as it came, and what is wrong with it. */
  keep(context: unknown): KeptContext {
    return keepContext(this.features, context, Buffer.byteLength(JSON.stringify(context) ?? ''))
  }

  xOf(kept: readonly KeptValue[]): Float64Array {
    return encode(this.features, kept, this.dimension)
  }

  /** Reads what was kept as text; null: every feature is missing. */
  read(context: string | null): ReadContext {
    const kept = context === null ? [] : (JSON.parse(context) as readonly KeptValue[])
    return { x: this.xOf(kept), segments: this.segmentCount === 0 ? [] : segmentsOfUnit(this.features, kept) }
  }

  /** By position of the arm, 0 where it is not active; it holds until the next call. */
  propensitiesAt(x: Float64Array): Float64Array {
    return this.#rule === null ? this.#shares : this.#rule.propensitiesAt(x)
  }
}
