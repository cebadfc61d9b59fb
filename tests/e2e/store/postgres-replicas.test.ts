// Many processes on one database, as several openings of it; and a database that is killed, cut
// off, locked, or only to be read.
import { createHash } from 'node:crypto'
import type { Client } from 'pg'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Key } from '../../../src/access/key.ts'
import { Keyring } from '../../../src/access/keyring.ts'
import { assign } from '../../../src/bandit/assign.ts'
import { assignInSlices } from '../../../src/bandit/assign-batch.ts'
import { Catalogue } from '../../../src/bandit/catalogue.ts'
import { StoreUnavailableError } from '../../../src/bandit/errors.ts'
import { applyDefinition, createExperiment, setStatus } from '../../../src/bandit/experiment/change-experiment.ts'
import { completeDefinition } from '../../../src/bandit/experiment/definition-input.ts'
import { followStore } from '../../../src/bandit/follow-store.ts'
import { recordRewards } from '../../../src/bandit/rewards.ts'
import { refreshSnapshots } from '../../../src/bandit/snapshots.ts'
import { verify } from '../../../src/bandit/verify.ts'
import { startFollowing } from '../../../src/server/jobs/follow.ts'
import { createLog } from '../../../src/server/log.ts'
import { openStore } from '../../../src/store/open.ts'
import type { KeptKey, Store } from '../../../src/store/port.ts'
import { PostgresServer } from '../../support/postgres.ts'
import { seededRandom } from '../../support/samples/random.ts'

/** A busy machine takes seconds for what else takes none. */
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })

interface Replica {
  readonly store: Store
  readonly catalogue: Catalogue
  /** What it was told of its failing (true) and working again (false). */
  readonly turns: boolean[]
}

const START = 1_000_000
const KEY = 'emails'

let server: PostgresServer
let database: string
let replicas: Replica[]

beforeAll(async () => {
  server = await PostgresServer.start()
})

afterAll(() => server.destroy())

beforeEach(async () => {
  database = await server.createDatabase()
  replicas = []
})

afterEach(async () => {
  for (const { store } of replicas) await store.close()
})

async function join(): Promise<Replica> {
  const turns: boolean[] = []
  const store = await openStore(server.urlOf(database), { onHealthChange: error => turns.push(error !== null) })
  const replica = { store, catalogue: await Catalogue.load(store), turns }
  replicas.push(replica)
  return replica
}

/** The first of them; it has created and started an experiment. */
async function begin(): Promise<Replica> {
  const first = await join()
  const definition = completeDefinition({
    key: KEY,
    arms: [{ key: 'control' }, { key: 'mens' }, { key: 'womens' }],
    metrics: [
      { key: 'visit', type: 'binary', role: 'primary' },
      { key: 'spend', type: 'continuous', range: [0, 1_000] },
    ],
  })
  await createExperiment(first, definition, { actor: 'test', now: START, salt: 'pepper' })
  await setStatus(first, KEY, 'running', { actor: 'test', now: START })
  return first
}

async function expectBalance({ store }: Replica) {
  const [experiment] = await store.findExperiments()
  if (experiment === undefined) throw new Error('There is an experiment')
  const verification = await verify({ store }, experiment)
  expect(verification.discrepancies).toEqual([])
  return verification
}

/** Fails where it failed for another reason than the database. */
async function unlessUnavailable<Result>(asked: Promise<Result>): Promise<Result | null> {
  try {
    return await asked
  } catch (error) {
    expect(error).toBeInstanceOf(StoreUnavailableError)
    return null
  }
}

/** Units and rewards, again and again until it is stopped; resolves to what was acknowledged. */
function keepBusy(replica: Replica, name: string) {
  const arms = new Map<string, string>()
  const events = new Set<string>()
  let isStopped = false
  const work = async (worker: number) => {
    for (let turn = 0; !isStopped; turn++) {
      const unit = `${name}-${worker}-${turn}`
      const [assigned] = await assign(replica, KEY, [unit], START)
      if (assigned?.reason !== 'assigned') continue
      arms.set(unit, assigned.arm.key)
      const reward = { unit, metric: 'visit', value: 1, id: unit }
      const [result] = (await unlessUnavailable(recordRewards(replica, [reward], START))) ?? []
      if (result?.status === 'recorded') events.add(unit)
    }
  }
  const working = Promise.all(Array.from({ length: 8 }, (_, worker) => work(worker)))
  return {
    arms,
    async stop() {
      isStopped = true
      await working
      return { arms, events }
    },
  }
}

