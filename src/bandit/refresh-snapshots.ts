// Keeps the policies fresh: freezes each running experiment's policy anew when its ledger has grown.
import type { Catalogue, LiveExperiment } from './catalogue.ts'
import { primaryMetricOf } from './experiment.ts'
import { nextSnapshot } from './learn.ts'
import type { Snapshot, Store } from './store.ts'

interface Deps {
  readonly catalogue: Catalogue
  readonly store: Pick<Store, 'readLedger' | 'takeSnapshot'>
}

/** A snapshot that was taken, for the log. */
export interface Refreshed {
  readonly experiment: string
  readonly snapshot: Snapshot
}

/** Takes the snapshots that are due at `now`. Call it a few times a second; an experiment's are at least a second apart. */
export async function refreshSnapshots(deps: Deps, now: number): Promise<Refreshed[]> {
  const refreshed: Refreshed[] = []
  for (const live of deps.catalogue.all()) {
    if (live.experiment.status !== 'running' || !live.growth.isDue(now)) continue
    const snapshot = await refresh(deps, live, now)
    if (snapshot !== null) refreshed.push({ experiment: live.experiment.definition.key, snapshot })
  }
  return refreshed
}

/** Null when the experiment was changed meanwhile; the change has taken a snapshot of its own. */
async function refresh({ catalogue, store }: Deps, live: LiveExperiment, now: number): Promise<Snapshot | null> {
  const { experiment, growth } = live
  const { definition } = experiment
  const stored = await store.readLedger(experiment.id, definition.metrics.indexOf(primaryMetricOf(definition)))
  const snapshot = nextSnapshot(experiment, stored, { reason: 'refresh', now })
  const isOurs = await store.takeSnapshot(experiment.id, snapshot)
  if (!isOurs || catalogue.find(definition.key)?.experiment !== experiment) return null
  growth.snapshotTaken(now, snapshot.ledgerSize)
  catalogue.keep(experiment, snapshot, growth)
  return snapshot
}
