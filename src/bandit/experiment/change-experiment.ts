// Creates experiments and changes them: each change makes a new version, an entry of history and,
// while the experiment runs, a snapshot, all at once or not at all.

import type { Store } from '../../store/port.ts'
import { type Catalogue, growthOf } from '../catalogue.ts'
import { BanditError } from '../errors.ts'
import { type FollowDeps, followStore } from '../follow-store.ts'
import { readKnownLedger } from '../known-ledger.ts'
import { nextSnapshot } from '../policies/learn.ts'
import { type Action, changeBetween, type ExperimentState, redefine, transition } from './change.ts'
import { type Definition, type Experiment, primaryMetricOf, type Status } from './experiment.ts'
import { retirement } from './retirement.ts'

export interface ChangeDeps {
  readonly catalogue: Catalogue
  readonly store: Pick<Store, 'createExperiment' | 'changeExperiment' | 'readLedger' | 'readSums'> & FollowDeps['store']
}

/** Who asks, and when; and why, where Pinwheel does it by itself. */
export interface ChangeRequest {
  readonly actor: string
  readonly now: number
  readonly reason?: string | undefined
}

/**
 * A definition as somebody asks for it, made whole: by what the experiment has (null: there is
 * none), for what it leaves out.
 *
 * @throws BanditError `invalid_request`
 */
export type Define = (kept: Definition | null) => Definition

export type Applied = { readonly experiment: Experiment; readonly result: 'created' | 'changed' | 'unchanged' }

/**
 * A new draft. `salt` is random text that nobody else has.
 *
 * @throws BanditError `experiment_exists`
 */
export async function createExperiment(
  deps: ChangeDeps,
  definition: Definition,
  request: ChangeRequest & { salt: string },
): Promise<Experiment> {
  const experiment = await tryToCreate(deps, definition, request)
  if (experiment !== null) return experiment
  const message = `There is an experiment "${definition.key}" already; PUT /experiments/${definition.key} changes it`
  throw new BanditError('experiment_exists', message)
}

/**
 * Makes the experiment be as defined: creates it, changes it, or finds nothing to do.
 *
 * @throws BanditError `experiment_frozen` where a change is not allowed any more, and what `define`
 * throws
 */
export async function applyDefinition(
  deps: ChangeDeps,
  key: string,
  define: Define,
  request: ChangeRequest & { salt: string },
): Promise<Applied> {
  const known = deps.catalogue.find(key)?.experiment.definition ?? null
  // Whether or not the store answers, what is wrong with it is told.
  const definition = define(known)
  const created = known === null ? await tryToCreate(deps, definition, request) : null
  if (created !== null) return { experiment: created, result: 'created' }
  if (known === null) await followStore(deps)
  // Somebody may have changed what is left out.
  const derive = (experiment: Experiment) =>
    redefine(experiment, experiment.definition === known ? definition : define(experiment.definition))
  return commit(deps, key, derive, 'changed', request)
}

/**
 * Starts, pauses or stops an experiment; one that is so already stays as it is.
 *
 * @throws BanditError `experiment_not_found`, `invalid_transition`, `arm_not_found` (the winner)
 */
export async function setStatus(
  deps: ChangeDeps,
  key: string,
  to: Exclude<Status, 'draft'>,
  { winner, ...request }: ChangeRequest & { winner?: string | null | undefined },
): Promise<Experiment> {
  const derive = (experiment: Experiment) => transition(experiment, to, request.now, winner)
  return (await commit(deps, key, derive, ACTIONS[to], request)).experiment
}

/**
 * Gives an arm no new units; one that gets none already stays as it is. See `retirement`.
 *
 * @throws BanditError `experiment_not_found`
 */
export function retireArm(deps: ChangeDeps, key: string, arm: string, request: ChangeRequest): Promise<Applied> {
  return commit(deps, key, experiment => retirement(experiment, arm), 'changed', request)
}

/**
 * Pauses the experiment because it does harm; one that does not run stays as it is.
 *
 * @throws BanditError `experiment_not_found`
 */
export function pauseForHarm(deps: ChangeDeps, key: string, request: ChangeRequest): Promise<Applied> {
  const derive = (experiment: Experiment) =>
    experiment.status === 'running' ? transition(experiment, 'paused', request.now) : null
  return commit(deps, key, derive, 'paused', request)
}

const ACTIONS = { running: 'started', paused: 'paused', stopped: 'stopped' } as const satisfies Record<
  Exclude<Status, 'draft'>,
  Action
>

/** Null when the key is taken. */
async function tryToCreate(
  { catalogue, store }: ChangeDeps,
  definition: Definition,
  { actor, now, salt }: ChangeRequest & { salt: string },
): Promise<Experiment | null> {
  const draft: ExperimentState = { definition, status: 'draft', winner: null, startedAt: null, stoppedAt: null }
  const change = changeBetween(null, draft, { action: 'created', at: now, actor })
  const experiment = await store.createExperiment({ definition, salt, createdAt: now }, change)
  if (experiment !== null) catalogue.keep(experiment, null, growthOf(experiment))
  return experiment
}

/**
 * A refresh or another change may come first; then the change is derived anew from what is there
 * now.
 */
const ATTEMPTS = 5

/** `derive` answers the next state, or null when there is nothing to do. */
async function commit(
  deps: ChangeDeps,
  key: string,
  derive: (experiment: Experiment) => ExperimentState | null,
  action: Action,
  { actor, now, reason }: ChangeRequest,
): Promise<Applied & { readonly result: 'changed' | 'unchanged' }> {
  const { catalogue, store } = deps
  // Another process may have created or changed it a moment ago: what is asked is to hold of what
  // is there now.
  await followStore(deps)
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    const { experiment } = catalogue.get(key)
    const state = derive(experiment)
    if (state === null) return { experiment, result: 'unchanged' }
    const change = changeBetween(experiment, state, { action, at: now, actor, reason })
    const snapshot = state.status === 'running' ? await snapshotOf(deps, experiment, state, now) : null
    const changed = await store.changeExperiment(experiment, state, change, snapshot)
    if (changed === null) {
      await followStore(deps)
      continue
    }
    const live = catalogue.get(key)
    const growth = experiment.status === 'draft' ? growthOf(changed) : live.growth
    if (snapshot !== null) growth.snapshotTaken(snapshot)
    catalogue.keep(changed, snapshot ?? live.snapshot, growth)
    return { experiment: changed, result: 'changed' }
  }
  throw new BanditError(
    'experiment_changed',
    `Experiment "${key}" was changed by somebody else meanwhile; look at it and try again`,
  )
}

async function snapshotOf({ store }: ChangeDeps, experiment: Experiment, state: ExperimentState, now: number) {
  const changed: Experiment = { ...experiment, ...state }
  const stored = await readKnownLedger(store, changed, primaryMetricOf(changed.definition))
  const next = { ...changed, version: experiment.version + 1 }
  return nextSnapshot(store, next, stored, { reason: experiment.status === 'running' ? 'change' : 'start', now })
}