async function expectKept(
  replica: Replica,
  { arms, events }: Awaited<ReturnType<ReturnType<typeof keepBusy>['stop']>>,
) {
  const kept = await assign(replica, KEY, [...arms.keys()], START)
  expect(kept.map(({ unit, arm, reason }) => [unit, arm.key, reason])).toEqual(
    [...arms].map(([unit, arm]) => [unit, arm, 'kept']),
  )
  const again = [...events].map(unit => ({ unit, metric: 'visit', value: 1, id: unit }))
  expect(new Set((await recordRewards(replica, again, START)).map(({ status }) => status))).toEqual(
    new Set(['duplicate']),
  )
}

describe('several processes on one database', () => {
  const ROUNDS = 12
  const random = seededRandom(5)
  const some = (count: number, of: number) => Array.from({ length: count }, () => Math.floor(of * random()))

  it('give each unit one arm, count each event once, and take each snapshot once, whatever they race for', async () => {
    const first = await begin()
    for (let joiner = 1; joiner < 4; joiner++) await join()
    const arms = new Map<string, Set<string>>()
    const recorded = new Map<string, number>()
    const round = async (replica: Replica, now: number) => {
      const units = some(40, 400).map(unit => `u${unit}`)
      const assigned = await assign(replica, KEY, units, now)
      for (const { unit, arm } of assigned) arms.set(unit, (arms.get(unit) ?? new Set()).add(arm.key))
      const rewards = units.flatMap(unit => [
        { unit, metric: 'visit', value: 1, id: unit },
        { unit, metric: 'spend', value: Math.round(1e4 * random()) / 100 - 30 },
      ])
      const results = await recordRewards(replica, rewards, now)
      for (const [position, { status }] of results.entries()) {
        const { id } = rewards[position] as { id?: string }
        if (id !== undefined && status === 'recorded') recorded.set(id, (recorded.get(id) ?? 0) + 1)
      }
      expect((await refreshSnapshots(replica, now)).filter(one => 'error' in one)).toEqual([])
      await followStore(replica)
    }
    for (let turn = 1; turn <= ROUNDS; turn++) {
      await Promise.all(replicas.flatMap(replica => [1, 2].map(() => round(replica, START + turn * 1_000))))
    }
    expect([...arms.values()].filter(({ size }) => size > 1)).toEqual([])
    expect(new Set(recorded.values())).toEqual(new Set([1]))
    expect(recorded.size).toBe(arms.size)
    const { units, rewards } = await expectBalance(first)
    expect(units).toBe(arms.size)
    expect(rewards).toBe(arms.size + replicas.length * 2 * ROUNDS * 40)
    const numbers = (await first.store.findSnapshots(1)).map(({ number }) => number)
    // All 400 units are soon there; and of processes that find a snapshot due together one takes
    // it.
    expect(numbers.length).toBeGreaterThan(3)
    expect(numbers.length).toBeLessThanOrEqual(1 + ROUNDS + Math.log2(400 / 100))
    expect(numbers).toEqual(numbers.map((_, position) => position + 1))
  })

  it('take few snapshots of a bulk load that comes to all of them, and count each unit in one', async () => {
    const first = await begin()
    for (let joiner = 1; joiner < 4; joiner++) await join()
    for (let call = 0; call < 3; call++) {
      const loading = replicas.map(async (replica, place) => {
        const units = Array.from({ length: 1_000 }, (_, unit) => `${place}/${call}/${unit}`)
        for await (const slice of assignInSlices({ ...replica, now: () => START }, KEY, units))
          expect(slice).not.toEqual([])
      })
      await Promise.all(loading)
    }
    const sizes = (await first.store.findSnapshots(1)).map(({ units }) => units)
    expect(sizes.reduce((sum, units) => sum + units)).toBe(12_000)
    expect(sizes.length).toBeGreaterThan(3)
    expect(sizes.length).toBeLessThanOrEqual(1 + 1 + Math.log2(12_000 / 100))
    expect((await expectBalance(first)).units).toBe(12_000)
  })

  it('take one snapshot, and make one change, of those that they race for', async () => {
    const { store } = await begin()
    for (let joiner = 1; joiner < 4; joiner++) await join()
    const [first] = await store.findSnapshots(1)
    if (first === undefined) throw new Error('There is a snapshot')
    for (let number = 2; number <= 12; number++) {
      const racing = replicas.map(replica => replica.store.takeSnapshot(1, { ...first, number }))
      expect((await Promise.all(racing)).filter(isOurs => isOurs)).toHaveLength(1)
    }
    const pausing = replicas.map(replica => setStatus(replica, KEY, 'paused', { actor: 'test', now: START }))
    expect(new Set((await Promise.all(pausing)).map(({ version }) => version))).toEqual(new Set([3]))
    expect((await store.findChanges(1)).map(({ version }) => version)).toEqual([1, 2, 3])
  })

  it('announce a change once, and keep one of the keys that they race for', async () => {
    const { store } = await begin()
    for (let joiner = 1; joiner < 4; joiner++) await join()
    await store.createWebhook({
      id: 'wh_1',
      url: 'https://example.com/',
      events: ['verdict'],
      experimentId: null,
      secret: 'whsec_x',
      createdAt: START,
    })
    for (let turn = 0; turn < 10; turn++) {
      const announcing = replicas.map((replica, position) => {
        const announcement = { subject: 'verdict/mens', state: `state ${turn}`, at: START }
        const message = { id: `m${turn}-${position}`, type: 'verdict', body: '{}' } as const
        return replica.store.announce(1, turn === 0 ? null : `state ${turn - 1}`, announcement, message)
      })
      expect((await Promise.all(announcing)).filter(isOurs => isOurs)).toHaveLength(1)
      const keeping = replicas.map((replica, position) =>
        replica.store.keepKeys(turn, [keptKey(`key-${turn}-${position}`)]),
      )
      expect((await Promise.all(keeping)).filter(isOurs => isOurs)).toHaveLength(1)
    }
    expect((await store.findWebhooks())[0]?.waiting).toBe(10)
    expect((await store.readKeys()).keys).toHaveLength(10)
  })

  it('add up what all of them record for one unit', async () => {
    await begin()
    for (let joiner = 1; joiner < 4; joiner++) await join()
    await assign(replicas[0] as Replica, KEY, ['u1'], START)
    const racing = replicas.flatMap(replica =>
      Array.from({ length: 20 }, () => recordRewards(replica, [{ unit: 'u1', metric: 'spend', value: 1.25 }], START)),
    )
    await Promise.all(racing)
    const [totals] = await (replicas[0] as Replica).store.readTotals(1, { after: null, limit: 1, metricCount: 2 })
    expect(totals?.totals).toEqual([0, 4 * 20 * 1.25])
    await expectBalance(replicas[0] as Replica)
  })

  it('do not wait for each other in a circle', async () => {
    await begin()
    const second = await join()
    const units = Array.from({ length: 200 }, (_, unit) => `u${unit}`)
    for (let turn = 0; turn < 5; turn++) {
      const own = units.map(unit => `${unit}-${turn}`)
      const both = [own, own.toReversed()].map((list, position) =>
        assign([replicas[0], second][position] as Replica, KEY, list, START),
      )
      const [one = [], other = []] = await Promise.all(both)
      const isNew = [...one, ...other].filter(({ reason }) => reason === 'assigned')
      expect(isNew).toHaveLength(units.length)
      const rewards = own.map(unit => ({ unit, metric: 'visit', value: 1, id: unit }))
      const [here = [], there = []] = await Promise.all([
        recordRewards(replicas[0] as Replica, rewards, START),
        recordRewards(second, rewards.toReversed(), START),
      ])
      expect([...here, ...there].filter(({ status }) => status === 'recorded')).toHaveLength(units.length)
    }
    expect(replicas.flatMap(({ turns }) => turns)).toEqual([])
  })

  it('hear at once what another one has changed, and not what they have changed themselves', async () => {
    const first = await begin()
    const heard = vi.fn()
    const store = await openStore(server.urlOf(database), { onNews: heard })
    const listener = { store, catalogue: await Catalogue.load(store) }
    await setStatus(first, KEY, 'paused', { actor: 'test', now: START })
    await vi.waitFor(() => expect(heard).toHaveBeenCalledTimes(1), 10_000)
    await followStore(listener)
    expect(listener.catalogue.get(KEY).experiment.status).toBe('paused')
    await setStatus(listener, KEY, 'running', { actor: 'test', now: START })
    await followStore(first)
    await setStatus(first, KEY, 'paused', { actor: 'test', now: START })
    await vi.waitFor(() => expect(heard).toHaveBeenCalledTimes(2), 10_000)
    // It listens again when its connection was cut, and looks what it may have missed.
    await server.query('postgres', CUT)
    await vi.waitFor(() => expect(heard).toHaveBeenCalledTimes(3), 10_000)
    await store.close()
  })

  it('follow what another one tells them, however rarely they look by themselves', async () => {
    const first = await begin()
    const news = { hear: () => {} }
    const store = await openStore(server.urlOf(database), { onNews: () => news.hear() })
    const catalogue = await Catalogue.load(store)
    const keyring = await Keyring.load(store, { adminKey: null, rate: null }, START)
    const following = startFollowing({ store, catalogue, keyring, log: createLog('silent') }, { tickMs: 3_600_000 })
    news.hear = following.runSoon
    await setStatus(first, KEY, 'paused', { actor: 'test', now: START })
    await vi.waitFor(() => expect(catalogue.get(KEY).experiment.status).toBe('paused'), 10_000)
    expect(keyring.isOpen).toBe(true)
    await first.store.keepKeys(0, [keptKey('door')])
    await vi.waitFor(() => expect(keyring.isOpen).toBe(false), 10_000)
    await following.stop()
    await store.close()
  })
})

