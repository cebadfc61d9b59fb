// Where the experiments stand, for /metrics. Nothing is computed here: the policy comes from the
// catalogue, and the evidence from the monitor's latest report, so a scrape costs microseconds an
// arm whatever the ledger holds.
import type { LiveExperiment } from '../../bandit/catalogue.ts'
import { STATUSES } from '../../bandit/experiment/experiment.ts'
import type { ArmReport, Report } from '../../bandit/report/report-data.ts'
import type { Verdict } from '../../stats/lift/lift.ts'
import type { Context } from '../context.ts'
import type { Family, Sample } from './exposition.ts'

/**
 * Beyond so many arms, in all experiments together, those of the oldest experiments are left out.
 */
export const MAX_ARMS_SHOWN = 2_000

interface Shown {
  readonly live: LiveExperiment
  readonly report: Report | null
  readonly showsArms: boolean
}

/** Only experiments that run or are paused have series of their own. */
export function experimentFamilies({ catalogue, monitor, now }: Context): Family[] {
  const all = catalogue.all()
  const shown = shownOf(all, experiment => monitor.latest(experiment))
  const instant = now()
  const each = (name: string, help: string, read: (one: Shown) => number | null | undefined): Family =>
    gauge(
      name,
      help,
      shown.flatMap(one => sampleOf({ experiment: one.live.experiment.definition.key }, read(one))),
    )
  return [
    gauge(
      'pinwheel_experiments',
      'Experiments by status',
      STATUSES.map(status => ({
        labels: { status },
        value: all.filter(({ experiment }) => experiment.status === status).length,
      })),
    ),
    each('pinwheel_experiment_units', 'Units assigned so far', ({ live }) => live.growth.size.units),
    each(
      'pinwheel_experiment_rewards',
      'Rewards of the primary metric counted so far',
      ({ live }) => live.growth.size.rewards,
    ),
    each('pinwheel_snapshot_number', 'Number of the current snapshot', ({ live }) => live.snapshot?.number),
    each('pinwheel_snapshot_age_seconds', 'Age of the current snapshot', ({ live }) =>
      live.snapshot === null ? null : (instant - live.snapshot.createdAt) / 1_000,
    ),
    each('pinwheel_report_age_seconds', 'Age of the report that the gauges of evidence come from', ({ report }) =>
      report === null ? null : (instant - report.generatedAt) / 1_000,
    ),
    each(
      'pinwheel_sample_ratio_log_e_value',
      'ln e against "the arms got the units that their propensities promised"; 6.9 is an alarm',
      ({ report }) => report?.sampleRatio.logEValue,
    ),
    gauge(
      'pinwheel_recommendation',
      '1 for the action that the report recommends now',
      shown.flatMap(({ live: { experiment }, report }) => {
        const { action } = report?.recommendation ?? {}
        return action === undefined ? [] : [{ labels: { experiment: experiment.definition.key, action }, value: 1 }]
      }),
    ),
    ...armFamilies(shown),
    gauge('pinwheel_arms_left_out', 'Arms without series of their own, because there are too many', [
      { value: armCount(shown.filter(({ showsArms }) => !showsArms)) },
    ]),
  ]
}

function armFamilies(shown: readonly Shown[]): Family[] {
  const withArms = shown.filter(({ showsArms }) => showsArms)
  const propensities = withArms.flatMap(({ live: { experiment, snapshot } }) =>
    experiment.definition.arms.flatMap(({ key }, arm) => {
      const propensity = experiment.status === 'running' ? snapshot?.propensities[arm] : null
      return sampleOf({ experiment: experiment.definition.key, arm: key }, propensity)
    }),
  )
  const each = (name: string, help: string, read: (arm: ArmReport) => number | null | undefined): Family =>
    gauge(
      name,
      help,
      withArms.flatMap(({ report }) =>
        (report?.arms ?? []).flatMap(arm =>
          sampleOf({ experiment: report?.experiment ?? '', arm: arm.arm }, read(arm)),
        ),
      ),
    )
  const harms = withArms.flatMap(({ report }) =>
    (report?.guardrails ?? []).map(({ metric, arm, verdict }) => ({
      labels: { experiment: report?.experiment ?? '', arm, metric: metric.key },
      value: verdict === 'harmed' ? 1 : 0,
    })),
  )
  return [
    gauge('pinwheel_arm_propensity', 'Share of new units that an arm gets now', propensities),
    each('pinwheel_arm_probability_best', 'P(best): what the policy believes; no evidence', arm => arm.probabilityBest),
    each(
      'pinwheel_arm_lift_log_e_value',
      'ln e against "no lift" on the primary metric, valid at every look',
      arm => arm.lift?.logEValue,
    ),
    each('pinwheel_arm_verdict', '1 better than the control, -1 worse, 0 undecided', arm =>
      arm.lift === null ? null : VERDICTS[arm.lift.verdict],
    ),
    gauge('pinwheel_guardrail_harmed', '1 where an arm harms a guardrail by more than its margin', harms),
  ]
}

const VERDICTS = { better: 1, worse: -1, undecided: 0 } as const satisfies Record<Verdict, number>

function shownOf(
  all: readonly LiveExperiment[],
  latest: (experiment: LiveExperiment['experiment']) => Report | null,
): Shown[] {
  let arms = 0
  return all
    .filter(({ experiment }) => experiment.status === 'running' || experiment.status === 'paused')
    .toReversed()
    .map(live => {
      arms += live.experiment.definition.arms.length
      return { live, report: latest(live.experiment), showsArms: arms <= MAX_ARMS_SHOWN }
    })
}

function armCount(shown: readonly Shown[]): number {
  return shown.reduce((sum, { live }) => sum + live.experiment.definition.arms.length, 0)
}

function gauge(name: string, help: string, samples: readonly Sample[]): Family {
  return { name, type: 'gauge', help, samples }
}

/** None where there is no number yet. */
function sampleOf(labels: Readonly<Record<string, string>>, value: number | null | undefined): Sample[] {
  return value == null ? [] : [{ labels, value }]
}
