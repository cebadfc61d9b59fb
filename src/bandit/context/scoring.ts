// Scores the units of an experiment with features, for a store that has their facts: the rules that
// snapshots froze, and sums under each.

import type { Scoring, UnitSums } from '../../store/port.ts'
import { controlOf, type Definition, primaryMetricOf } from '../experiment/experiment.ts'
import { parseRule, type SnapshotRule } from './snapshot-rule.ts'
import { newUnitSums, type ScoredMetrics } from './unit-sums.ts'

/** Rewards come for many snapshots; a rule may have 100 KB. */
const MOST_RULES = 64

/** Metrics and control, which are frozen once the experiment was started. */
export class ExperimentScoring implements Scoring {
  readonly #scored: ScoredMetrics
  /** The one that was used last comes last. */
  readonly #rules = new Map<number, SnapshotRule>()

  constructor(definition: Definition) {
    this.#scored = scoredMetricsOf(definition)
  }

  knows(snapshot: number): boolean {
    return this.#rules.has(snapshot)
  }

  give(snapshot: number, rule: string): void {
    this.take(snapshot, parseRule(rule))
  }

  /** A rule that was parsed already. */
  take(snapshot: number, rule: SnapshotRule): void {
    this.#rules.delete(snapshot)
    this.#rules.set(snapshot, rule)
    if (this.#rules.size <= MOST_RULES) return
    for (const [oldest] of this.#rules) {
      this.#rules.delete(oldest)
      return
    }
  }

  newSums(snapshot: number): UnitSums {
    const rule = this.#rules.get(snapshot)
    if (rule === undefined) throw new TypeError(`The rule of snapshot ${snapshot} was not given`)
    this.take(snapshot, rule)
    return newUnitSums(rule, this.#scored)
  }
}

export function scoredMetricsOf(definition: Definition): ScoredMetrics {
  const { metrics } = definition
  return { metrics, primary: metrics.indexOf(primaryMetricOf(definition)), control: controlOf(definition) }
}
