// Several processes that assign and reward units of one experiment with features, in one database.
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { assign } from '../../../src/bandit/assign.ts'
import { Catalogue } from '../../../src/bandit/catalogue.ts'
import { readBatchSums } from '../../../src/bandit/context/read-sums.ts'
import { createExperiment, setStatus } from '../../../src/bandit/experiment/change-experiment.ts'
import { completeDefinition } from '../../../src/bandit/experiment/definition-input.ts'
import { followStore } from '../../../src/bandit/follow-store.ts'
import { recordRewards } from '../../../src/bandit/rewards.ts'
import { refreshSnapshots } from '../../../src/bandit/snapshots.ts'
import { verify } from '../../../src/bandit/verify.ts'
import { openStore } from '../../../src/store/open.ts'
import { PostgresServer } from '../../support/postgres.ts'
import { seededRandom } from '../../support/samples/random.ts'

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })

const KEY = 'emails'
const START = 1_000_000

let server: PostgresServer

beforeAll(async () => {
  server = await PostgresServer.share()
})

afterAll(() => server.destroy())

it('several processes keep one set of sums, whoever assigned a unit and whoever heard of its reward', async () => {
  const url = server.urlOf(await server.createDatabase())
  const join = async () => {
    const store = await openStore(url)
    return { store, catalogue: await Catalogue.load(store) }
  }
  const first = await join()
  const definition = completeDefinition({
    key: KEY,
    arms: [{ key: 'control' }, { key: 'mens' }],
    metrics: [
      { key: 'visit', type: 'binary', role: 'primary' },
      { key: 'spent', type: 'continuous', range: [0, 100] },
    ],
    policy: { type: 'contextual', shrinkage: 1 },
    features: [
      { key: 'member', type: 'boolean', segment: true },
      { key: 'recency', type: 'numeric', range: [0, 10] },
    ],
  })
  await createExperiment(first, definition, { actor: 'test', now: START, salt: 'pepper' })
  await setStatus(first, KEY, 'running', { actor: 'test', now: START })
  const others = [await join(), await join()]
  const processes = [first, ...others]
  const random = seededRandom(7)
  let now = START
  for (let round = 0; round < 6; round++) {
    await Promise.all(
      processes.map(async (process, place) => {
        const units = Array.from({ length: 40 }, (_, unit) => ({
          unit: `u${round}-${place + unit}`,
          context: { member: unit % 2 === 0, recency: 10 * random() },
        }))
        const assigned = await assign(process, KEY, units, now)
        const rewards = assigned.flatMap(({ unit }) => {
          const likes = random() < 0.4 ? [{ unit, metric: 'visit', value: 1 }] : []
          return [...likes, { unit, metric: 'spent', value: 60 * random() }]
        })
        await recordRewards(processes[(place + 1) % 3] as typeof first, rewards, now)
      }),
    )
    now += 2_000
    const taker = processes[round % 3] as typeof first
    await followStore(taker)
    for (const one of await refreshSnapshots(taker, now)) if ('error' in one) throw one.error
    if (round % 2 === 0) for (const process of processes) await followStore(process)
  }
  const [experiment] = await first.store.findExperiments()
  if (experiment === undefined) throw new Error('There is an experiment')
  const books = await verify(first, experiment)
  expect(books.discrepancies).toEqual([])
  expect(books.units).toBe(6 * 42)
  expect(books.contexts).toMatchObject({ draws: 252, uncheckedDraws: 0, uncheckedSums: 0 })
  const heads = await first.store.findSnapshots(experiment.id)
  const stored = await first.store.readSums(experiment.id)
  const batches = await readBatchSums(definition, heads, stored)
  expect(stored.length).toBeGreaterThan(2 * batches.length)
  expect(batches.map(({ rows }) => rows[0]?.units)).toEqual(heads.map(({ units }) => units).filter(units => units > 0))
  for (const { store } of processes) await store.close()
})
