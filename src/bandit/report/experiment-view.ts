// Everything that the page of an experiment shows on one metric: the report, the course that led
// there, and the beliefs as curves; all of one instant.

import type { Ledger } from '../../stats/ledger.ts'
import { differsByUnit, scoredLedger } from '../context/scored-ledger.ts'
import type { Experiment } from '../experiment/experiment.ts'
import { giveWay } from '../give-way.ts'
import { ledgerOf } from '../maturity.ts'
import { type BeliefCurves, beliefCurves } from './belief-curves.ts'
import { type ClassicalPlan, classicalPlan } from './classical-plan.ts'
import { courseOf, type Step } from './course.ts'
import { beliefsOf, buildReport } from './report.ts'
import type { Report } from './report-data.ts'
import type { ReportInput } from './report-input.ts'

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
}

/** As `buildReport`, which it includes. */
export async function buildListView(
  input: ReportInput,
  now: number,
  pause = giveWay,
): Promise<ListView & { readonly ledger: Ledger }> {
  const { experiment, metric, stored, sums } = input
  await pause()
  const ledger = ledgerOf(experiment, metric, stored, now)
  const course = courseOf(experiment.definition, metric, stored, ledger, sums.some(differsByUnit))
  return { experiment, report: await buildReport(input, now, pause), course, ledger }
}

/** As `buildListView`, which it includes. */
export async function buildExperimentView(input: ReportInput, now: number, pause = giveWay): Promise<ExperimentView> {
  const { experiment, report, course, ledger } = await buildListView(input, now, pause)
  await pause()
  const { definition } = experiment
  const { metric, stored, sums } = input
  const scored = scoredLedger(stored.snapshots, ledger, sums)
  return {
    experiment,
    report,
    course,
    plan: experiment.status === 'draft' ? classicalPlan(definition, report.metric) : null,
    beliefs: report.units === 0 ? null : beliefCurves(report, beliefsOf(definition, { metric, ledger, scored })),
  }
}
