// What can be announced about an experiment: subjects with their states. Pure; monitor.ts compares
// them with the last announced states.

import type { Experiment } from '../bandit/experiment/experiment.ts'
import { exposuresOf } from '../bandit/report/exposure.ts'
import type { Report } from '../bandit/report/report-data.ts'
import type { ReportInput } from '../bandit/report/report-input.ts'
import type { Evidence, Interval } from '../stats/sequences/confidence-sequence.ts'
import type { Announcement, EventType } from './webhook.ts'

export interface Observation {
  /** The subject, within the experiment. */
  readonly subject: string
  readonly state: string
  /** The state of a subject before its first announcement. */
  readonly quiet: string
  /**
   * Every change, not only one to the quiet state, is announced at the earliest ten minutes after
   * the last one.
   */
  readonly isUnhurried?: true
  /** The announcement when the state has changed to this; null: none, it is only stored. */
  readonly event: { readonly type: EventType; readonly details: Readonly<Record<string, unknown>> } | null
}

/** By subject. */
export type Announced = ReadonlyMap<string, Announcement>

/** Of an experiment that has been started, on its primary metric. */
export function observationsOf(
  { experiment, stored }: ReportInput,
  report: Report,
  announced: Announced,
): Observation[] {
  const { definition } = experiment
  const stateOf = (subject: string) => announced.get(subject)?.state
  const observations = [
    ...advice(report, stateOf),
    ...verdicts(report, stateOf),
    ...harms(experiment, report),
    ratio(report),
  ]
  // Without new units, neither starvation nor silence means anything; their announced states stay.
  if (experiment.status !== 'running') return observations
  for (const { arm, isStarved, units, of } of exposuresOf(
    definition,
    stored,
    arm => stateOf(`starved/${arm}`) === 'starved',
  )) {
    const propensity = report.arms.find(each => each.arm === arm)?.propensity ?? null
    const details = { arm, units, of, propensity }
    observations.push(observe(`starved/${arm}`, isStarved, ['fed', 'starved'], { type: 'arm.starved', details }))
  }
  const { silence, metric } = report
  const details = silence === null ? {} : { metric: metric.key, ...silence, since: instant(silence.since) }
  observations.push(observe('rewards', silence !== null, ['heard', 'silent'], { type: 'rewards.silent', details }))
  return observations
}

/** A stop is announced once for each named winner. */
export function stopOf({ winner, stoppedAt, status }: Experiment): Observation[] {
  if (status !== 'stopped' || stoppedAt === null) return []
  const event = { type: 'experiment.stopped', details: { winner, stoppedAt: instant(stoppedAt) } } as const
  return [{ subject: 'stop', state: `stopped/${winner ?? ''}`, quiet: 'going on', event }]
}

/** The recommendation of the report, whenever its action or its arms change. */
function advice({ recommendation }: Report, stateOf: (subject: string) => string | undefined): Observation[] {
  if (recommendation === null) return []
  const subject = 'recommendation'
  const { action, arms } = recommendation
  const before = (stateOf(subject) ?? WAITING).split(' ')[0]
  const event = { type: 'recommendation', details: { before, ...recommendation } } as const
  return [{ subject, state: [action, ...arms].join(' '), quiet: WAITING, isUnhurried: true, event }]
}

/** The state of an experiment whose recommendation was never anything else. */
const WAITING = 'continue'

function verdicts(
  { arms, metric, recommendation }: Report,
  stateOf: (subject: string) => string | undefined,
): Observation[] {
  return arms.flatMap(({ arm, lift }) => {
    if (lift === null) return []
    const { verdict } = lift
    const subject = `verdict/${arm}`
    const before = stateOf(subject) ?? 'undecided'
    const details = { metric: metric.key, arm, before, verdict, lift: liftOf(lift), recommendation }
    return [{ subject, state: verdict, quiet: 'undecided', event: { type: 'verdict', details } as const }]
  })
}

function harms({ definition, status }: Experiment, { guardrails }: Report): Observation[] {
  return guardrails.map(({ metric, arm, margin, verdict, lift }) => {
    const isRetired = definition.arms.some(each => each.key === arm && each.retired)
    const outcome = { armStatus: isRetired ? 'retired' : 'active', experimentStatus: status }
    const details = {
      metric: metric.key,
      arm,
      margin,
      lift: liftOf(lift),
      onHarm: definition.onHarm ?? null,
      ...outcome,
    }
    const event = { type: 'guardrail.harmed', details } as const
    return observe(`guardrail/${metric.key}/${arm}`, verdict === 'harmed', ['unharmed', 'harmed'], event)
  })
}

function ratio({ sampleRatio }: Report): Observation {
  const { pValue, logEValue } = sampleRatio
  const event = { type: 'sample-ratio.alarm', details: { pValue, logEValue } } as const
  return observe('sample-ratio', sampleRatio.status === 'alarm', ['ok', 'alarm'], event)
}

/** A subject with a quiet state, which is not announced. */
function observe(
  subject: string,
  isLoud: boolean,
  [quiet, loud]: readonly [quiet: string, loud: string],
  event: NonNullable<Observation['event']>,
): Observation {
  return isLoud ? { subject, state: loud, quiet, event } : { subject, state: quiet, quiet, event: null }
}

function liftOf({ estimate, lower, upper, level, logEValue, pValue }: Interval & Evidence) {
  return { estimate, lower, upper, level, logEValue, pValue }
}

/** RFC 3339 in UTC, as in the API. */
function instant(at: number): string {
  return new Date(at).toISOString()
}
