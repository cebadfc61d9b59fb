// Everything that the page of an experiment shows on one metric: the report, the course that led there, the beliefs as curves, and
// the history. A snapshot of them all, as far as it was read at one moment.
import { type BeliefCurves, beliefCurves } from './belief-curves.ts'
import type { Change } from './change.ts'
import { courseOf, type Step } from './course.ts'
import { type Experiment, primaryMetricOf } from './experiment.ts'
import { ledgerOf } from './maturity.ts'
import type { Metric } from './metric.ts'
import { type Report, report } from './report.ts'
import type { Store } from './store.ts'

export interface Portrait {
  readonly experiment: Experiment
  readonly report: Report
  /** Oldest first. */
  readonly course: readonly Step[]
  readonly beliefs: BeliefCurves | null
  /** Oldest first. */
  readonly changes: readonly Change[]
}

/** So many arms are drawn at the most, besides the control: those that are most probably best. */
export const MOST_DRAWN = 20

/** The portrait on `metric` (the primary one unless named) as of `now`. */
export async function portray(
  { store }: { store: Pick<Store, 'readLedger' | 'findChanges'> },
  experiment: Experiment,
  now: number,
  metric: Metric = primaryMetricOf(experiment.definition),
): Promise<Portrait> {
  const { definition } = experiment
  const facts = await report({ store }, experiment, now, metric)
  const stored = await store.readLedger(experiment.id, definition.metrics.indexOf(metric))
  const ledger = ledgerOf(experiment, metric, stored, now)
  const drawn = drawnArms(facts)
  const intervals = facts.arms.map(({ posterior }) => posterior)
  return {
    experiment,
    report: facts,
    course: courseOf(definition, metric, stored, ledger),
    beliefs: facts.units === 0 ? null : beliefCurves(definition, metric, ledger, intervals, arm => drawn.has(arm)),
    changes: await store.findChanges(experiment.id),
  }
}

/** Positions of the arms that are drawn. */
function drawnArms({ arms }: Report): ReadonlySet<number> {
  const byBelief = arms
    .map(({ probabilityBest, isControl }, arm) => ({ arm, rank: isControl ? 2 : (probabilityBest ?? -1) }))
    .sort((a, b) => b.rank - a.rank || a.arm - b.arm)
  return new Set(byBelief.slice(0, MOST_DRAWN + 1).map(({ arm }) => arm))
}
