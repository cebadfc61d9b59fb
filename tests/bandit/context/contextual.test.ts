// An experiment with features from its start to its books, over a database.
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Assigned, assign } from '../../../src/bandit/assign.ts'
import { assignInSlices } from '../../../src/bandit/assign-batch.ts'
import { Catalogue } from '../../../src/bandit/catalogue.ts'
import { closedBatches, readBatchSums } from '../../../src/bandit/context/read-sums.ts'
import { scoredLedger } from '../../../src/bandit/context/scored-ledger.ts'
import { applyDefinition, setStatus } from '../../../src/bandit/experiment/change-experiment.ts'
import { completeDefinition, type DefinitionInput } from '../../../src/bandit/experiment/definition-input.ts'
import type { Definition } from '../../../src/bandit/experiment/experiment.ts'
import { followStore } from '../../../src/bandit/follow-store.ts'
import { ledgerOf } from '../../../src/bandit/maturity.ts'
import { recordRewards } from '../../../src/bandit/rewards.ts'
import { refreshSnapshots } from '../../../src/bandit/snapshots.ts'
import { verify } from '../../../src/bandit/verify.ts'
import { openStore } from '../../../src/store/open.ts'
import type { Store } from '../../../src/store/port.ts'
import { seededRandom } from '../../support/samples/random.ts'
import { scratchFolder } from '../../support/scratch.ts'

interface Process {
  readonly store: Store
  readonly catalogue: Catalogue
  readonly now: () => number
}

const START = 1_000_000
const request = { actor: 'test', now: START, salt: 'salt' }
const KEY = 'emails'

const INPUT: DefinitionInput = {
  key: KEY,
  arms: [{ key: 'control' }, { key: 'mens' }, { key: 'womens' }],
  metrics: [
    { key: 'visit', type: 'binary', role: 'primary' },
    { key: 'spent', type: 'continuous', range: [0, 100] },
  ],
  features: [
    { key: 'world', type: 'categorical', levels: ['men', 'women'], segment: true },
    { key: 'recency', type: 'numeric', range: [0, 10] },
  ],
}

function definitionOf(changes: Partial<DefinitionInput> = {}): Definition {
  return completeDefinition({ ...INPUT, policy: { type: 'contextual', controlShare: null, shrinkage: 1 }, ...changes })
}

/** Each world has an arm of its own that it likes. */
const LIKED = { men: 'mens', women: 'womens' } as const

