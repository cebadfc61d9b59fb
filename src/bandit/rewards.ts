// Takes in what happened to units. Each event is stored at most once for each experiment and
// metric, and counted in the same transaction if it falls into the unit's attribution window.

import type { AssignmentStore, RewardEntry } from '../store/port.ts'
import type { Catalogue, LiveExperiment, LiveMetric } from './catalogue.ts'
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
  const reached = rewards.map(reward => experimentsOf(deps.catalogue, reward, now))
  const entries = reached.flatMap((found, position) =>
    'status' in found ? [] : found.map(live => entryFor(live, rewards[position] as Reward, now)),
  )
  const statuses: StoredRewardStatus[] = []
  for (let from = 0; from < entries.length; from += MOST_ENTRIES)
    statuses.push(...(await deps.store.recordRewards(entries.slice(from, from + MOST_ENTRIES))))
  let next = 0
  return reached.map((found, position) => {
    if ('status' in found) {
      deps.metrics?.rejected(found.code)
      return found
    }
    const own = statuses.slice(next, next + found.length)
    next += found.length
    note(deps, rewards[position] as Reward, found, own)
    return resultOf(own)
  })
}

/**
 * So many rewards share a transaction: an event without an experiment is one for each that has its
 * metric.
 */
const MOST_ENTRIES = 500

/** An event that reaches several experiments has one answer: the first of these that it met. */
const PRECEDENCE = ['recorded', 'duplicate', 'late', 'unassigned'] as const satisfies readonly RewardStatus[]

function resultOf(statuses: readonly StoredRewardStatus[]): RewardResult {
  if (statuses.includes('clipped')) return { status: 'recorded', clipped: true }
  return { status: PRECEDENCE.find(status => statuses.includes(status)) ?? 'unassigned' }
}

/** Those in which a reward is to be recorded. */
function experimentsOf(catalogue: Catalogue, reward: Reward, now: number): readonly LiveExperiment[] | Rejection {
  const { metric, experiment, value, at = now } = reward
  if (!(Math.abs(value) <= MAX_REWARD_VALUE)) {
    return rejected('invalid_request', `value must be a finite number within ±${MAX_REWARD_VALUE}`)
  }
  if (at > now + CLOCK_TOLERANCE_MS) {
    return rejected('invalid_request', `at must not be in the future: it is ${new Date(at).toISOString()}`)
  }
  if (experiment === undefined) {
    const candidates = catalogue.withMetric(metric)
    if (candidates === undefined) return rejected('metric_not_found', `No experiment has a metric "${told(metric)}"`)
    return [...candidates].filter(live => mayStillCount(live, metric, at))
  }
  const live = catalogue.find(experiment)
  if (live === undefined) return rejected('experiment_not_found', `There is no experiment "${told(experiment)}"`)
  if (live.metrics.has(metric)) return [live]
  return rejected('metric_not_found', `Experiment "${told(experiment)}" has no metric "${told(metric)}"`)
}

/** A key that a sender made up, in a message. */
function told(key: string): string {
  if (key.length <= MAX_KEY_TOLD) return key
  // Joined anew: the engine would keep the whole key for as long as a slice of it.
  return `${Array.from(key.slice(0, MAX_KEY_TOLD - 1)).join('')}…`
}

const MAX_KEY_TOLD = 80

function entryFor(live: LiveExperiment, { metric: key, unit, value, id, at }: Reward, now: number): RewardEntry {
  const { position: metricPosition, metric, attribution } = metricOf(live, key)
  const experimentId = live.experiment.id
  const { scoring } = live
  const dated = { at: at ?? now, isDatedHere: at === undefined }
  const scored = scoring === null ? {} : { scoring }
  return { experimentId, metricPosition, metric, attribution, unit, value, ...dated, id: id ?? null, ...scored }
}

/** That of an experiment which is known to have it. */
function metricOf({ metrics }: LiveExperiment, key: string): LiveMetric {
  return metrics.get(key) as LiveMetric
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
 * Lets each experiment's growth and the metrics count along. An event that is nobody's counts once,
 * for the experiment that it names, if it names one.
 */
function note(
  { metrics }: Deps,
  { metric, experiment = '' }: Reward,
  reached: readonly LiveExperiment[],
  statuses: readonly StoredRewardStatus[],
): void {
  for (const [position, live] of reached.entries()) {
    const status = statuses[position] as StoredRewardStatus
    if (status !== 'unassigned') metrics?.rewarded(live.experiment.definition.key, metric, status)
    if (status !== 'recorded' && status !== 'clipped') continue
    if (metricOf(live, metric).metric.role === 'primary') live.growth.addRewards(1)
    else live.growth.addOtherRewards(1)
  }
  if (statuses.every(status => status === 'unassigned')) metrics?.rewarded(experiment, metric, 'unassigned')
}

function rejected(code: ErrorCode, message: string): Rejection {
  return { status: 'rejected', code, message }
}
