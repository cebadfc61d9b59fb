// What may change of an experiment, and when: the rules of its life. Pure: from the experiment as
// it is and what is asked to the experiment as it shall be, or a refusal that says what to do
// instead.

import { BanditError, type Fault } from '../errors.ts'
import { featureChangeFaults } from '../features/change-features.ts'
import { type Difference, differences } from './difference.ts'
import type { Definition, Experiment, Status } from './experiment.ts'

export type Action = 'created' | 'changed' | 'started' | 'paused' | 'stopped'

/** One entry of the history. */
export interface Change {
  readonly version: number
  /** An instant, ms since 1970. */
  readonly at: number
  /** Who: the name of the key that asked, or `anonymous` on an open service. */
  readonly actor: string
  readonly action: Action
  /** Why, in a sentence, where Pinwheel did it by itself; null where somebody asked for it. */
  readonly reason: string | null
  readonly changes: readonly Difference[]
}

/** The fields that a change may touch; the store keeps the rest as it is. */
export type ExperimentState = Pick<Experiment, 'definition' | 'status' | 'winner' | 'startedAt' | 'stoppedAt'>

/**
 * The experiment under a new definition; null when nothing would change. A draft may change in
 * everything; later the arms keep their positions, and what the inference rests on is frozen.
 *
 * @throws BanditError `experiment_frozen`, naming every field that cannot change.
 */
export function redefine(experiment: Experiment, wanted: Definition): ExperimentState | null {
  const { definition, status } = experiment
  if (status === 'draft') return differs(definition, wanted) ? { ...experiment, definition: wanted } : null
  const next = { ...wanted, arms: inKeptOrder(definition.arms, wanted.arms) }
  if (!differs(definition, next)) return null
  const faults = status === 'stopped' ? stoppedFaults(definition, next) : frozenFaults(definition, wanted)
  if (faults.length === 0) return { ...experiment, definition: next }
  throw new BanditError('experiment_frozen', `Cannot change experiment "${definition.key}": it is ${status}`, faults)
}

/**
 * The experiment started (again), paused or stopped; null when it is so already. `winner` left out
 * keeps the one that was named.
 *
 * @throws BanditError `invalid_transition`, or `arm_not_found` for a winner that is no arm.
 */
export function transition(
  experiment: ExperimentState,
  to: Exclude<Status, 'draft'>,
  now: number,
  winner: string | null = experiment.winner,
): ExperimentState | null {
  const { status, definition } = experiment
  if (!POSSIBLE[to].includes(status)) {
    const from = POSSIBLE[to].filter(possible => possible !== to).join(' or ')
    const message = `Cannot ${VERBS[to]} experiment "${definition.key}": it is ${status}, and only a ${from} one can be ${to}`
    throw new BanditError('invalid_transition', message)
  }
  if (winner !== null && definition.arms.every(arm => arm.key !== winner)) {
    const arms = definition.arms.map(arm => arm.key).join(', ')
    throw new BanditError('arm_not_found', `Experiment "${definition.key}" has no arm "${winner}"`, [
      { path: 'winner', message: `must be one of its arms: ${arms}` },
    ])
  }
  if (status === to && (to !== 'stopped' || winner === experiment.winner)) return null
  return {
    definition,
    status: to,
    winner,
    startedAt: experiment.startedAt ?? now,
    stoppedAt: to === 'stopped' ? (experiment.stoppedAt ?? now) : null,
  }
}

/** The history's entry for a change from one state (null: from nothing) to the next. */
export function changeBetween(
  before: Experiment | null,
  after: ExperimentState,
  { reason = null, ...entry }: { action: Action; at: number; actor: string; reason?: string | null | undefined },
): Change {
  const [old, young] = [before === null ? {} : visible(before), visible(after)]
  return { version: (before?.version ?? 0) + 1, ...entry, reason, changes: differences(old, young) }
}

const POSSIBLE: Readonly<Record<Exclude<Status, 'draft'>, readonly Status[]>> = {
  running: ['draft', 'paused', 'running'],
  paused: ['running', 'paused'],
  stopped: ['running', 'paused', 'stopped'],
}

const VERBS = { running: 'start', paused: 'pause', stopped: 'stop' } as const satisfies Record<
  Exclude<Status, 'draft'>,
  string
>

function visible({ definition, status, winner }: ExperimentState) {
  return { ...definition, status, winner }
}

function differs(before: Definition, after: Definition): boolean {
  return differences(before, after).length > 0
}

/** The wanted items in the order of those that are kept, and then the new ones. */
function inKeptOrder<Item extends { readonly key: string }>(kept: readonly Item[], wanted: readonly Item[]): Item[] {
  const known = new Set(kept.map(item => item.key))
  const ordered = kept.flatMap(old => wanted.filter(item => item.key === old.key))
  return [...ordered, ...wanted.filter(item => !known.has(item.key))]
}

function frozenFaults(definition: Definition, wanted: Definition): Fault[] {
  const faults: Fault[] = []
  for (const arm of definition.arms) {
    if (wanted.arms.some(other => other.key === arm.key)) continue
    const message = `the arm "${arm.key}" has units and cannot be taken out; to give it no new ones, set "retired": true`
    faults.push({ path: 'arms', message })
  }
  const metrics = inKeptOrder(definition.metrics, wanted.metrics)
  const frozen = [
    ['metrics', definition.metrics, metrics],
    ['control', definition.control, wanted.control],
    ['alpha', definition.alpha, wanted.alpha],
    ['policy.prior', definition.policy.prior, wanted.policy.prior],
    ['plannedUnits', definition.plannedUnits, wanted.plannedUnits],
    ['adjust', definition.adjust, wanted.adjust],
  ] as const
  for (const [path, before, after] of frozen) {
    faults.push(...differences(before, after, path).map(frozenFault))
  }
  if (definition.features !== undefined) {
    faults.push(...featureChangeFaults(definition.features, wanted.features ?? []))
  } else if (wanted.features !== undefined) {
    faults.push({ path: 'features', message: `were not there ${AT_THE_START}` })
  }
  if (differences(metrics, wanted.metrics).some(({ path }) => path === '')) {
    faults.push({ path: 'metrics', message: `keep the order that they had ${AT_THE_START}` })
  }
  return faults
}

const AT_THE_START = 'when the experiment was started; stop it and create a new one instead'

function frozenFault({ path, before, after }: Difference): Fault {
  if (before === undefined) return { path, message: `was not there ${AT_THE_START}` }
  if (after === undefined) return { path, message: `cannot be left out, since it was there ${AT_THE_START}` }
  const message = `is frozen at ${JSON.stringify(before)} since the experiment was started, and cannot become ${JSON.stringify(after)}; stop it and create a new one instead`
  return { path, message }
}

function stoppedFaults(definition: Definition, next: Definition): Fault[] {
  return differences(definition, next).map(({ path }) => ({
    path,
    message: 'cannot change any more; create a new experiment instead',
  }))
}
