// With looks so rare that only news can bring what another opening of the file has changed. That
// PostgreSQL brings news is shown in store/postgres-replicas.test.ts.
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { Keyring } from '../../../src/access/keyring.ts'
import { Catalogue } from '../../../src/bandit/catalogue.ts'
import { createExperiment } from '../../../src/bandit/experiment/change-experiment.ts'
import { completeDefinition } from '../../../src/bandit/experiment/definition-input.ts'
import { startFollowing } from '../../../src/server/jobs/follow.ts'
import type { PeriodicJob } from '../../../src/server/jobs/run-periodically.ts'
import { createLog } from '../../../src/server/log.ts'
import { openStore } from '../../../src/store/open.ts'
import type { Store } from '../../../src/store/port.ts'
import { scratchFolder } from '../../support/scratch.ts'

const HOUR_MS = 3_600_000
const KEY = 'emails'

describe('startFollowing()', () => {
  let folder: string
  let elsewhere: Store
  let store: Store
  let catalogue: Catalogue
  let looks: number
  let following: PeriodicJob

  beforeEach(async () => {
    folder = scratchFolder()
    const url = `sqlite:${join(folder, 'pinwheel.db')}`
    elsewhere = await openStore(url)
    store = await openStore(url)
    catalogue = await Catalogue.load(store)
    looks = 0
    const counting: Store = {
      ...store,
      readPulse() {
        looks += 1
        return store.readPulse()
      },
    }
    const keyring = await Keyring.load(store, { adminKey: null, rate: null }, 0)
    following = startFollowing({ store: counting, catalogue, keyring, log: createLog('silent') }, { tickMs: HOUR_MS })
    const definition = completeDefinition({
      key: KEY,
      arms: [{ key: 'control' }, { key: 'mens' }],
      metrics: [{ key: 'visit', type: 'binary', role: 'primary' }],
    })
    const other = { store: elsewhere, catalogue: await Catalogue.load(elsewhere) }
    await createExperiment(other, definition, { actor: 'test', now: 0, salt: 'pepper' })
  })

  afterEach(async () => {
    await following.stop()
    await store.close()
    await elsewhere.close()
    rmSync(folder, { recursive: true })
  })

  it('looks when there is news', async () => {
    expect(catalogue.find(KEY)).toBeUndefined()
    following.runSoon()
    await vi.waitFor(() => expect(catalogue.find(KEY)).toBeDefined())
  })

  it('looks once more for all the news that comes while it looks', async () => {
    for (let piece = 0; piece < 100; piece++) following.runSoon()
    await vi.waitFor(() => expect(looks).toBe(2))
    await following.stop()
    expect(looks).toBe(2)
  })

  it('does not look any more once it is stopped', async () => {
    await following.stop()
    following.runSoon()
    expect(looks).toBe(0)
  })
})
