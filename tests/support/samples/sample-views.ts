// ExperimentViews for the tests of the pages: of the sample reports, with a course, beliefs and a
// history made up from a seed.

import type { Experiment, Status } from '../../../src/bandit/experiment/experiment.ts'
import { classicalPlan } from '../../../src/bandit/report/classical-plan.ts'
import type { Step } from '../../../src/bandit/report/course.ts'
import type { ExperimentView } from '../../../src/bandit/report/experiment-view.ts'
import type { Report } from '../../../src/bandit/report/report-data.ts'

const CREATED_AT = Date.UTC(2026, 10, 1, 8)

export function sampleView(report: Report, random: () => number, steps = 12): ExperimentView {
  return {
    experiment: experimentOf(report),
    report,
    course: courseOf(report, random, steps),
    plan: report.status === 'draft' ? classicalPlan(experimentOf(report).definition, report.metric) : null,
    beliefs: beliefsOf(report, random),
  }
}

export function experimentOf({
  experiment,
  description,
  arms,
  control,
  metric,
  alpha,
  status,
  winner,
}: Report): Experiment {
  return {
    id: 1,
    definition: {
      key: experiment,
      description,
      arms: arms.map(({ arm, status }) => ({ key: arm, payload: null, retired: status === 'retired' })),
      control,
      metrics: [metric, { ...metric, key: 'other', role: 'secondary' }],
      policy: { type: 'thompson', exploration: 0.1, controlShare: null, prior: { alpha: 1, beta: 1 } },
      alpha,
      plannedUnits: 30_000,
    },
    salt: 'salt',
    status,
    version: 2,
    winner,
    createdAt: CREATED_AT,
    startedAt: status === 'draft' ? null : CREATED_AT,
    stoppedAt: status === 'stopped' ? CREATED_AT : null,
  }
}

export const STATUSES: readonly Status[] = ['draft', 'running', 'paused', 'stopped']

function courseOf({ arms, units: total }: Report, random: () => number, steps: number): Step[] {
  if (total === 0) return []
  let unitsBefore = 0
  let earned = 0
  return Array.from({ length: steps }, (_, place): Step => {
    const weights = arms.map(({ status }) => (status === 'retired' ? null : random() + 0.01))
    const sum = weights.reduce((all: number, weight) => all + (weight ?? 0), 0)
    const propensities = weights.map(weight => (weight === null ? null : weight / sum))
    const units = place === 3 ? 0 : Math.ceil(total / steps)
    const tallies = propensities.map(share => {
      const own = Math.floor(units * (share ?? 0))
      return { units: own, sum: own * random(), sumOfSquares: own }
    })
    for (const tally of tallies) earned += tally.sum
    const mature = place < steps - 1
    const gained = earned * (random() - 0.3)
    const step: Step = {
      snapshot: place + 1,
      reason: place === 0 ? 'start' : 'refresh',
      createdAt: CREATED_AT + 1_000 * place,
      propensities,
      tallies,
      mature,
      unitsBefore,
      units,
      gain: mature
        ? {
            snapshot: place + 1,
            units: unitsBefore + units,
            earned,
            from: 1,
            gained,
            lower: random() < 0.1 ? null : gained - earned * random(),
            upper: random() < 0.1 ? null : gained + earned * random(),
          }
        : null,
    }
    unitsBefore += units
    return step
  })
}

function beliefsOf({ arms }: Report, random: () => number): ExperimentView['beliefs'] {
  if (random() < 0.2) return null
  const points = Array.from({ length: 31 }, (_, place) => place / 31)
  return {
    points,
    densities: arms.map(() => (random() < 0.2 ? null : points.map(point => Math.exp(-((point - random()) ** 2))))),
  }
}
