// A file as it is after millions of assignments, without the wait for the clock: the bandit's own
// verbs on the store itself, big batches, and a second between them as far as they can tell.
import { assign } from '../../src/bandit/assign.ts'
import { Catalogue } from '../../src/bandit/catalogue.ts'
import { applyDefinition, setStatus } from '../../src/bandit/experiment/change-experiment.ts'
import { completeDefinition } from '../../src/bandit/experiment/definition-input.ts'
import { growthStep } from '../../src/bandit/growth.ts'
import { refreshSnapshots } from '../../src/bandit/snapshots.ts'
import { type Chance, seededChance } from '../../src/stats/numerics/chance.ts'
import { openStore } from '../../src/store/open.ts'
import { DEFINITION, EXPERIMENT } from './experiment.ts'
import { randomUuid } from './load/uuid.ts'

/**
 * Units come in the order of their names, so that neighbours share a page and the filling takes
 * minutes, not hours; but in several sweeps, so that pages are split and partly empty, as units in
 * any order leave them.
 */
const SWEEPS = 4

const MOST_AT_ONCE = 20_000
const STEP_MS = 1_000
/** It all happened before now. */
const AGE_MS = 86_400_000

/** Creates the file with its experiment running, and so many units assigned under UUIDs. */
export async function fillFile(path: string, units: number, onProgress: (done: number) => void): Promise<void> {
  const store = await openStore(`sqlite:${path}`)
  const deps = { store, catalogue: await Catalogue.load(store) }
  const chance = seededChance(9)
  let now = Date.now() - AGE_MS
  const request = { actor: EXPERIMENT, now }
  await applyDefinition(deps, DEFINITION.key, () => completeDefinition(DEFINITION), {
    ...request,
    salt: randomUuid(chance),
  })
  await setStatus(deps, EXPERIMENT, 'running', request)
  const names = sortedUuids(units, chance)
  for (let done = 0; done < units; ) {
    const count = Math.min(growthStep(done), MOST_AT_ONCE, units - done)
    now += STEP_MS
    await assign(
      deps,
      EXPERIMENT,
      Array.from({ length: count }, () => names.next().value as string),
      now,
    )
    done += count
    await refreshSnapshots(deps, now + STEP_MS)
    onProgress(done)
  }
  await store.close()
}

/** Sweep by sweep, each in order. */
function* sortedUuids(count: number, chance: Chance): Generator<string> {
  const perSweep = Math.ceil(count / SWEEPS)
  for (let position = 0; position < count; position++) {
    const place = ((position % perSweep) + chance()) / perSweep
    const start = Math.floor(place * 2 ** 48)
      .toString(16)
      .padStart(12, '0')
    yield `${start.slice(0, 8)}-${start.slice(8)}${randomUuid(chance).slice(13)}`
  }
}