const CUT = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'pinwheel'`

describe('when the database', () => {
  it('is killed under load, nothing acknowledged is lost, and it goes on by itself', async () => {
    const replica = await begin()
    const load = keepBusy(replica, 'before')
    await vi.waitFor(() => expect(load.arms.size).toBeGreaterThan(100), 20_000)
    await server.kill()
    await vi.waitFor(() => expect(replica.turns).toEqual([true]), 10_000)
    await server.run()
    const before = load.arms.size
    await vi.waitFor(() => expect(load.arms.size).toBeGreaterThan(before + 50), 20_000)
    await expectKept(replica, await load.stop())
    await expectBalance(replica)
    expect(replica.turns.at(-1)).toBe(false)
  })

  it('cuts every connection again and again, nothing acknowledged is lost', async () => {
    const replica = await begin()
    const load = keepBusy(replica, 'cut')
    for (let cut = 1; cut <= 8; cut++) {
      await vi.waitFor(() => expect(load.arms.size).toBeGreaterThan(cut * 25), 20_000)
      await server.query('postgres', CUT)
    }
    await expectKept(replica, await load.stop())
    await expectBalance(replica)
  })

  it('cut an idle connection, the next request does not notice', async () => {
    const replica = await begin()
    await server.query('postgres', CUT)
    expect((await assign(replica, KEY, ['u1'], START))[0]?.reason).toBe('assigned')
    expect(replica.turns).toEqual([])
  })

  it.each(['assignments', 'tallies'])('has %s locked by somebody else, nobody waits for long', async table => {
    const replica = await begin()
    await assign(replica, KEY, ['known'], START)
    const other = await server.connect(database)
    await other.query(`BEGIN; LOCK TABLE ${table} IN ACCESS EXCLUSIVE MODE`)
    const asked = performance.now()
    const waiting = Array.from({ length: 20 }, (_, unit) => assign(replica, KEY, [`u${unit}`], START))
    const comesAgain = assign(replica, KEY, ['known'], START)
    const mixed = assign(replica, KEY, ['new', 'known'], START)
    for (const [assigned] of await Promise.all(waiting)) expect(assigned?.reason).toBe('fallback')
    // What can be read is told.
    const told = table === 'tallies' ? 'kept' : 'fallback'
    expect((await comesAgain)[0]?.reason).toBe(told)
    expect(await mixed).toMatchObject([{ reason: 'fallback' }, { reason: told }])
    expect(performance.now() - asked).toBeLessThan(2_000)
    expect(replica.turns).toEqual([true])
    await release(other)
    const [assigned] = await assign(replica, KEY, ['u1'], START)
    expect(assigned?.reason).toBe('assigned')
    await vi.waitFor(() => expect(replica.turns).toEqual([true, false]))
    await expectBalance(replica)
  })

  it('has the snapshots locked by somebody else, a change fails, and nothing else does', async () => {
    const replica = await begin()
    const other = await server.connect(database)
    await other.query('BEGIN; LOCK TABLE snapshots IN EXCLUSIVE MODE')
    // Here a rejection that nobody waits for would end the process; it fails this file.
    const change = { actor: 'test', now: START, salt: 'pepper' }
    const definition = { ...replica.catalogue.get(KEY).experiment.definition, description: 'changed' }
    await expect(applyDefinition(replica, definition.key, () => definition, change)).rejects.toBeInstanceOf(
      StoreUnavailableError,
    )
    await release(other)
    expect(await applyDefinition(replica, definition.key, () => definition, change)).toMatchObject({
      result: 'changed',
    })
  })

  it('does not answer at all, everybody gets the control in time, and it goes on by itself', async () => {
    const replica = await begin()
    await assign(replica, KEY, ['u1'], START)
    const wake = await server.freeze()
    const waiting = [1, 2, 3, 4].map(async turn => {
      await new Promise(resolve => setTimeout(resolve, turn))
      return assign(replica, KEY, [`v${turn}`], START)
    })
    for (const [assigned] of await Promise.all(waiting)) expect(assigned?.reason).toBe('fallback')
    expect((await assign(replica, KEY, ['w1'], START))[0]?.reason).toBe('fallback')
    expect(replica.turns).toEqual([true])
    wake()
    await vi.waitFor(async () => expect((await assign(replica, KEY, ['w1'], START))[0]?.reason).not.toBe('fallback'))
    await vi.waitFor(() => expect(replica.turns).toEqual([true, false]))
    await expectBalance(replica)
  })

  it('may only be read, it is left for one that may be written, as soon as there is one', async () => {
    const replica = await begin()
    await server.query('postgres', `ALTER DATABASE ${database} SET default_transaction_read_only = on`)
    await server.query('postgres', CUT)
    expect((await assign(replica, KEY, ['u1'], START))[0]?.reason).toBe('fallback')
    await expect(setStatus(replica, KEY, 'paused', { actor: 'test', now: START })).rejects.toBeInstanceOf(
      StoreUnavailableError,
    )
    await replica.store.ping()
    await server.query('postgres', `ALTER DATABASE ${database} RESET default_transaction_read_only`)
    expect((await assign(replica, KEY, ['u1'], START))[0]?.reason).toBe('assigned')
    await setStatus(replica, KEY, 'paused', { actor: 'test', now: START })
  })
})

function keptKey(name: string): KeptKey {
  const digest = createHash('sha256').update(name).digest('hex')
  const ends = { expiresAt: null, replacedAt: null, revokedAt: null }
  const key: Key = {
    name,
    kind: 'sk',
    scopes: ['read'],
    digest,
    hint: 'pw_sk_x',
    rate: null,
    createdAt: START,
    ...ends,
  }
  return { key, change: { at: START, actor: 'test', action: 'created', name, hint: key.hint, changes: [] } }
}

async function release(client: Client): Promise<void> {
  await client.query('ROLLBACK')
  await client.end()
}
