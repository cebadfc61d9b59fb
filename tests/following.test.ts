// Two services on one PostgreSQL database that hear of each other's changes, with polling so rare that it cannot be what brings them.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { Catalogue } from '../src/bandit/catalogue.ts'
import { createExperiment, setStatus } from '../src/bandit/change-experiment.ts'
import { completeDefinition } from '../src/bandit/definition-input.ts'
import { Keyring } from '../src/bandit/keyring.ts'
import type { Store } from '../src/bandit/store.ts'
import { type Following, startFollowing } from '../src/following.ts'
import { createLog } from '../src/log.ts'
import { openStore } from '../src/store/open.ts'
import { PostgresServer } from './support/postgres.ts'

/** A busy machine takes seconds for what else takes none. */
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })

const HOUR_MS = 3_600_000
const KEY = 'emails'
const request = { actor: 'test', now: 1_000_000, salt: 'pepper' }

let server: PostgresServer
beforeAll(async () => {
  server = await PostgresServer.start()
})
afterAll(() => server.destroy())

describe('startFollowing()', () => {
  let here: { store: Store; catalogue: Catalogue }
  let there: { store: Store; catalogue: Catalogue; following: Following; looks: number }

  beforeEach(async () => {
    const url = server.urlOf(await server.createDatabase())
    const store = await openStore(url)
    here = { store, catalogue: await Catalogue.load(store) }
    there = await follower(url)
    const definition = completeDefinition({
      key: KEY,
      arms: [{ key: 'control' }, { key: 'mens' }],
      metrics: [{ key: 'visit', type: 'binary', role: 'primary' }],
    })
    await createExperiment(here, definition, request)
  })

  afterEach(async () => {
    await there.following.stop()
    await there.store.close()
    await here.store.close()
  })

  async function follower(url: string) {
    const heard = { news: () => {}, looks: 0 }
    const store = await openStore(url, { onNews: () => heard.news() })
    const catalogue = await Catalogue.load(store)
    const keyring = await Keyring.load(store, { adminKey: null, rate: null }, request.now)
    const counted: Store = {
      ...store,
      readPulse() {
        heard.looks += 1
        return store.readPulse()
      },
    }
    const deps = { store: counted, catalogue, keyring, log: createLog('silent') }
    const following = startFollowing(deps, { tickMs: HOUR_MS })
    heard.news = following.hearNews
    return {
      store,
      catalogue,
      following,
      get looks() {
        return heard.looks
      },
    }
  }

  it('hears of what another process has created, started and paused', async () => {
    await vi.waitFor(() => expect(there.catalogue.find(KEY)?.experiment.status).toBe('draft'), 10_000)
    await setStatus(here, KEY, 'running', request)
    await vi.waitFor(() => expect(there.catalogue.find(KEY)?.snapshot?.number).toBe(1), 10_000)
    await setStatus(here, KEY, 'paused', request)
    await vi.waitFor(() => expect(there.catalogue.get(KEY).experiment.status).toBe('paused'), 10_000)
  })

  it('looks once more for all the news that comes while it looks', async () => {
    await vi.waitFor(() => expect(there.catalogue.find(KEY)).toBeDefined(), 10_000)
    const before = there.looks
    for (let piece = 0; piece < 100; piece++) there.following.hearNews()
    await there.following.stop()
    expect(there.looks - before).toBeLessThanOrEqual(2)
    expect(there.looks).toBeGreaterThan(before)
  })

  it('does not look any more once it is stopped', async () => {
    await there.following.stop()
    const before = there.looks
    await setStatus(here, KEY, 'running', request)
    there.following.hearNews()
    expect(there.looks).toBe(before)
  })
})
