// What every store must keep of experiments with features, whichever engine is under it.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { changeBetween } from '../../src/bandit/experiment/change.ts'
import { completeDefinition } from '../../src/bandit/experiment/definition-input.ts'
import type { Metric } from '../../src/bandit/metrics/metric.ts'
import type { NewSnapshot, Proposal, RewardEntry, Scoring, Store, UnitFacts } from '../../src/store/port.ts'
import { CountedScoring, countedIn } from '../support/counted-units.ts'
import type { Database } from './store.ts'

const definition = completeDefinition({
  key: 'checkout',
  arms: [{ key: 'control' }, { key: 'green' }],
  metrics: [
    { key: 'buy', type: 'binary', role: 'primary', window: '1h' },
    { key: 'rating', type: 'continuous', range: [1, 5] },
  ],
})

const HOUR = 3_600_000
const START = 1_000_000

/** Without a context. */
const UNIT = { unit: 'u1', arm: 1, propensity: 0.75 }

/** As long as the longest rule may be; its number is the snapshot's. */
const ruleOf = (number: number): string => `${String(number).padEnd(100_000)}`

export function describeContexts(engine: string, createDatabase: () => Promise<Database>): void {
  describe(`contexts and their sums on ${engine}`, () => {
    let database: Database
    let store: Store
    let scoring: CountedScoring

    beforeEach(async () => {
      database = await createDatabase()
      store = await database.open()
      scoring = new CountedScoring()
    })

    afterEach(async () => {
      await store.close()
      await database.destroy()
    })

    const openBeside = () => (database.openBeside ?? database.open)()

    async function reopen(): Promise<void> {
      await store.close()
      store = await database.open()
    }

    /** Its first snapshot has a rule, unless there is none. */
    async function createRunning(first: NewSnapshot = snapshot(1), key = 'checkout'): Promise<number> {
      const draft = {
        definition: { ...definition, key },
        status: 'draft',
        winner: null,
        startedAt: null,
        stoppedAt: null,
      } as const
      const entry = changeBetween(null, draft, { action: 'created', at: START, actor: 'test' })
      const created = await store.createExperiment(
        { definition: draft.definition, salt: 'salt', createdAt: START },
        entry,
      )
      if (created === null) throw new Error(`There is an experiment ${key} already`)
      const running = { ...created, status: 'running', startedAt: START } as const
      const started = changeBetween(created, running, { action: 'started', at: START, actor: 'test' })
      await store.changeExperiment(created, running, started, first)
      return created.id
    }

    /** Units with their contexts. */
    function proposal(
      experimentId: number,
      contexts: Readonly<Record<string, number>>,
      changes: Partial<Proposal> = {},
    ): Proposal {
      const units = Object.entries(contexts).map(([unit, context]) => ({
        unit,
        arm: 1,
        propensity: 0.75,
        context: JSON.stringify(context),
      }))
      return { experimentId, snapshot: 1, assignedAt: START, metrics: definition.metrics, units, scoring, ...changes }
    }

    function reward(experimentId: number, unit: string, changes: Partial<RewardEntry> = {}): RewardEntry {
      const entry = { experimentId, unit, value: 1, at: START, isDatedHere: false, id: null, scoring }
      const attribution = { windowMs: HOUR, until: null }
      return { ...entry, metricPosition: 0, metric: definition.metrics[0] as Metric, attribution, ...changes }
    }

    function rating(experimentId: number, unit: string, changes: Partial<RewardEntry> = {}): RewardEntry {
      return reward(experimentId, unit, { metricPosition: 1, metric: definition.metrics[1] as Metric, ...changes })
    }

    const counted = async (id: number) => countedIn(await store.readSums(id))

    async function contextsOf(id: number): Promise<[unit: string, context: string | null][]> {
      const units = await store.readTotals(id, { after: null, limit: 999, metricCount: 2 })
      const audited: UnitFacts[] = []
      await store.audit(id, 2, facts => audited.push(facts))
      expect(audited.map(({ unit, context }) => [unit, context])).toEqual(
        units.map(({ unit, context }) => [unit, context]),
      )
      return units.map(({ unit, context }) => [unit, context])
    }

    it('changeExperiment() and takeSnapshot() keep weights, and a rule, which no list of snapshots has', async () => {
      const id = await createRunning()
      const { rule: _, ...first } = snapshot(1)
      const { rule: __, ...second } = snapshot(2)
      expect(await store.findSnapshots(id)).toEqual([{ ...first, units: 0, lastAssignedAt: null }])
      expect(await store.takeSnapshot(id, snapshot(2))).toBe(true)
      expect(await store.takeSnapshot(id, { ...snapshot(2), rule: 'of another' })).toBe(false)
      expect(await store.takeSnapshot(id, withoutRule(3))).toBe(true)
      const heads = [first, second, withoutRule(3)]
      const expected = heads.map(head => ({ ...head, units: 0, lastAssignedAt: null }))
      expect(await store.findSnapshots(id)).toEqual(expected)
      await reopen()
      expect(await store.findSnapshots(id)).toEqual(expected)
      const rules = await Promise.all([1, 2, 3, 4].map(number => store.readRule(id, number)))
      expect(rules).toEqual([ruleOf(1), ruleOf(2), null, null])
    })

    it('keepAssignments() keeps the context of whoever was first, and sums it once', async () => {
      const id = await createRunning()
      const kept = await store.keepAssignments(proposal(id, { u1: 5, u2: 7 }))
      expect(kept.every(assignment => !('context' in assignment))).toBe(true)
      const again = await store.keepAssignments(proposal(id, { u2: 70, u3: 9 }))
      expect(again.map(({ isNew }) => isNew)).toEqual([false, true])
      const twice = [11, 12].flatMap(context => proposal(id, { u4: context }).units)
      await store.keepAssignments(proposal(id, {}, { units: twice }))
      await reopen()
      expect(await contextsOf(id)).toEqual([
        ['u1', '5'],
        ['u2', '7'],
        ['u3', '9'],
        ['u4', '11'],
      ])
      expect(await counted(id)).toEqual({ '1 units': { units: 4, arms: 4, propensities: 3, contexts: 32, rules: 4 } })
    })

    it('keepAssignments() sums what is proposed at once, by snapshot and by experiment', async () => {
      const [id, other] = [await createRunning(), await createRunning(snapshot(1), 'cart')]
      await store.takeSnapshot(id, snapshot(2))
      const otherScoring = new CountedScoring()
      await Promise.all([
        store.keepAssignments(proposal(id, { u1: 5, u2: 7 })),
        store.keepAssignments(proposal(other, { u1: 80 }, { scoring: otherScoring })),
        store.keepAssignments(proposal(id, { u1: 50, u3: 9 })),
        store.keepAssignments(proposal(id, { u4: 11 }, { snapshot: 2 })),
        store.keepAssignments(proposal(id, {}, { units: [{ unit: 'u5', arm: 0, propensity: 0.25 }] })),
      ])
      const [u1 = []] = await contextsOf(id)
      const contexts = Number(u1[1]) + 7 + 9 + 1_000
      expect(await counted(id)).toEqual({
        '1 units': { units: 4, arms: 3, propensities: 2.5, contexts, rules: 4 },
        '2 units': { units: 1, arms: 1, propensities: 0.75, contexts: 11, rules: 2 },
      })
      expect(await counted(other)).toEqual({
        '1 units': { units: 1, arms: 1, propensities: 0.75, contexts: 80, rules: 1 },
      })
    })

    it('recordRewards() moves a unit for each counted reward, and for no other', async () => {
      const id = await createRunning()
      await store.keepAssignments(proposal(id, { u1: 5, u2: 7 }))
      const statuses = await store.recordRewards([
        reward(id, 'u1', { id: 'e1' }),
        reward(id, 'u1', { id: 'e1', value: 64 }),
        reward(id, 'nobody', { value: 64 }),
        reward(id, 'u1', { value: 64, at: START + HOUR + 1 }),
        reward(id, 'u2', { value: 2 }),
      ])
      expect(statuses).toEqual(['recorded', 'duplicate', 'unassigned', 'late', 'recorded'])
      const first = { moves: 2, metrics: 0, before: 0, after: 3, contexts: 12, rules: 2 }
      expect((await counted(id))['1 moves']).toEqual(first)
      expect(await store.recordRewards([reward(id, 'u1', { id: 'e1', value: 64 })])).toEqual(['duplicate'])
      expect((await counted(id))['1 moves']).toEqual(first)
      // Totals go over as they are; what an outcome is made of them the scoring knows.
      const clipped = [rating(id, 'u1', { value: 8 }), rating(id, 'u1', { value: -6 })]
      expect(await store.recordRewards(clipped)).toEqual(['clipped', 'recorded'])
      expect((await counted(id))['1 moves']).toEqual({
        moves: 4,
        metrics: 2,
        before: 8,
        after: 13,
        contexts: 22,
        rules: 4,
      })
    })

    it('recordRewards() moves each unit under its own snapshot, with the context it had', async () => {
      const id = await createRunning()
      for (const number of [2, 3]) await store.takeSnapshot(id, snapshot(number))
      for (const number of [1, 2, 3])
        await store.keepAssignments(proposal(id, { [`u${number}`]: number }, { snapshot: number }))
      await store.keepAssignments(proposal(id, { u1: 64 }, { snapshot: 3 }))
      await reopen()
      scoring = new CountedScoring()
      await store.recordRewards(['u3', 'u1', 'u2', 'u1'].map(unit => reward(id, unit)))
      expect(scoring.given.toSorted()).toEqual([1, 2, 3].map(number => [number, ruleOf(number)]))
      const moved = { metrics: 0, before: 0, after: 1 }
      expect(await counted(id)).toMatchObject({
        '1 moves': { ...moved, moves: 2, before: 1, after: 3, contexts: 2, rules: 2 },
        '2 moves': { ...moved, moves: 1, contexts: 2, rules: 2 },
        '3 moves': { ...moved, moves: 1, contexts: 3, rules: 3 },
      })
    })

    it('gives the scoring a rule when it does not know it, and only then', async () => {
      const id = await createRunning()
      await store.keepAssignments(proposal(id, { u1: 5 }))
      await store.keepAssignments(proposal(id, { u2: 5 }))
      await store.recordRewards([reward(id, 'u1'), reward(id, 'u2')])
      await store.takeSnapshot(id, snapshot(2))
      await store.keepAssignments(proposal(id, { u3: 5 }, { snapshot: 2 }))
      expect(scoring.given).toEqual([
        [1, ruleOf(1)],
        [2, ruleOf(2)],
      ])
      const informed = new CountedScoring()
      informed.give(2, '7')
      await store.keepAssignments(proposal(id, { u4: 5 }, { snapshot: 2, scoring: informed }))
      expect(informed.given).toEqual([[2, '7']])
      expect((await counted(id))['2 units']).toMatchObject({ units: 2, rules: 9 })
    })

    it('sums no units of a snapshot without a rule', async () => {
      const id = await createRunning(withoutRule(1))
      await store.keepAssignments(unscored(proposal(id, {}, { units: [UNIT] })))
      await store.takeSnapshot(id, snapshot(2))
      await store.keepAssignments(proposal(id, { u2: 5 }, { snapshot: 2 }))
      await store.keepAssignments(proposal(id, { u3: 5 }))
      expect(await store.recordRewards(['u1', 'u2', 'u3'].map(unit => reward(id, unit)))).toEqual(
        new Array(3).fill('recorded'),
      )
      expect(Object.keys(await counted(id))).toEqual(['2 moves', '2 units'])
      expect((await store.readLedger(id, 0)).cells).toMatchObject([
        { snapshot: 1, units: 2, rewards: 2 },
        { snapshot: 2, units: 1, rewards: 1 },
      ])
    })

    it('keeps nothing of the kind for an experiment without features', async () => {
      const [id, other] = [await createRunning(withoutRule(1)), await createRunning(snapshot(1), 'cart')]
      const plain = unscored(proposal(id, {}, { units: [UNIT] }))
      await Promise.all([store.keepAssignments(plain), store.keepAssignments(proposal(other, { u1: 5 }))])
      await Promise.all([store.recordRewards([unscored(reward(id, 'u1'))]), store.recordRewards([reward(other, 'u1')])])
      expect(await store.readSums(id)).toEqual([])
      expect((await store.readReportFacts(id, [0])).sums).toEqual([])
      expect(await store.readRule(id, 1)).toBeNull()
      expect(await contextsOf(id)).toEqual([['u1', null]])
      expect(Object.keys(await counted(other))).toEqual(['1 moves', '1 units'])
    })

    it('readReportFacts() has the sums as readSums() reads them, in the order of snapshots, then parts', async () => {
      const id = await createRunning()
      await store.takeSnapshot(id, snapshot(2))
      await store.keepAssignments(proposal(id, { u2: 5 }, { snapshot: 2 }))
      await store.keepAssignments(proposal(id, { u1: 5 }))
      await store.recordRewards([reward(id, 'u2'), reward(id, 'u1')])
      const sums = await store.readSums(id)
      expect(sums.map(({ snapshot: number, part }) => [number, part])).toEqual([
        [1, 'moves'],
        [1, 'units'],
        [2, 'moves'],
        [2, 'units'],
      ])
      expect((await store.readReportFacts(id, [0])).sums).toEqual(sums)
    })

    it('sums nothing of a command that fails', async () => {
      const id = await createRunning()
      await store.keepAssignments(proposal(id, { u1: 5 }))
      await store.recordRewards([rating(id, 'u1')])
      const before = await store.readSums(id)
      await expect(store.recordRewards([rating(id, 'u1'), rating(id, 'u1', { value: Number.NaN })])).rejects.toThrow()
      expect(await store.readSums(id)).toEqual(before)
      const good = store.keepAssignments(proposal(id, { u2: 7 }))
      await expect(store.keepAssignments(proposal(id, { u3: 64, '': 64 }))).rejects.toThrow()
      await good
      expect((await counted(id))['1 units']).toMatchObject({ units: 2, contexts: 12 })
    })

    it('keeps no unit and no reward that cannot be summed', async () => {
      const id = await createRunning({ ...snapshot(1), rule: 'no rule' })
      const other = await createRunning(snapshot(1), 'cart')
      const otherScoring = new CountedScoring()
      const good = store.keepAssignments(proposal(other, { u1: 5 }, { scoring: otherScoring }))
      await expect(store.keepAssignments(proposal(id, { u1: 5 }))).rejects.toThrow('no rule')
      expect(await good).toMatchObject([{ isNew: true }])
      expect(await store.findAssignments(id, ['u1'])).toEqual([null])
      await store.keepAssignments(unscored(proposal(id, { u1: 5 })))
      const alsoGood = store.recordRewards([reward(other, 'u1', { scoring: otherScoring })])
      await expect(store.recordRewards([reward(id, 'u1', { id: 'e1' })])).rejects.toThrow('no rule')
      expect(await alsoGood).toEqual(['recorded'])
      expect(await store.recordRewards([unscored(reward(id, 'u1', { id: 'e1' }))])).toEqual(['recorded'])
    })

    it('sums what several openers write at once: each unit and each counted reward once', async () => {
      const id = await createRunning()
      // Those on PostgreSQL share the rows of one writer.
      const random = vi.spyOn(Math, 'random').mockReturnValue(0.5)
      const others = [await openBeside(), await openBeside(), await openBeside()]
      random.mockRestore()
      const openers = [store, ...others]
      const names = Array.from({ length: 20 }, (_, unit) => `u${unit}`)
      const all = Object.fromEntries(names.map(unit => [unit, 2]))
      await Promise.all(openers.map(opener => opener.keepAssignments(proposal(id, all))))
      for (const unit of names) {
        const told = openers.map(async (opener, place) => {
          await opener.keepAssignments(proposal(id, { [`${unit} ${place}`]: 2 }))
          return opener.recordRewards([
            reward(id, unit, { id: `e ${unit}` }),
            rating(id, 'u7', { id: `${unit} ${place}` }),
          ])
        })
        const statuses = (await Promise.all(told)).map(([status]) => status)
        expect(statuses.filter(status => status === 'recorded')).toHaveLength(1)
      }
      for (const opener of openers) {
        expect(countedIn(await opener.readSums(id))).toEqual({
          '1 units': { units: 100, arms: 100, propensities: 75, contexts: 200, rules: 100 },
          // Of u7 the totals 0 to 79 became 1 to 80.
          '1 moves': { moves: 100, metrics: 80, before: 3_160, after: 3_260, contexts: 200, rules: 100 },
        })
      }
      for (const opener of others) await opener.close()
    })
  })
}

/** As of an experiment without features. */
function unscored<Fact extends { readonly scoring?: Scoring }>({ scoring: _, ...fact }: Fact): Omit<Fact, 'scoring'> {
  return fact
}

function withoutRule(number: number): NewSnapshot {
  const ledgerSize = { units: 0, rewards: 0 }
  const propensities = [0.25, 0.75]
  return { number, version: 2, reason: 'start', createdAt: START, propensities, allDecided: false, ledgerSize }
}

function snapshot(number: number): NewSnapshot {
  return { ...withoutRule(number), weights: `{"number":${number}}`, rule: ruleOf(number) }
}
