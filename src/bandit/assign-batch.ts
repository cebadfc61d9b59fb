// Many units at once: given their arms in slices, so that neither a thread nor the store is held up by one long batch, with the
// policy frozen anew in between where a batch of the ledger is full.
import { type Assigned, assign } from './assign.ts'
import type { Catalogue } from './catalogue.ts'
import { type Refreshed, refreshSnapshot } from './refresh-snapshots.ts'
import type { Store } from './store.ts'

interface Deps {
  readonly catalogue: Catalogue
  readonly store: Pick<Store, 'keepAssignments' | 'findAssignments' | 'findExperiments' | 'readLedger' | 'takeSnapshot'>
  /** The present time, ms since 1970. */
  readonly now: () => number
  /** Is told of each snapshot that was taken meanwhile, or could not be. */
  readonly onRefreshed?: (refreshed: Refreshed) => void
}

/** At most so many units are kept together; fewer, where they fill the open batch. */
const LARGEST_SLICE = 1_000

/** Where nearly all units come again the open batch is never full. */
const SMALLEST_SLICE = 100

/**
 * An arm for each unit, in their order; one slice at least. A slice hardly overfills the open batch, so that the first one, which is
 * read with the range of the metric alone, is small.
 *
 * @throws BanditError `experiment_not_found`
 */
export async function* assignInSlices(
  deps: Deps,
  experiment: string,
  units: readonly string[],
): AsyncGenerator<Assigned[]> {
  for (let from = 0; from === 0 || from < units.length; ) {
    const refreshed = await refreshSnapshot(deps, experiment, deps.now())
    if (refreshed !== null) deps.onRefreshed?.(refreshed)
    const { roomInBatch } = deps.catalogue.get(experiment).growth
    const to = from + Math.min(LARGEST_SLICE, Math.max(SMALLEST_SLICE, roomInBatch))
    yield await assign(deps, experiment, units.slice(from, to), deps.now())
    from = to
  }
}
