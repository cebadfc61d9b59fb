// Takes in what happened to units. Each event is stored at most once for each experiment and
// metric, and counted in the same transaction if it falls into the unit's attribution window.

import type { AssignmentStore, RewardEntry } from '../store/port.ts'
import type { Catalogue, LiveExperiment } from './catalogue.ts'
import type { ErrorCode } from './errors.ts'
import type { Reward, RewardStatus, StoredRewardStatus } from './facts.ts'

export interface Rejection {
  readonly status: 'rejected'
  readonly code: ErrorCode
  readonly message: string
}

/**
 * `clipped`: it was counted, and the unit's total then lies outside the metric's range, in one
 * experiment at least.
 */
export type RewardResult = { readonly status: RewardStatus; readonly clipped?: true } | Rejection

interface Deps {
  readonly catalogue: Catalogue
  readonly store: Pick<AssignmentStore, 'recordRewards'>
  /** Counts along, for anyone who watches the service. */
  readonly metrics?: {
    rewarded(experiment: string, metric: string, status: StoredRewardStatus): void
    rejected(code: ErrorCode): void
  }
}

/**
 * A clock that runs ahead of ours by up to this is forgiven; a date beyond is a mistake, and would
 * count for ever.
 */
const CLOCK_TOLERANCE_MS = 5 * 60_000

/** Values beyond this are a mistake. */
export const MAX_REWARD_VALUE = 1e12

/**
 * What became of each event, in their order. Good events are recorded whatever is wrong with others
 * of the same call.
 */
export async function recordRewards(deps: Deps, rewards: readonly Reward[], now: number): Promise<RewardResult[]> {
  const plans = rewards.map(reward => plan(deps.catalogue, reward, now))
  const steps = plans.flatMap(planned => ('steps' in planned ? planned.steps : []))
  const statuses: StoredRewardStatus[] = []
  for (let from = 0; from < steps.length; from += MAX_STEPS) {
    const entries = steps.slice(from, from + MAX_STEPS).map(step => step.entry)
    statuses.push(...(await deps.store.recordRewards(entries)))
  }
  noteGrowth(steps, statuses)
  let next = 0
  return plans.map((planned, position) => {
    if (!('steps' in planned)) {
      deps.metrics?.rejected(planned.code)
      return planned
    }
    const own = statuses.slice(next, next + planned.steps.length)
    next += planned.steps.length
    if (deps.metrics !== undefined) meter(deps.metrics, rewards[position] as Reward, planned.steps, own)
    return resultOf(own)
  })
}

/**
 * So many rewards share a transaction: an event without an experiment is one for each that has its
 * metric.
 */
const MAX_STEPS = 500

/** An event that reaches several experiments has one answer: the first of these that it met. */
const PRECEDENCE = ['recorded', 'duplicate', 'late', 'unassigned'] as const satisfies readonly RewardStatus[]

function resultOf(statuses: readonly StoredRewardStatus[]): RewardResult {
  if (statuses.includes('clipped')) return { status: 'recorded', clipped: true }
  return { status: PRECEDENCE.find(status => statuses.includes(status)) ?? 'unassigned' }
}

interface Step {
  readonly live: LiveExperiment
  readonly entry: RewardEntry
}

function plan(catalogue: Catalogue, reward: Reward, now: number): { readonly steps: Step[] } | Rejection {
  const at = reward.at ?? now
  if (!(Math.abs(reward.value) <= MAX_REWARD_VALUE)) {
    return rejected('invalid_request', `value must be a finite number within ±${MAX_REWARD_VALUE}`)
  }
  if (at > now + CLOCK_TOLERANCE_MS) {
    return rejected('invalid_request', `at must not be in the future: it is ${new Date(at).toISOString()}`)
  }
  if (reward.experiment !== undefined) {
    const live = catalogue.find(reward.experiment)
    if (live === undefined)
      return rejected('experiment_not_found', `There is no experiment "${told(reward.experiment)}"`)
    const step = stepFor(live, reward, at)
    if (step !== null) return { steps: [step] }
    return rejected(
      'metric_not_found',
      `Experiment "${told(reward.experiment)}" has no metric "${told(reward.metric)}"`,
    )
  }
  const candidates = catalogue.withMetric(reward.metric)
  if (candidates === undefined)
    return rejected('metric_not_found', `No experiment has a metric "${told(reward.metric)}"`)
  return {
    steps: [...candidates].flatMap(live =>
      mayStillCount(live, reward.metric, at) ? (stepFor(live, reward, at) ?? []) : [],
    ),
  }
}

/** A key that a sender made up, in a message. */
function told(key: string): string {
  if (key.length <= MAX_KEY_TOLD) return key
  // Joined anew: the engine would keep the whole key for as long as a slice of it.
  return `${Array.from(key.slice(0, MAX_KEY_TOLD - 1)).join('')}…`
}

const MAX_KEY_TOLD = 80

function stepFor(live: LiveExperiment, { metric: key, unit, value, id, at: dated }: Reward, at: number): Step | null {
  const found = live.metrics.get(key)
  if (found === undefined) return null
  const { position: metricPosition, metric, attribution } = found
  const experimentId = live.experiment.id
  const isDatedHere = dated === undefined
  return {
    live,
    entry: { experimentId, metricPosition, metric, attribution, unit, value, at, isDatedHere, id: id ?? null },
  }
}

/**
 * False for a draft, which has no units, and for a stopped experiment all of whose windows had
 * closed by then.
 */
function mayStillCount({ experiment, metrics }: LiveExperiment, metric: string, at: number): boolean {
  if (experiment.status === 'draft') return false
  if (experiment.stoppedAt === null) return true
  return at <= experiment.stoppedAt + (metrics.get(metric)?.attribution.windowMs ?? 0)
}

/**
 * In each experiment that has the unit; an event that is nobody's counts once, for the experiment
 * it names, if it names one.
 */
function meter(
  metrics: NonNullable<Deps['metrics']>,
  { metric, experiment = '' }: Reward,
  steps: readonly Step[],
  statuses: readonly StoredRewardStatus[],
): void {
  let isAnyones = false
  for (const [position, { live }] of steps.entries()) {
    const status = statuses[position] as StoredRewardStatus
    if (status === 'unassigned') continue
    isAnyones = true
    metrics.rewarded(live.experiment.definition.key, metric, status)
  }
  if (!isAnyones) metrics.rewarded(experiment, metric, 'unassigned')
}

function noteGrowth(steps: readonly Step[], statuses: readonly StoredRewardStatus[]): void {
  for (const [position, { live, entry }] of steps.entries()) {
    const status = statuses[position]
    if (status !== 'recorded' && status !== 'clipped') continue
    if (entry.metric.role === 'primary') live.growth.addRewards(1)
    else live.growth.addOtherRewards(1)
  }
}

function rejected(code: ErrorCode, message: string): Rejection {
  return { status: 'rejected', code, message }
}
