// Everything that the page of an experiment shows on one metric: the report, the course that led
// there, the beliefs as curves, and the history. A snapshot of them all, as far as it was read at
// one moment.

import type { Ledger } from '../../stats/ledger.ts'
import type { LedgerStore, Store } from '../../store/port.ts'
import type { Change } from '../experiment/change.ts'
import { type Experiment, primaryMetricOf } from '../experiment/experiment.ts'
import { giveWay } from '../give-way.ts'
import { readKnownLedger } from '../known-ledger.ts'
import { ledgerOf } from '../maturity.ts'
import type { Metric } from '../metrics/metric.ts'
import { type BeliefCurves, beliefCurves } from './belief-curves.ts'
import { type ClassicalPlan, classicalPlan } from './classical-plan.ts'
import { courseOf, type Step } from './course.ts'
import { type Report, report } from './report.ts'

/** The report and the course that led there: as much as a list of experiments needs. */
export interface ListView {
  readonly experiment: Experiment
  readonly report: Report
  /** Oldest first. */
  readonly course: readonly Step[]
}

export interface ExperimentView extends ListView {
  /** Of a draft; null once it has begun. */
  readonly plan: ClassicalPlan | null
  readonly beliefs: BeliefCurves | null
  /** Oldest first. */
  readonly changes: readonly Change[]
}

/** So many arms are drawn at the most, besides the control: those that are most probably best. */
const MOST_DRAWN = 20

interface Subject {
  readonly experiment: Experiment
  /** The primary one unless named. */
  readonly metric?: Metric | undefined
}

export async function buildListView(
  { store }: { store: Pick<LedgerStore, 'readLedger'> },
  { experiment, metric = primaryMetricOf(experiment.definition) }: Subject,
  now: number,
): Promise<ListView & { readonly ledger: Ledger }> {
  const { definition } = experiment
  const stored = await readKnownLedger(store, experiment, metric)
  await giveWay()
  const ledger = ledgerOf(experiment, metric, stored, now)
  const course = courseOf(definition, metric, stored, ledger)
  return { experiment, report: await report({ store }, experiment, now, metric), course, ledger }
}

export async function buildExperimentView(
  { store }: { store: Pick<Store, 'readLedger' | 'findChanges'> },
  subject: Subject,
  now: number,
): Promise<ExperimentView> {
  const { experiment, report, course, ledger } = await buildListView({ store }, subject, now)
  await giveWay()
  const drawn = drawnArms(report)
  const intervals = report.arms.map(({ posterior }) => posterior)
  const { definition } = experiment
  return {
    experiment,
    report,
    course,
    plan: experiment.status === 'draft' ? classicalPlan(definition, report.metric) : null,
    beliefs:
      report.units === 0 ? null : beliefCurves(definition, report.metric, ledger, intervals, arm => drawn.has(arm)),
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
