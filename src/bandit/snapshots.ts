// Keeps the policies fresh: freezes each running experiment's policy anew when its ledger has
// grown.

import type { LedgerStore, Snapshot } from '../store/port.ts'
import { type Catalogue, growthIn, type LiveExperiment, withRule } from './catalogue.ts'
import { primaryMetricOf } from './experiment/experiment.ts'
import { giveWay } from './give-way.ts'
import type { Growth } from './growth.ts'
import { readKnownLedger } from './known-ledger.ts'
import { nextSnapshot } from './policies/learn.ts'

interface Deps {
  readonly catalogue: Catalogue
  readonly store: Pick<LedgerStore, 'readLedger' | 'takeSnapshot' | 'readSums' | 'readRule'>
}

/** A snapshot that was taken, or why it could not be; for the log. */
export type Refreshed = { readonly experiment: string } & (
  | { readonly snapshot: Snapshot }
  | { readonly error: unknown }
)

/**
 * Takes the snapshots that are due at `now`. Call it a few times a second. One that fails keeps no
 * other from its own, and is tried again some seconds later.
 */
export async function refreshSnapshots(deps: Deps, now: number): Promise<Refreshed[]> {
  const refreshed: Refreshed[] = []
  for (const { experiment } of deps.catalogue.all()) {
    const one = await refreshSnapshot(deps, experiment.definition.key, now)
    if (one !== null) refreshed.push(one)
  }
  return refreshed
}

/** One snapshot is taken at a time; anyone who finds it due meanwhile waits for that one. */
const underWay = new WeakMap<Growth, Promise<Refreshed | null>>()

/**
 * Takes the snapshot of an experiment if it is due at `now`; null: it was not, or somebody else was
 * first, another process or a change. Call it wherever units arrive in bulk, before the next of
 * them are drawn.
 *
 * @throws BanditError `experiment_not_found`
 */
export async function refreshSnapshot(deps: Deps, experiment: string, now: number): Promise<Refreshed | null> {
  const live = deps.catalogue.get(experiment)
  if (live.experiment.status !== 'running' || !live.growth.isDue(now)) return null
  const { growth } = live
  const other = underWay.get(growth)
  if (other !== undefined) {
    await other
    return null
  }
  const refreshing = attempt(deps, live, now).finally(() => underWay.delete(growth))
  underWay.set(growth, refreshing)
  return refreshing
}

async function attempt(deps: Deps, live: LiveExperiment, now: number): Promise<Refreshed | null> {
  const { key: experiment } = live.experiment.definition
  try {
    const snapshot = await refresh(deps, live, now)
    return snapshot === null ? null : { experiment, snapshot }
  } catch (error) {
    live.growth.snapshotFailed(now)
    return { experiment, error }
  }
}

/**
 * Null where another process has taken a snapshot that this one did not know of, or a change has.
 */
async function refresh({ catalogue, store }: Deps, { experiment, snapshot: known }: LiveExperiment, now: number) {
  const { definition } = experiment
  const current = () => {
    const live = catalogue.get(definition.key)
    return live.experiment === experiment ? live : null
  }
  const stored = await readKnownLedger(store, experiment, primaryMetricOf(definition))
  await giveWay()
  const latest = stored.snapshots.at(-1)
  if (latest !== undefined && latest.number > (known?.number ?? 0)) {
    const growth = growthIn(experiment, stored)
    const withItsRule = await withRule(store, experiment, latest)
    if ((current()?.snapshot?.number ?? latest.number) < latest.number) {
      catalogue.keep(experiment, withItsRule, growth)
    }
    if (!growth.isDue(now)) return null
  }
  const snapshot = await nextSnapshot(store, experiment, stored, { reason: 'refresh', now })
  if (!(await store.takeSnapshot(experiment.id, snapshot))) return null
  const live = current()
  if (live === null) return null
  // It may have been taken in already, as news of another process'.
  if ((live.snapshot?.number ?? 0) < snapshot.number) {
    live.growth.snapshotTaken(snapshot)
    catalogue.keep(experiment, snapshot, live.growth)
  }
  return snapshot
}