describe('an experiment with features', () => {
  let folder: string
  let now: number
  let here: Process

  const open = async (): Promise<Process> => {
    const store = await openStore(`sqlite:${join(folder, 'x.db')}`)
    return { store, catalogue: await Catalogue.load(store), now: () => now }
  }

  beforeEach(async () => {
    folder = scratchFolder()
    now = START
    here = await open()
  })

  afterEach(async () => {
    await here.store.close()
    rmSync(folder, { recursive: true })
  })

  async function start(definition: Definition): Promise<void> {
    await applyDefinition(here, KEY, () => definition, request)
    await setStatus(here, KEY, 'running', request)
  }

  const contexts = new Map<string, 'men' | 'women'>()

  /**
   * Assigns so many units, and rewards those who like what they got, with a snapshot after each
   * round.
   */
  async function play(rounds: number, unitsARound: number, seed = 18): Promise<Assigned[]> {
    const random = seededRandom(seed)
    const all: Assigned[] = []
    for (let round = 0; round < rounds; round++) {
      const units = Array.from({ length: unitsARound }, (_, place) => {
        const unit = `u${seed}-${round}-${place}`
        const world = random() < 0.5 ? 'men' : 'women'
        contexts.set(unit, world)
        return { unit, context: { world, recency: Math.floor(11 * random()) } }
      })
      const assigned = await assign(here, KEY, units, now)
      all.push(...assigned)
      const rewards = assigned.flatMap(({ unit, arm }) => {
        const rate = arm.key === LIKED[contexts.get(unit) ?? 'men'] ? 0.6 : 0.2
        if (random() >= rate) return []
        return [
          { unit, metric: 'visit', value: 1 },
          { unit, metric: 'spent', value: 30 * random() },
        ]
      })
      await recordRewards(here, rewards, now)
      now += 2_000
      const refreshed = await refreshSnapshots(here, now)
      for (const one of refreshed) if ('error' in one) throw one.error
    }
    return all
  }

  const shareOfLiked = (assigned: readonly Assigned[]) =>
    assigned.filter(({ unit, arm }) => arm.key === LIKED[contexts.get(unit) ?? 'men']).length / assigned.length

  it('gives each context its best arm more often, and its books are clean', async () => {
    await start(definitionOf())
    const assigned = await play(15, 200)
    expect(shareOfLiked(assigned.slice(0, 200))).toBeLessThan(0.5)
    expect(shareOfLiked(assigned.slice(-1_000))).toBeGreaterThan(0.75)
    const { experiment, snapshot } = here.catalogue.get(KEY)
    expect(snapshot?.number).toBe(16)
    const books = await verify(here, experiment)
    expect(books.discrepancies).toEqual([])
    expect(books.contexts).toEqual({ draws: 3_000, uncheckedDraws: 0, sums: 15, uncheckedSums: 0 })
  })

  it('draws the same after the process was killed and its catalogue loaded anew', async () => {
    await start(definitionOf())
    await play(4, 100)
    const units = Array.from({ length: 50 }, (_, place) => ({
      unit: `n${place}`,
      context: { world: 'men', recency: 3 },
    }))
    const there = await open()
    const draws = async (process: Process) => {
      const proposals: unknown[] = []
      const store = new Proxy(process.store, {
        get: (target, name) =>
          name === 'keepAssignments'
            ? (proposal: { units: unknown }) => {
                proposals.push(proposal.units)
                return Promise.resolve([])
              }
            : Reflect.get(target, name).bind?.(target),
      })
      await assign({ ...process, store }, KEY, units, now)
      return proposals
    }
    expect(await draws(there)).toEqual(await draws(here))
    await there.store.close()
  })

  it('keeps contexts coarsened, tells what is wrong with them, and reads none of a unit that has its arm', async () => {
    await start(definitionOf())
    const [first, second, third] = await assign(
      here,
      KEY,
      [{ unit: 'a', context: { world: 'children', recency: 11, other: 'x' } }, { unit: 'b', context: 'men' }, 'c'],
      now,
    )
    expect(first?.contextFaults).toEqual([
      { feature: 'world', fault: 'unknown-level' },
      { feature: 'recency', fault: 'out-of-range' },
    ])
    expect(second?.contextFaults).toEqual([{ feature: null, fault: 'not-an-object' }])
    expect(third?.contextFaults).toEqual([])
    const [again] = await assign(here, KEY, [{ unit: 'a', context: { world: 5 } }], now)
    expect(again).toMatchObject({ reason: 'kept', contextFaults: [] })
    const { id } = here.catalogue.get(KEY).experiment
    const page = { after: null, limit: 10, metricCount: 2 }
    const kept = (await here.store.readTotals(id, page)).map(({ unit, context }) => [unit, context])
    expect(Object.fromEntries(kept)).toEqual({ a: '[null,10]', b: '[null,null]', c: '[null,null]' })
    await setStatus(here, KEY, 'paused', { actor: 'test', now })
    const [paused] = await assign(here, KEY, [{ unit: 'd', context: 'men' }], now)
    expect(paused).toMatchObject({ reason: 'paused', contextFaults: [] })
  })

  it('with a policy that does not read contexts draws by the shares of its snapshots, and sums all the same', async () => {
    await start(definitionOf({ policy: { type: 'thompson', controlShare: null } }))
    await play(5, 100)
    const { experiment, snapshot } = here.catalogue.get(KEY)
    const [unit] = await assign(here, KEY, [{ unit: 'a', context: { world: 'men' } }], now)
    expect(snapshot?.propensities).toContain(unit?.assignment?.propensity)
    const books = await verify(here, experiment)
    expect(books.discrepancies).toEqual([])
    expect(books.contexts).toMatchObject({ draws: 501, sums: 6 })
  })

  it('goes on when a feature is appended and another one retired, also in a process that has not heard of it', async () => {
    await start(definitionOf())
    await play(3, 100)
    const there = await open()
    const [world, recency] = INPUT.features as NonNullable<DefinitionInput['features']>
    const features = [
      world,
      { ...recency, retired: true },
      { key: 'member', type: 'boolean' },
    ] as DefinitionInput['features']
    await applyDefinition(here, KEY, () => definitionOf({ features }), { ...request, now })
    const [unit] = await assign(here, KEY, [{ unit: 'm', context: { world: 'men', recency: 3, member: true } }], now)
    expect(unit?.contextFaults).toEqual([])
    // It scores the unit by a rule that has a feature it does not know of.
    const [rewarded] = await recordRewards(there, [{ unit: 'm', metric: 'visit', value: 1 }], now)
    expect(rewarded?.status).toBe('recorded')
    await followStore(there)
    expect(there.catalogue.get(KEY).rule?.features.map(({ key, retired }) => [key, retired])).toEqual([
      ['world', false],
      ['recency', true],
      ['member', false],
    ])
    await play(4, 100, 19)
    const { experiment } = here.catalogue.get(KEY)
    expect((await verify(here, experiment)).discrepancies).toEqual([])
    await there.store.close()
  })

  it('goes on when arms are added and retired', async () => {
    await start(definitionOf())
    await play(3, 100)
    const arms = [{ key: 'control' }, { key: 'mens' }, { key: 'womens', retired: true }, { key: 'both' }]
    await applyDefinition(here, KEY, () => definitionOf({ arms }), { ...request, now })
    const assigned = await play(4, 100, 20)
    expect(new Set(assigned.map(({ arm }) => arm.key))).toEqual(new Set(['control', 'mens', 'both']))
    expect(here.catalogue.get(KEY).snapshot?.propensities[2]).toBeNull()
    expect((await verify(here, here.catalogue.get(KEY).experiment)).discrepancies).toEqual([])
    const retired = [{ key: 'control', retired: true }, ...arms.slice(1)]
    await applyDefinition(here, KEY, () => definitionOf({ arms: retired }), { ...request, now })
    await play(2, 50, 21)
    const { experiment } = here.catalogue.get(KEY)
    expect((await verify(here, experiment)).discrepancies).toEqual([])
    const heads = await here.store.findSnapshots(experiment.id)
    const sums = await readBatchSums(experiment.definition, heads, await here.store.readSums(experiment.id))
    expect(sums.map(({ policyRows: [row] }) => row === null)).toEqual([
      ...new Array<boolean>(7).fill(false),
      true,
      true,
    ])
  })

  it('weighs by age where the policy has a half-life, and leaves the control its share', async () => {
    const policy = { type: 'contextual', controlShare: 0.3, shrinkage: 1, halfLife: '2s' } as const
    await start(definitionOf({ policy }))
    const assigned = await play(6, 100)
    for (const { arm, assignment } of assigned) {
      if (arm.key === 'control') expect(assignment?.propensity).toBe(0.3)
    }
    const forgetful = here.catalogue.get(KEY).snapshot?.propensities
    await applyDefinition(here, KEY, () => definitionOf({ policy: { ...policy, halfLife: null } }), { ...request, now })
    expect(here.catalogue.get(KEY).snapshot?.propensities).not.toEqual(forgetful)
    expect(here.catalogue.get(KEY).snapshot?.propensities[0]).toBe(0.3)
  })

  it('assigns in slices with snapshots in between', async () => {
    await start(definitionOf())
    const units = Array.from({ length: 450 }, (_, place) => ({ unit: `s${place}`, context: { world: 'women' } }))
    let count = 0
    for await (const assigned of assignInSlices(here, KEY, units)) count += assigned.length
    expect(count).toBe(450)
    expect(here.catalogue.get(KEY).snapshot?.number).toBeGreaterThan(2)
    expect((await verify(here, here.catalogue.get(KEY).experiment)).discrepancies).toEqual([])
  })

  it.each([
    [
      'a context',
      `UPDATE assignments SET context = '[1,3]' WHERE context LIKE '[0,%' AND snapshot = 4`,
      /unit .*, prop/,
    ],
    ['a rule', `UPDATE snapshot_rules SET rule = replace(rule, ':0.1,', ':0.3,') WHERE snapshot = 3`, /unit .*, prop/],
    [
      'a sum of contexts',
      `UPDATE context_sums SET sums = zeroblob(length(sums)) WHERE snapshot = 2 AND part = 'contexts'`,
      /sums contexts of arm \d, snapshot 2/,
    ],
    [
      'a row of scores',
      `UPDATE context_sums SET sums = zeroblob(length(sums)) WHERE snapshot = 2 AND part = 'outcomes'`,
      /sums row of metric 0, snapshot 2/,
    ],
    ['sums that are gone', 'DELETE FROM context_sums WHERE snapshot = 2', /sums, snapshot 2, parts/],
    ['a part that is gone', `DELETE FROM context_sums WHERE snapshot = 2 AND part = 'contexts'`, /sums, snapshot 2/],
    [
      'sums that are too short',
      `UPDATE context_sums SET sums = zeroblob(72) WHERE snapshot = 2 AND part = 'outcomes'`,
      /sums, snapshot 2/,
    ],
  ])('has books in which verify() finds %s that is not as it should be', async (_, sql, cell) => {
    await start(definitionOf())
    await play(5, 60)
    const db = new Database(join(folder, 'x.db'))
    expect(db.prepare(sql).run().changes).toBeGreaterThan(0)
    db.close()
    const { discrepancies } = await verify(here, here.catalogue.get(KEY).experiment)
    expect(discrepancies.map(found => found.cell)).toContainEqual(expect.stringMatching(cell))
  })

  it('has a scored ledger whose counts are those of the tallies', async () => {
    await start(definitionOf())
    await play(4, 100)
    const { experiment } = here.catalogue.get(KEY)
    const { id, definition } = experiment
    const stored = await here.store.readLedger(id, 0)
    const ledger = ledgerOf(experiment, definition.metrics[0] as Definition['metrics'][number], stored, now)
    const sums = await readBatchSums(definition, stored.snapshots, await here.store.readSums(id))
    const scored = scoredLedger(stored.snapshots, ledger, sums)
    expect(scored).toHaveLength(4)
    for (const { snapshot, sums: own, weights } of scored) {
      const tallies = ledger[snapshot - 1]?.tallies ?? []
      expect([...(own.rows[0]?.armUnits ?? [])]).toEqual(tallies.map(({ units }) => units))
      expect(own.outcomes[0]?.map(({ xy }) => xy[0])).toEqual(tallies.map(({ sum }) => sum))
      expect(own.contexts.map(xx => xx[0])).toEqual(tallies.map(({ units }) => units))
      const bySegments = own.segments.reduce((sum, { row }) => sum + row.units, 0)
      expect(bySegments).toBe(own.rows[0]?.units)
      expect(weights.metrics).toHaveLength(2)
      expect(weights.segments).toHaveLength(3)
    }
    const closed = closedBatches(definition, stored.snapshots, ledger, sums, now)
    expect(closed.map(({ ageMs }) => ageMs)).toEqual([6_000, 4_000, 2_000, 0])
  })
})
