// Keeps the policies fresh: freezes each running experiment's policy anew when its ledger has grown.
import type { Catalogue, LiveExperiment } from './catalogue.ts'
import { primaryMetricOf } from './experiment.ts'
import { readKnownLedger } from './known-ledger.ts'
import { nextSnapshot } from './learn.ts'
import type { Snapshot, Store } from './store.ts'

interface Deps {
  readonly catalogue: Catalogue
  readonly store: Pick<Store, 'readLedger' | 'takeSnapshot'>
}

/** A snapshot that was taken, or why it could not be; for the log. */
export type Refreshed = { readonly experiment: string } & (
  | { readonly snapshot: Snapshot }
  | { readonly error: unknown }
)

/**
 * Takes the snapshots that are due at `now`. Call it a few times a second; an experiment's are at least a second apart. One that
 * fails keeps no other from its own, and is tried again some seconds later.
 */
export async function refreshSnapshots(deps: Deps, now: number): Promise<Refreshed[]> {
  const refreshed: Refreshed[] = []
  for (const { experiment: listed } of deps.catalogue.all()) {
    // Looked up anew: it may have been stopped while others were refreshed.
    const experiment = listed.definition.key
    const live = deps.catalogue.get(experiment)
    if (live.experiment.status !== 'running' || !live.growth.isDue(now)) continue
    try {
      const snapshot = await refresh(deps, live, now)
      if (snapshot !== null) refreshed.push({ experiment, snapshot })
    } catch (error) {
      live.growth.snapshotFailed(now)
      refreshed.push({ experiment, error })
    }
  }
  return refreshed
}

/** Null when the experiment was changed meanwhile; the change has taken a snapshot of its own. */
async function refresh({ catalogue, store }: Deps, live: LiveExperiment, now: number): Promise<Snapshot | null> {
  const { experiment, growth } = live
  const { definition } = experiment
  const stored = await readKnownLedger(store, experiment, primaryMetricOf(definition))
  const snapshot = nextSnapshot(experiment, stored, { reason: 'refresh', now })
  const isOurs = await store.takeSnapshot(experiment.id, snapshot)
  if (!isOurs || catalogue.find(definition.key)?.experiment !== experiment) return null
  growth.snapshotTaken(now, snapshot.ledgerSize)
  catalogue.keep(experiment, snapshot, growth)
  return snapshot
}
