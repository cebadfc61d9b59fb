// What is worth telling of an experiment as it stands: subjects with their states. Pure; monitor.ts
// compares them with what was announced last.

import type { Experiment } from '../bandit/experiment/experiment.ts'
import { exposuresOf } from '../bandit/report/exposure.ts'
import type { Report } from '../bandit/report/report.ts'
import { silenceOf } from '../bandit/report/silence.ts'
import type { Evidence, Interval } from '../stats/sequences/confidence-sequence.ts'
import type { StoredLedger } from '../store/port.ts'
import type { Announcement, EventType } from './webhook.ts'

export interface Observation {
  /** What it is about, within the experiment. */
  readonly subject: string
  readonly state: string
  /** The state of a subject of which nothing was announced yet. */
  readonly quiet: string
  /**
   * Every change, and not only one to the quiet state, is told ten minutes after the last one at
   * the earliest.
   */
  readonly isUnhurried?: true
  /** What to tell when the state has changed to this; null: nothing, it is only noted. */
  readonly event: { readonly type: EventType; readonly details: Readonly<Record<string, unknown>> } | null
}

/** By subject. */
export type Announced = ReadonlyMap<string, Announcement>

/** Of an experiment that has been started. `facts` are those of the primary metric. */
export function observationsOf(
  experiment: Experiment,
  facts: { readonly report: Report; readonly stored: StoredLedger },
  announced: Announced,
  now: number,
): Observation[] {
  const { definition } = experiment
  const stateOf = (subject: string) => announced.get(subject)?.state
  const observations = [
    ...advice(facts.report, stateOf),
    ...verdicts(facts.report, stateOf),
    ...harms(experiment, facts.report),
    ratio(facts.report),
  ]
  // Where no unit comes, neither hunger nor silence means anything; whatever was announced of them
  // stays as it is.
  if (experiment.status !== 'running') return observations
  const wasStarved = (arm: string) => stateOf(`starved/${arm}`) === 'starved'
  for (const { arm, isStarved, units, of } of exposuresOf(definition, facts.stored, wasStarved)) {
    const propensity = facts.report.arms.find(each => each.arm === arm)?.propensity ?? null
    const details = { arm, units, of, propensity }
    observations.push(observe(`starved/${arm}`, isStarved, ['fed', 'starved'], { type: 'arm.starved', details }))
  }
  const silence = silenceOf(facts.stored, now)
  const details = silence === null ? {} : { metric: facts.report.metric.key, ...silence, since: instant(silence.since) }
  observations.push(observe('rewards', silence !== null, ['heard', 'silent'], { type: 'rewards.silent', details }))
  return observations
}

/** A stop is told once for each winner that is named. */
export function stopOf({ winner, stoppedAt, status }: Experiment): Observation[] {
  if (status !== 'stopped' || stoppedAt === null) return []
  const event = { type: 'experiment.stopped', details: { winner, stoppedAt: instant(stoppedAt) } } as const
  return [{ subject: 'stop', state: `stopped/${winner ?? ''}`, quiet: 'going on', event }]
}

/** The very recommendation of the report, whenever it changes its action or its arms. */
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
    const armStatus = definition.arms.some(each => each.key === arm && each.retired) ? 'retired' : 'active'
    const measured = { metric: metric.key, arm, margin, lift: liftOf(lift) }
    const details = { ...measured, onHarm: definition.onHarm ?? null, armStatus, experimentStatus: status }
    const event = { type: 'guardrail.harmed', details } as const
    return observe(`guardrail/${metric.key}/${arm}`, verdict === 'harmed', ['unharmed', 'harmed'], event)
  })
}

function ratio({ sampleRatio }: Report): Observation {
  const { pValue, logEValue } = sampleRatio
  const event = { type: 'sample-ratio.alarm', details: { pValue, logEValue } } as const
  return observe('sample-ratio', sampleRatio.status === 'alarm', ['ok', 'alarm'], event)
}

/** A subject that is quiet or not; only what is not is told. */
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

/** As on every wire: RFC 3339 in UTC. */
function instant(at: number): string {
  return new Date(at).toISOString()
}
