// Keeps up with other processes on the same store: what they created, changed, or froze anew holds
// here within a tick or two.

import type { Pulse, Store } from '../store/port.ts'
import { type Catalogue, growthOf, type LiveExperiment, withRule } from './catalogue.ts'
import { type Experiment, primaryMetricOf } from './experiment/experiment.ts'
import { growthStep } from './growth.ts'

export interface FollowDeps {
  readonly catalogue: Catalogue
  readonly store: Pick<Store, 'readPulse' | 'findExperiments' | 'findSnapshots' | 'readRule'>
}

/**
 * The looks at a store of one catalogue. A store tells its news once, so they follow each other,
 * and none is lost by one that fails.
 */
interface Looks {
  last: Promise<void>
  /** What a look that failed had not taken in. */
  left: readonly Pulse[] | null
}

const looksOf = new WeakMap<Catalogue, Looks>()

/**
 * Takes in whatever is newer in the store than in the catalogue, after the looks that are under
 * way. Call it about twice a second.
 */
export function followStore(deps: FollowDeps): Promise<void> {
  const looks = looksOf.get(deps.catalogue) ?? { last: Promise.resolve(), left: null }
  looksOf.set(deps.catalogue, looks)
  const look = looks.last.then(async () => {
    looks.left = (await deps.store.readPulse()) ?? looks.left
    if (looks.left === null) return
    await takeInAll(deps, looks.left)
    looks.left = null
  })
  // Who comes next looks whatever became of this one.
  looks.last = look.catch(() => {})
  return look
}

async function takeInAll({ catalogue, store }: FollowDeps, pulses: readonly Pulse[]): Promise<void> {
  const known = new Map(catalogue.all().map(live => [live.experiment.id, live]))
  const moved = pulses.filter(pulse => hasMoved(known.get(pulse.experimentId), pulse))
  if (moved.length === 0) return
  const experiments = new Map((await store.findExperiments()).map(experiment => [experiment.id, experiment]))
  for (const pulse of moved) {
    const experiment = experiments.get(pulse.experimentId)
    if (experiment !== undefined) await takeIn({ catalogue, store }, experiment, pulse)
  }
}

function hasMoved(live: LiveExperiment | undefined, pulse: Pulse): boolean {
  if (live === undefined) return true
  const { experiment, snapshot, growth } = live
  if (pulse.version > experiment.version || pulse.snapshot > (snapshot?.number ?? 0)) return true
  const rewards = pulse.rewards[primaryPosition(experiment)] ?? 0
  return outgrows(pulse.units, growth.size.units) || outgrows(rewards, growth.size.rewards)
}

/** By half of what makes a snapshot due: what others count is then never far behind. */
function outgrows(there: number, here: number): boolean {
  return there - here >= growthStep(here) / 2
}

/**
 * Of the ledger only what the pulse has summed: to read the whole of it for each snapshot that
 * others take would cost each of them.
 */
async function takeIn({ catalogue, store }: FollowDeps, experiment: Experiment, pulse: Pulse): Promise<void> {
  const snapshots = await store.findSnapshots(experiment.id)
  const snapshot = await withRule(store, experiment, snapshots.at(-1) ?? null)
  const growth = growthOf(experiment, snapshots, pulse.rewards[primaryPosition(experiment)] ?? 0)
  const live = catalogue.find(experiment.definition.key)
  // Changed here while that was read: then this is older than what is known.
  if (live !== undefined && live.experiment.version > experiment.version) return
  if ((live?.snapshot?.number ?? 0) > (snapshot?.number ?? 0)) return
  catalogue.keep(experiment, snapshot, growth)
}

function primaryPosition({ definition }: Experiment): number {
  return definition.metrics.indexOf(primaryMetricOf(definition))
}
