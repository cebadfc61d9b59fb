// Many units at once: given their arms in slices, so that neither a thread nor the store is held up
// by one long batch, with the policy frozen anew in between where a batch of the ledger is full.

import type { Store } from '../store/port.ts'
import { type Arriving, type Assigned, assign } from './assign.ts'
import type { Catalogue } from './catalogue.ts'
import { StoreUnavailableError } from './errors.ts'
import { type FollowDeps, followStore } from './follow-store.ts'
import { type Refreshed, refreshSnapshot } from './snapshots.ts'

interface Deps {
  readonly catalogue: Catalogue
  readonly store: Pick<Store, 'keepAssignments' | 'findAssignments' | 'readLedger' | 'takeSnapshot' | 'readSums'> &
    FollowDeps['store']
  /** The present time, ms since 1970. */
  readonly now: () => number
  /** Resolves so many ms later; without it a slice waits for room for as long as it takes. */
  readonly sleep?: (ms: number) => Promise<unknown>
  /** Is told of each snapshot that was taken meanwhile, or could not be. */
  readonly onRefreshed?: (refreshed: Refreshed) => void
}

/** At most so many units are kept together; fewer, where they fill the open batch. */
const LARGEST_SLICE = 1_000

/** Where nearly all units come again the open batch is never full. */
const SMALLEST_SLICE = 100

/**
 * Other processes may fill the batch too: unless it has room for so many slices, the store is asked
 * how full it is.
 */
const AMPLE_SLICES = 16

/**
 * So long at most a slice waits for room, or for that answer, before it goes on without: a store
 * may hang.
 */
const LONGEST_WAIT_MS = 1_000

/**
 * An arm for each unit, in their order; one slice at least. A slice hardly overfills the open
 * batch, so that the first one, which is read with the range of the metric alone, is small. Calls
 * that come together share its room.
 *
 * @throws BanditError `experiment_not_found`
 */
export async function* assignInSlices(
  deps: Deps,
  experiment: string,
  units: readonly Arriving[],
): AsyncGenerator<Assigned[]> {
  let from = 0
  do {
    const slice = await nextSlice(deps, experiment, units.length - from)
    const to = from + slice.units
    let assigned: Assigned[]
    try {
      assigned = await assign(deps, experiment, units.slice(from, to), deps.now())
    } finally {
      slice.release()
    }
    yield assigned
    from = to
  } while (from < units.length)
}

/**
 * So many of the units that are left may go on, with room reserved for them until `release` is
 * called.
 */
interface Slice {
  readonly units: number
  readonly release: () => void
}

async function nextSlice(deps: Deps, experiment: string, left: number): Promise<Slice> {
  for (let [hasLooked, isLate] = [false, false]; ; ) {
    const refreshed = await refreshSnapshot(deps, experiment, deps.now())
    if (refreshed !== null) deps.onRefreshed?.(refreshed)
    const { growth, experiment: known } = deps.catalogue.get(experiment)
    const { freeRoom } = growth
    const units = Math.min(left, LARGEST_SLICE, Math.max(SMALLEST_SLICE, freeRoom))
    const goOn = (): Slice => ({ units, release: growth.reserveRoom(units) })
    if (known.status !== 'running' || isLate) return goOn()
    // A batch that is full without what is on its way cannot be closed now: there is nothing to
    // wait for.
    if (freeRoom > 0 || growth.roomInBatch <= 0) {
      if (hasLooked || freeRoom >= AMPLE_SLICES * units) return goOn()
      isLate = await isLater(deps, lookAtStore(deps))
      hasLooked = true
    } else {
      isLate = await isLater(deps, growth.roomChange)
      hasLooked = false
    }
  }
}

/** Whether `event` takes longer than a slice waits. */
async function isLater({ sleep }: Deps, event: Promise<void>): Promise<boolean> {
  const inTime = event.then(() => false)
  return sleep === undefined ? inTime : Promise.race([inTime, sleep(LONGEST_WAIT_MS).then(() => true)])
}

const looksUnderWay = new WeakMap<Catalogue, Promise<void>>()

/** One look serves all that ask meanwhile. Where the store does not answer, what is known holds. */
function lookAtStore(deps: Deps): Promise<void> {
  const other = looksUnderWay.get(deps.catalogue)
  if (other !== undefined) return other
  const look = followStore(deps)
    .catch(error => {
      if (!(error instanceof StoreUnavailableError)) throw error
    })
    .finally(() => looksUnderWay.delete(deps.catalogue))
  looksUnderWay.set(deps.catalogue, look)
  return look
}
