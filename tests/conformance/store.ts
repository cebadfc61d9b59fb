// What every store must keep, whichever engine is under it. Run by a test file for each engine, on
// a real one.
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Key, type KeyAction, keyChangeBetween } from '../../src/access/key.ts'
import { changeBetween } from '../../src/bandit/experiment/change.ts'
import { completeDefinition } from '../../src/bandit/experiment/definition-input.ts'
import type { Experiment } from '../../src/bandit/experiment/experiment.ts'
import type {
  Proposal,
  ProposedUnit,
  RewardEntry,
  Snapshot,
  SnapshotHead,
  Store,
  UnitFacts,
} from '../../src/store/port.ts'
import { type DueMessage, MAX_WEBHOOKS, type Message, type NewWebhook } from '../../src/webhooks/webhook.ts'

/** A fresh database of the engine under test. */
export interface Database {
  open(): Promise<Store>
  /** As another process does that uses it too; unless there is such a way: as `open`. */
  openBeside?(): Promise<Store>
  destroy(): Promise<void>
}

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

export function describeStore(engine: string, createDatabase: () => Promise<Database>): void {
  describe(`store contract on ${engine}`, () => {
    let database: Database
    let store: Store

    beforeEach(async () => {
      database = await createDatabase()
      store = await database.open()
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

    async function create(key = definition.key): Promise<Experiment> {
      const draft = {
        definition: { ...definition, key },
        status: 'draft',
        winner: null,
        startedAt: null,
        stoppedAt: null,
      } as const
      const change = changeBetween(null, draft, { action: 'created', at: START, actor: 'test' })
      const created = await store.createExperiment(
        { definition: draft.definition, salt: 'salt', createdAt: START },
        change,
      )
      if (created === null) throw new Error(`There is an experiment ${key} already`)
      return created
    }

    async function createRunning(key = definition.key): Promise<Experiment> {
      const running = await change(await create(key), { status: 'running', startedAt: START }, snapshot(1))
      if (running === null) throw new Error('Nobody else could have changed it')
      return running
    }

    /** As an audit should show those of both metrics, where nothing is archived. */
    async function auditedLedgers(id: number) {
      const ledgers = [await store.readLedger(id, 0), await store.readLedger(id, 1)]
      return ledgers.map(ledger => ({ ...ledger, archived: [] }))
    }

    function change(experiment: Experiment, state: Partial<Experiment>, next: Snapshot | null = null) {
      const after = { ...experiment, ...state }
      const entry = changeBetween(experiment, after, { action: 'changed', at: START, actor: 'test' })
      return store.changeExperiment(experiment, after, entry, next)
    }

    describe('experiments', () => {
      it('createExperiment() keeps a draft as it was given', async () => {
        const created = await create()
        expect(created).toMatchObject({
          definition,
          salt: 'salt',
          status: 'draft',
          version: 1,
          winner: null,
          createdAt: START,
        })
        await reopen()
        expect(await store.findExperiments()).toEqual([created])
      })

      it('createExperiment() gives a key to one of many who race for it', async () => {
        const draft = { definition, status: 'draft', winner: null, startedAt: null, stoppedAt: null } as const
        const entry = changeBetween(null, draft, { action: 'created', at: START, actor: 'test' })
        const racing = Array.from({ length: 20 }, (_, racer) =>
          store.createExperiment({ definition, salt: `salt-${racer}`, createdAt: START }, entry),
        )
        const winners = (await Promise.all(racing)).filter(created => created !== null)
        expect(winners).toHaveLength(1)
        expect(await store.findExperiments()).toEqual(winners)
        expect(await store.findChanges(winners[0]?.id as number)).toHaveLength(1)
      })

      it('changeExperiment() keeps state, version, history and snapshot together', async () => {
        const running = await createRunning()
        expect(running).toMatchObject({ status: 'running', version: 2, startedAt: START, stoppedAt: null })
        await reopen()
        expect(await store.findExperiments()).toEqual([running])
        expect((await store.findChanges(running.id)).map(({ version, action }) => [version, action])).toEqual([
          [1, 'created'],
          [2, 'changed'],
        ])
        expect(await store.findSnapshots(running.id)).toEqual([{ ...snapshot(1), units: 0, lastAssignedAt: null }])
      })

      it('changeExperiment() lets one of two changes to the same version win', async () => {
        const draft = await create()
        const both = [
          change(draft, { status: 'running', startedAt: 1 }, snapshot(1)),
          change(draft, { status: 'running', startedAt: 2 }, snapshot(1)),
        ]
        const changed = (await Promise.all(both)).filter(experiment => experiment !== null)
        expect(changed).toHaveLength(1)
        expect(await store.findChanges(draft.id)).toHaveLength(2)
        expect(await store.findSnapshots(draft.id)).toHaveLength(1)
      })

      it('changeExperiment() changes nothing when its snapshot was taken by somebody else', async () => {
        const running = await createRunning()
        await store.takeSnapshot(running.id, snapshot(2))
        expect(await change(running, { winner: null }, snapshot(2))).toBeNull()
        expect(await store.findExperiments()).toEqual([running])
        expect(await store.findChanges(running.id)).toHaveLength(2)
      })
    })

    describe('snapshots', () => {
      it('takeSnapshot() keeps a number once, however many race for it, and leaves no gap', async () => {
        const { id } = await createRunning()
        const racing = await Promise.all(Array.from({ length: 10 }, () => store.takeSnapshot(id, snapshot(2))))
        expect(racing.filter(isOurs => isOurs)).toHaveLength(1)
        expect(await store.takeSnapshot(id, snapshot(4))).toBe(false)
        expect(await store.takeSnapshot(id, { ...snapshot(3), version: 1 })).toBe(false)
        expect(await store.takeSnapshot(id, snapshot(1))).toBe(false)
        expect((await store.findSnapshots(id)).map(({ number }) => number)).toEqual([1, 2])
      })

      it('keeps every bit of a propensity, and which arms were not active', async () => {
        const { id } = await createRunning()
        const propensities = [0.1 + 0.2, null, 1 / 3, Number.EPSILON]
        await store.takeSnapshot(id, { ...snapshot(2), propensities })
        await reopen()
        expect((await store.findSnapshots(id)).at(-1)?.propensities).toEqual(propensities)
      })
    })

    describe('assignments', () => {
      it('keepAssignments() keeps what it proposes, and counts it for every metric', async () => {
        const { id } = await createRunning()
        const kept = await store.keepAssignments(proposal(id, ['u1', 'u2'], 1))
        expect(kept).toEqual(['u1', 'u2'].map(unit => ({ ...assigned(unit, 1), isNew: true })))
        const buy = await store.readLedger(id, 0)
        expect(buy.cells).toEqual([cell(1, { units: 2 })])
        expect(buy.snapshots[0]).toMatchObject({ units: 2, lastAssignedAt: START })
        // Without rewards a rating is 0, clipped to the lowest possible one.
        expect((await store.readLedger(id, 1)).cells).toEqual([
          cell(1, { units: 2, sum: 2, sumOfSquares: 2, largestOutcome: 1 }),
        ])
      })

      it('keepAssignments() gives a unit back the arm it had, and counts it once', async () => {
        const { id } = await createRunning()
        await store.keepAssignments(proposal(id, ['u1'], 0))
        await store.takeSnapshot(id, snapshot(2))
        const again = await store.keepAssignments({
          ...proposal(id, ['u1', 'u2'], 1),
          snapshot: 2,
          assignedAt: START + 5,
        })
        expect(again.map(({ isNew, arm, snapshot: number }) => [isNew, arm, number])).toEqual([
          [false, 0, 1],
          [true, 1, 2],
        ])
        expect((await store.readLedger(id, 0)).cells).toEqual([
          cell(0, { units: 1 }),
          { ...cell(1, { units: 1 }), snapshot: 2 },
        ])
      })

      it('keepAssignments() lets the first of racing writers win, for everyone', async () => {
        const { id } = await createRunning()
        const units = Array.from({ length: 30 }, (_, unit) => `u${unit}`)
        const racing = await Promise.all(
          Array.from({ length: 12 }, (_, racer) => store.keepAssignments(proposal(id, units, racer % 2))),
        )
        for (const [position] of units.entries()) {
          const answers = racing.map(kept => kept[position])
          expect(new Set(answers.map(answer => answer?.arm)).size).toBe(1)
          expect(answers.filter(answer => answer?.isNew)).toHaveLength(1)
        }
        const counted = (await store.readLedger(id, 0)).cells.reduce((sum, { units: n }) => sum + n, 0)
        expect(counted).toBe(units.length)
      })

      it('keepAssignments() counts a unit once that stands twice in one call', async () => {
        const { id } = await createRunning()
        const kept = await store.keepAssignments(proposal(id, ['u1', 'u1'], 1))
        expect(kept.map(({ isNew }) => isNew)).toEqual([true, false])
        expect((await store.readLedger(id, 0)).cells).toEqual([cell(1, { units: 1 })])
      })

      it('keepAssignments() tells among very many the new ones from those that have their arm, in the order proposed', async () => {
        const { id } = await createRunning()
        const names = Array.from({ length: 300 }, (_, position) => `u${position}`)
        const arms = names.map((_, position) => position % 2)
        const half = names.filter((_, position) => position % 3 === 0)
        await store.keepAssignments(proposal(id, half, 1))
        const mixed = names.map((unit, position) => proposedUnit(unit, arms[position] as number))
        const twice = [...mixed, ...mixed.slice(0, 50)]
        const kept = await store.keepAssignments({ ...proposal(id, [], 0), units: twice })
        expect(kept).toEqual(
          twice.map(({ unit, arm }, position) => {
            const isKnown = half.includes(unit)
            return { ...assigned(unit, isKnown ? 1 : arm), isNew: !isKnown && position < names.length }
          }),
        )
        const again = await store.keepAssignments(proposal(id, names, 0))
        expect(again).toEqual(kept.slice(0, names.length).map(assignment => ({ ...assignment, isNew: false })))
        const more = names.map(unit => `${unit}+`)
        expect((await store.keepAssignments(proposal(id, more, 0))).every(({ isNew }) => isNew)).toBe(true)
        const zeros = again.filter(({ arm }) => arm === 0).length
        expect((await store.readLedger(id, 0)).cells).toEqual([
          cell(0, { units: zeros + 300 }),
          cell(1, { units: 300 - zeros }),
        ])
        expect(await store.audit(id, 2, () => {})).toEqual(await auditedLedgers(id))
      })

      it('keepAssignments() keeps very many names as they are, whatever is in them', async () => {
        const { id } = await createRunning()
        const strange = [
          '"',
          '\\',
          '\\u0041',
          'a\nb',
          '\t',
          '\u0001',
          '\u007f',
          '\u2028',
          'é',
          '😀',
          'null',
          '1',
          '[]',
          '{"a":1}',
          "'",
        ]
        const names = strange.flatMap(text => [text, `${text}${text}`, `x${text}y`, `${text} `, ` ${text}`])
        const kept = await store.keepAssignments(proposal(id, names, 1))
        expect(kept).toEqual(names.map(unit => ({ ...assigned(unit, 1), isNew: true })))
        await reopen()
        expect(await store.findAssignments(id, names)).toEqual(names.map(unit => assigned(unit, 1)))
        expect((await store.readLedger(id, 0)).cells).toEqual([cell(1, { units: names.length })])
      })

      it('findAssignments() answers in the order asked, null for strangers', async () => {
        const { id } = await createRunning()
        await store.keepAssignments(proposal(id, ['b', 'a'], 0))
        await reopen()
        expect(await store.findAssignments(id, ['a', 'nobody', 'b'])).toEqual([
          assigned('a', 0),
          null,
          assigned('b', 0),
        ])
        expect(await store.findAssignments(id + 1, ['a'])).toEqual([null])
      })

      it.each(['é', '😀'.repeat(256), '__proto__', "'; DROP TABLE assignments; --", ' ', '\u200d', 'A', 'a'])(
        'keeps the unit %j apart from all others',
        async unit => {
          const { id } = await createRunning()
          await store.keepAssignments(proposal(id, [unit, `${unit.slice(0, 2)}2`], 1))
          expect((await store.findAssignments(id, [unit]))[0]?.unit).toBe(unit)
          expect((await store.readLedger(id, 0)).cells[0]?.units).toBe(2)
        },
      )
    })

    describe('rewards', () => {
      async function createWithUnit(): Promise<number> {
        const { id } = await createRunning()
        await store.keepAssignments(proposal(id, ['u1'], 1))
        return id
      }

      it('recordRewards() tells each status, in the order given', async () => {
        const id = await createWithUnit()
        const statuses = await store.recordRewards([
          reward(id, { id: 'e1' }),
          reward(id, { id: 'e1' }),
          reward(id, { unit: 'nobody' }),
          reward(id, { at: START - 1 }),
          reward(id, { at: START + HOUR + 1 }),
          reward(id, { at: START + HOUR }),
        ])
        expect(statuses).toEqual(['recorded', 'duplicate', 'unassigned', 'late', 'late', 'recorded'])
        expect((await store.readLedger(id, 0)).cells).toEqual([
          cell(1, { units: 1, sum: 1, sumOfSquares: 1, rewards: 2, largestOutcome: 1 }),
        ])
      })

      it('recordRewards() counts an id once for ever: after a restart, when it was late, under a race', async () => {
        const id = await createWithUnit()
        await store.recordRewards([reward(id, { id: 'e1' }), reward(id, { id: 'e2', at: START - 1 })])
        await reopen()
        const again = [reward(id, { id: 'e1' }), reward(id, { id: 'e2' })]
        expect(await store.recordRewards(again)).toEqual(['duplicate', 'duplicate'])
        const racing = await Promise.all(
          Array.from({ length: 20 }, () => store.recordRewards([reward(id, { id: 'e3' })])),
        )
        expect(racing.flat().filter(status => status === 'recorded')).toHaveLength(1)
        expect((await store.readLedger(id, 0)).cells[0]?.rewards).toBe(2)
      })

      it('recordRewards() takes the same id for another metric and for another experiment', async () => {
        const id = await createWithUnit()
        const { id: other } = await createRunning('cart')
        await store.keepAssignments(proposal(other, ['u1'], 0))
        const entries = [reward(id, { id: 'e1' }), rating(id, 3, { id: 'e1' }), reward(other, { id: 'e1' })]
        expect(await store.recordRewards(entries)).toEqual(['recorded', 'recorded', 'recorded'])
      })

      it('recordRewards() adds up, corrects and clips continuous values', async () => {
        const id = await createWithUnit()
        const sums: number[] = []
        for (const value of [3, 4, -5, -10, 10]) {
          await store.recordRewards([rating(id, value)])
          const { cells } = await store.readLedger(id, 1)
          expect(cells[0]?.sumOfSquares).toBe((cells[0]?.sum ?? 0) ** 2)
          sums.push(cells[0]?.sum ?? Number.NaN)
        }
        expect(sums).toEqual([3, 5, 2, 1, 2])
      })

      it('recordRewards() leaves no trace of a huge mistake that is taken back, in any order', async () => {
        const { id } = await createRunning()
        const units = ['a', 'b', 'c', 'd']
        await store.keepAssignments(proposal(id, units, 1))
        const wide = (unit: string, value: number) => {
          const entry = rating(id, value, { unit })
          return { ...entry, metric: { ...entry.metric, range: [1, 1e12] as const } }
        }
        const values = [wide('a', 1.3), wide('b', 1e12), wide('c', 2.7), wide('b', -1e12), wide('b', 4), wide('d', 9.9)]
        await store.recordRewards(values)
        const { cells } = await store.readLedger(id, 1)
        expect(cells[0]?.sum).toBeCloseTo(1.3 + 2.7 + 4 + 9.9, 12)
        expect(cells[0]?.sumOfSquares).toBeCloseTo(1.3 ** 2 + 2.7 ** 2 + 4 ** 2 + 9.9 ** 2, 12)
      })

      it('recordRewards() counts units whose total lies outside the range, and forgets those that come back', async () => {
        const id = await createWithUnit()
        await store.keepAssignments(proposal(id, ['u2'], 1))
        const told: unknown[] = []
        const steps: [unit: string, value: number][] = [
          ['u1', 6],
          ['u2', 5],
          ['u1', 1],
          ['u2', 0.5],
          ['u1', -6.5],
          ['u1', -0.5],
          ['u1', -2],
          ['u1', 7],
          ['u2', -1],
        ]
        for (const [unit, value] of steps) {
          const statuses = await store.recordRewards([rating(id, value, { unit })])
          const { unitsAbove, unitsBelow } = (await store.readLedger(id, 1)).cells[0] ?? {}
          told.push([...statuses, unitsAbove, unitsBelow])
        }
        expect(told).toEqual([
          ['clipped', 1, 0],
          ['recorded', 1, 0],
          ['clipped', 1, 0],
          ['clipped', 2, 0],
          ['clipped', 1, 1],
          // A total of 0 is that of a unit without rewards.
          ['recorded', 1, 0],
          ['clipped', 1, 1],
          ['recorded', 1, 0],
          ['recorded', 0, 0],
        ])
        expect(await store.audit(id, 2, () => {})).toEqual(await auditedLedgers(id))
      })

      it('recordRewards() counts clipped units once where a call moves a total out of the range and back', async () => {
        const id = await createWithUnit()
        const moves = [6, -4, 20, -17].map(value => rating(id, value))
        expect(await store.recordRewards(moves)).toEqual(['clipped', 'recorded', 'clipped', 'recorded'])
        expect((await store.readLedger(id, 1)).cells).toEqual([
          cell(1, { units: 1, sum: 5, sumOfSquares: 25, rewards: 4, largestOutcome: 5 }),
        ])
      })

      it('recordRewards() keeps the largest outcome, whatever is corrected later, and no late one', async () => {
        const id = await createWithUnit()
        const wide = (value: number, changes = {}) => {
          const entry = rating(id, value, changes)
          return { ...entry, metric: { ...entry.metric, range: [-50, 40] as const } }
        }
        const largest = async () => (await store.readLedger(id, 1)).cells[0]?.largestOutcome
        await store.recordRewards([wide(30), wide(-30)])
        expect(await largest()).toBe(30)
        await store.recordRewards([wide(-49, { at: START - 1 })])
        expect(await largest()).toBe(30)
        await store.recordRewards([wide(100)])
        expect(await largest()).toBe(40)
        await store.recordRewards([wide(-145), wide(45)])
        expect(await largest()).toBe(45)
        await reopen()
        expect(await largest()).toBe(45)
      })

      it('recordRewards() never clips a binary metric, nor a reward that is late', async () => {
        const id = await createWithUnit()
        const late = rating(id, 99, { at: START - 1 })
        expect(await store.recordRewards([reward(id, { value: 17 }), reward(id, { value: -40 }), late])).toEqual([
          'recorded',
          'recorded',
          'late',
        ])
        const cells = [(await store.readLedger(id, 0)).cells[0], (await store.readLedger(id, 1)).cells[0]]
        expect(cells).toMatchObject([
          { unitsAbove: 0, unitsBelow: 0, largestOutcome: 1 },
          { unitsAbove: 0, unitsBelow: 0, largestOutcome: 1 },
        ])
      })

      it('recordRewards() counts a unit back into the range that another opener counted out of it', async () => {
        const id = await createWithUnit()
        expect(await store.recordRewards([rating(id, 9)])).toEqual(['clipped'])
        const other = await openBeside()
        expect(await other.recordRewards([rating(id, -5)])).toEqual(['recorded'])
        await other.close()
        expect((await store.readLedger(id, 1)).cells).toMatchObject([{ unitsAbove: 0, largestOutcome: 5, sum: 4 }])
      })

      it('recordRewards() takes a success back when it is corrected', async () => {
        const id = await createWithUnit()
        await store.recordRewards([reward(id), reward(id, { value: -1 })])
        expect((await store.readLedger(id, 0)).cells).toEqual([cell(1, { units: 1, rewards: 2, largestOutcome: 1 })])
      })

      it('recordRewards() counts what came long after its assignment', async () => {
        const { id } = await createRunning()
        await store.keepAssignments(proposal(id, ['u1'], 1))
        const later = rating(id, 2, { at: START + HOUR + 1 })
        expect(await store.recordRewards([rating(id, 2), later])).toEqual(['recorded', 'recorded'])
        expect((await store.readLedger(id, 1)).cells[0]).toMatchObject({ rewards: 2, delayedRewards: 1 })
      })

      it('recordRewards() counts what the service dates itself, though its clock was set back', async () => {
        const id = await createWithUnit()
        expect(await store.recordRewards([reward(id, { at: START - 1, isDatedHere: true })])).toEqual(['recorded'])
      })

      it('recordRewards() stops a metric without window at its end', async () => {
        const id = await createWithUnit()
        const until = (at: number) => ({ ...rating(id, 1, { at }), attribution: { windowMs: null, until: START + 10 } })
        expect(await store.recordRewards([until(START + 10), until(START + 11)])).toEqual(['recorded', 'late'])
      })
    })

    describe('reading facts', () => {
      async function createWithFacts(): Promise<number> {
        const { id } = await createRunning()
        await store.keepAssignments(proposal(id, ['c', 'a', 'b'], 1))
        await store.recordRewards([
          reward(id, { unit: 'a' }),
          rating(id, 2.5, { unit: 'a' }),
          reward(id, { unit: 'b', at: START - 1 }),
        ])
        return id
      }

      it('readTotals() pages through all units, each once', async () => {
        const id = await createWithFacts()
        const first = await store.readTotals(id, { after: null, limit: 2, metricCount: 2 })
        const rest = await store.readTotals(id, { after: first.at(-1)?.unit ?? null, limit: 2, metricCount: 2 })
        expect([...first, ...rest].map(({ unit, totals }) => [unit, totals])).toEqual([
          ['a', [1, 2.5]],
          ['b', [0, 0]],
          ['c', [0, 0]],
        ])
      })

      it('readTotals() finds the latest total of a metric behind one without rewards', async () => {
        const id = await createWithFacts()
        await store.recordRewards([rating(id, 2, { unit: 'c' })])
        await store.recordRewards([rating(id, 3, { unit: 'c' })])
        const totalsOf = async (metricCount: number) =>
          (await store.readTotals(id, { after: 'b', limit: 2, metricCount })).map(({ totals }) => totals)
        expect(await totalsOf(2)).toEqual([[0, 5]])
        expect(await totalsOf(1)).toEqual([[0]])
        expect(await totalsOf(3)).toEqual([[0, 5, 0]])
      })

      it('audit() shows every unit with its rewards, and the ledgers of the same instant', async () => {
        const id = await createWithFacts()
        const seen: UnitFacts[] = []
        const besides: (readonly SnapshotHead[])[] = []
        const ledgers = await store.audit(id, 2, (facts, snapshots) => {
          seen.push(facts)
          besides.push(snapshots)
        })
        expect(besides).toEqual(seen.map(() => ledgers[0]?.snapshots))
        expect(
          seen.map(({ unit, rewards }) => [unit, rewards.map(({ value, isCounted }) => [value, isCounted])]),
        ).toEqual([
          [
            'a',
            [
              [1, true],
              [2.5, true],
            ],
          ],
          ['b', [[1, false]]],
          ['c', []],
        ])
        expect(ledgers).toEqual(await auditedLedgers(id))
      })
    })

    it('readLedger() sees what another opener of the same database has written', async () => {
      const { id } = await createRunning()
      await store.keepAssignments(proposal(id, ['u1'], 1))
      expect((await store.readLedger(id, 0)).cells).toEqual([cell(1, { units: 1 })])
      const other = await openBeside()
      await other.takeSnapshot(id, snapshot(2))
      await other.keepAssignments(proposal(id, ['u2', 'u3'], 0))
      await other.recordRewards([reward(id)])
      await other.close()
      const { snapshots, cells } = await store.readLedger(id, 0)
      expect(snapshots.map(({ number, units }) => [number, units])).toEqual([
        [1, 3],
        [2, 0],
      ])
      expect(cells).toEqual([
        cell(0, { units: 2 }),
        cell(1, { units: 1, sum: 1, sumOfSquares: 1, rewards: 1, largestOutcome: 1 }),
      ])
    })

    it('readReportFacts() reads the ledgers of several metrics and the history', async () => {
      const { id } = await createRunning()
      await store.keepAssignments(proposal(id, ['u1', 'u2'], 1))
      await store.recordRewards([reward(id), rating(id, 3)])
      const [buy, rate] = [await store.readLedger(id, 0), await store.readLedger(id, 1)]
      const changes = await store.findChanges(id)
      const { snapshots } = buy
      const sums: never[] = []
      const both = { snapshots, cells: [rate.cells, buy.cells], changes, sums }
      expect(await store.readReportFacts(id, [1, 0])).toEqual(both)
      expect(await store.readReportFacts(id, [])).toEqual({ ...both, cells: [] })
    })

    it('readReportFacts() reads all of one instant, whatever is written meanwhile', async () => {
      const { id } = await createRunning()
      const other = await openBeside()
      const assign = async () => {
        for (let round = 0; round < 30; round++) await other.keepAssignments(proposal(id, [`u${round}`], round % 2))
      }
      const assigning = assign()
      for (let round = 0; round < 15; round++) {
        const { snapshots, cells } = await store.readReportFacts(id, [0, 1])
        // Every metric counts all units.
        const counts = cells.map(own => own.reduce((sum, { units }) => sum + units, 0))
        expect(counts).toEqual([snapshots[0]?.units, snapshots[0]?.units])
      }
      await assigning
      await other.close()
    })

    it('readPulse() tells what another opener of the same database has written', async () => {
      const { id } = await createRunning()
      await store.readPulse()
      const other = await openBeside()
      await other.takeSnapshot(id, snapshot(2))
      await other.keepAssignments(proposal(id, ['u1', 'u2'], 1))
      await other.recordRewards([reward(id)])
      await other.close()
      expect(await store.readPulse()).toEqual([
        { experimentId: id, version: 2, snapshot: 2, units: 2, rewards: [1, 0] },
      ])
    })

    it('readLedger() equals what the audit reads, after any number of writes', async () => {
      const { id } = await createRunning()
      for (let round = 1; round <= 5; round++) {
        const assigning = store.keepAssignments({
          ...proposal(id, [`u${round}`, `v${round}`], round % 2),
          snapshot: round,
        })
        const rewarding = store.recordRewards([
          rating(id, round / 7, { unit: `u${round}` }),
          reward(id, { unit: `v${round}` }),
        ])
        await Promise.all([assigning, rewarding, store.takeSnapshot(id, snapshot(round + 1))])
        expect(await store.audit(id, 2, () => {})).toEqual(await auditedLedgers(id))
      }
    })

    it('readLedger() forgets what a command had counted before it failed', async () => {
      const { id } = await createRunning()
      await store.keepAssignments(proposal(id, ['u1'], 1))
      const before = await store.readLedger(id, 1)
      // The first reward is counted, the second cannot be stored, and so neither is.
      await expect(store.recordRewards([rating(id, 3), rating(id, Number.NaN)])).rejects.toThrow()
      expect(await store.readLedger(id, 1)).toEqual(before)
      expect(await store.audit(id, 2, () => {})).toEqual(await auditedLedgers(id))
    })

    it.each([1, 100])('undoes a command that fails after %i units, and only that one', async count => {
      const { id } = await createRunning()
      const before = Array.from({ length: count }, (_, position) => `u2${'+'.repeat(position)}`)
      const good = store.keepAssignments(proposal(id, ['u1'], 1))
      const bad = store.keepAssignments(proposal(id, [...before, ''], 1))
      const alsoGood = store.keepAssignments(proposal(id, ['u3'], 1))
      await expect(bad).rejects.toThrow()
      await Promise.all([good, alsoGood])
      expect((await store.findAssignments(id, ['u1', 'u2', 'u3'])).map(found => found !== null)).toEqual([
        true,
        false,
        true,
      ])
      expect((await store.readLedger(id, 0)).cells).toEqual([cell(1, { units: 2 })])
    })

    it('forgets nothing when it is closed and opened again', async () => {
      const { id } = await createRunning()
      await store.keepAssignments(proposal(id, ['u1', 'u2'], 1))
      await store.recordRewards([reward(id)])
      const before = [await store.findExperiments(), await store.readLedger(id, 0), await store.findChanges(id)]
      await reopen()
      expect([await store.findExperiments(), await store.readLedger(id, 0), await store.findChanges(id)]).toEqual(
        before,
      )
    })

    describe('webhooks', () => {
      const dueNow = (at = START) => store.findDueMessages(at, 10)
      const announce = (id: number, state: string, before: string | null, message: Message | null = null) =>
        store.announce(id, before, { subject: 'verdict/green', state, at: START }, message)

      /** The first message that waits, which the test knows to be there. */
      async function first(): Promise<DueMessage> {
        const [due] = await dueNow()
        if (due === undefined) throw new Error('No message waits')
        return due
      }

      it('createWebhook() keeps what it was given; findWebhooks() lists the oldest first, deleteWebhook() ends it', async () => {
        const { id } = await create()
        await store.createWebhook(webhook('wh_2', { createdAt: START + 1 }))
        await store.createWebhook(webhook('wh_1', { experimentId: id, events: ['verdict', 'arm.starved'] }))
        await reopen()
        const [one, two] = await store.findWebhooks()
        expect(one).toEqual({
          id: 'wh_1',
          url: 'https://example.com/wh_1',
          events: ['verdict', 'arm.starved'],
          experimentId: id,
          createdAt: START,
          waiting: 0,
          failures: 0,
          nextAttemptAt: 0,
          lastDeliveredAt: null,
          lastFailedAt: null,
          lastError: null,
          givenUp: 0,
        })
        expect(two).toMatchObject({ id: 'wh_2', experimentId: null, events: ['verdict'] })
        expect(await store.deleteWebhook('wh_1')).toBe(true)
        expect(await store.deleteWebhook('wh_1')).toBe(false)
        expect(await store.findWebhooks()).toEqual([two])
      })

      it('createWebhook() keeps no more than MAX_WEBHOOKS, however many processes make them at once', async () => {
        const beside = await openBeside()
        const made = await Promise.all(
          Array.from({ length: MAX_WEBHOOKS + 20 }, (_, number) =>
            (number % 2 === 0 ? store : beside).createWebhook(webhook(`wh_${number}`)),
          ),
        )
        expect(made.filter(isMade => isMade)).toHaveLength(MAX_WEBHOOKS)
        expect(await store.findWebhooks()).toHaveLength(MAX_WEBHOOKS)
        const [one] = await store.findWebhooks()
        await store.deleteWebhook(one?.id ?? '')
        expect(await beside.createWebhook(webhook('again'))).toBe(true)
        expect(await store.createWebhook(webhook('one more'))).toBe(false)
        await beside.close()
      })

      it('announce() lets one of many who saw the same state change it, and queues its message once', async () => {
        const { id } = await create()
        await store.createWebhook(webhook('wh_1'))
        const racing = Array.from({ length: 20 }, (_, racer) => announce(id, 'better', null, message(`m${racer}`)))
        expect((await Promise.all(racing)).filter(isOurs => isOurs)).toHaveLength(1)
        expect(await store.findAnnouncements(id)).toEqual([{ subject: 'verdict/green', state: 'better', at: START }])
        expect(await dueNow()).toHaveLength(1)
        expect((await store.findWebhooks())[0]).toMatchObject({ waiting: 1 })
      })

      it('announce() changes nothing where another state was seen', async () => {
        const { id } = await create()
        await store.createWebhook(webhook('wh_1'))
        expect(await announce(id, 'better', 'worse', message('m1'))).toBe(false)
        expect(await store.findAnnouncements(id)).toEqual([])
        await announce(id, 'better', null)
        expect(await announce(id, 'worse', 'undecided', message('m2'))).toBe(false)
        expect(await announce(id, 'worse', 'better', message('m3'))).toBe(true)
        await reopen()
        expect((await dueNow()).map(due => due.id)).toEqual(['m3'])
        expect(await store.findAnnouncements(id)).toMatchObject([{ state: 'worse' }])
      })

      it('announce() queues for the webhooks that want this event of this experiment', async () => {
        const [one, other] = [await create('one'), await create('other')]
        await store.createWebhook(webhook('all'))
        await store.createWebhook(webhook('own', { experimentId: one.id }))
        await store.createWebhook(webhook('other', { experimentId: other.id }))
        await store.createWebhook(webhook('deaf', { events: ['arm.starved'] }))
        await announce(one.id, 'better', null, message('m1'))
        expect((await dueNow()).map(({ webhookId, id }) => [webhookId, id])).toEqual([
          ['all', 'm1'],
          ['own', 'm1'],
        ])
        await announce(one.id, 'undecided', 'better', null)
        expect((await store.findWebhooks()).map(({ waiting }) => waiting)).toEqual([1, 0, 0, 1])
      })

      it('findDueMessages() tells the first message of each webhook only, until that is settled', async () => {
        const { id } = await create()
        await store.createWebhook(webhook('wh_1'))
        await announce(id, 'better', null, message('m1'))
        await announce(id, 'worse', 'better', message('m2'))
        const due = await first()
        expect(due).toMatchObject({
          webhookId: 'wh_1',
          id: 'm1',
          url: 'https://example.com/wh_1',
          secret: 'whsec_x',
          body: '{"m":"m1"}',
          queuedAt: START,
          failures: 0,
        })
        expect(await dueNow()).toEqual([due])
        await store.settleMessage(due, { isDelivered: true, at: START + 5 })
        expect(await first()).toMatchObject({ id: 'm2' })
        expect((await store.findWebhooks())[0]).toMatchObject({ waiting: 1, lastDeliveredAt: START + 5, failures: 0 })
      })

      it('findDueMessages() tells the longest waiting first, and no more than asked for', async () => {
        const { id } = await create()
        for (const name of ['a', 'b', 'c']) await store.createWebhook(webhook(name))
        await announce(id, 'better', null, message('m1'))
        expect((await store.findDueMessages(START, 2)).map(({ webhookId }) => webhookId)).toEqual(['a', 'b'])
      })

      it('claimMessage() gives a message to one of many, and to another when the time is over', async () => {
        const { id } = await create()
        await store.createWebhook(webhook('wh_1'))
        await announce(id, 'better', null, message('m1'))
        const due = await first()
        const racing = Array.from({ length: 20 }, () => store.claimMessage(due, START + 60))
        expect((await Promise.all(racing)).filter(isOurs => isOurs)).toHaveLength(1)
        expect(await dueNow(START + 59)).toEqual([])
        expect(await dueNow(START + 60)).toHaveLength(1)
      })

      it('settleMessage() notes a failure, and tries again when it is time', async () => {
        const { id } = await create()
        await store.createWebhook(webhook('wh_1'))
        await announce(id, 'better', null, message('m1'))
        const failure = {
          isDelivered: false,
          at: START,
          error: 'The answer was 500',
          nextAttemptAt: START + 100,
        } as const
        await store.settleMessage(await first(), { ...failure, dropBefore: START })
        await reopen()
        expect(await dueNow(START + 99)).toEqual([])
        expect(await dueNow(START + 100)).toMatchObject([{ id: 'm1', failures: 1 }])
        expect((await store.findWebhooks())[0]).toMatchObject({
          waiting: 1,
          failures: 1,
          nextAttemptAt: START + 100,
          lastFailedAt: START,
          lastError: 'The answer was 500',
          givenUp: 0,
        })
      })

      it('settleMessage() drops what is too old, and counts it', async () => {
        const { id } = await create()
        await store.createWebhook(webhook('wh_1'))
        await store.createWebhook(webhook('wh_2'))
        await announce(id, 'better', null, message('m1'))
        const failure = { isDelivered: false, at: START, error: 'no', nextAttemptAt: START } as const
        await store.settleMessage(await first(), { ...failure, dropBefore: START + 1 })
        expect((await dueNow()).map(({ webhookId }) => webhookId)).toEqual(['wh_2'])
        expect(await store.findWebhooks()).toMatchObject([
          { givenUp: 1, waiting: 0 },
          { givenUp: 0, waiting: 1 },
        ])
      })

      it('deleteWebhook() takes its messages along; one under way is settled in vain', async () => {
        const { id } = await create()
        await store.createWebhook(webhook('wh_1'))
        await announce(id, 'better', null, message('m1'))
        const due = await first()
        await store.deleteWebhook('wh_1')
        await store.settleMessage(due, { isDelivered: true, at: START })
        expect(await dueNow()).toEqual([])
        expect(await store.findWebhooks()).toEqual([])
      })
    })

    it('readSize() tells how large the database is', async () => {
      expect((await store.readSize()).databaseBytes).toBeGreaterThan(4096)
    })

    it('countWaiting() tells how many commands wait for their answer', async () => {
      expect(await store.countWaiting()).toBe(0)
      const asked = [create(), store.findAssignments(1, ['u'])]
      expect(await store.countWaiting()).toBe(2)
      await Promise.all(asked)
      expect(await store.countWaiting()).toBe(0)
    })

    describe('keys', () => {
      it('keepKeys() keeps a key as it was given, and its entry of history', async () => {
        expect(await store.readKeys()).toEqual({ keys: [], lastChange: 0 })
        const [web, ops] = [key('web'), key('ops', { scopes: ['read', 'admin'], rate: '5/s', expiresAt: START + HOUR })]
        expect(await store.keepKeys(0, [created(web), created(ops)])).toBe(true)
        await reopen()
        expect(await store.readKeys()).toEqual({ keys: [web, ops], lastChange: 2 })
        expect(await store.lastKeyChange()).toBe(2)
        expect(await store.findKeyChanges()).toEqual([created(web).change, created(ops).change])
      })

      it('keepKeys() brings a known key to its next state, and leaves the others', async () => {
        const [web, ops] = [key('web'), key('ops')]
        await store.keepKeys(0, [created(web), created(ops)])
        const ended = { ...web, expiresAt: START + HOUR, replacedAt: START }
        const next = key('web', { digest: digest('next') })
        const replacing = { key: ended, change: changeOf(web, ended, 'replaced') }
        expect(await store.keepKeys(2, [replacing, created(next)])).toBe(true)
        expect(await store.readKeys()).toEqual({ keys: [ended, ops, next], lastChange: 4 })
        const revoked = { ...ended, revokedAt: START + 1 }
        expect(await store.keepKeys(4, [{ key: revoked, change: changeOf(ended, revoked, 'revoked') }])).toBe(true)
        expect((await store.readKeys()).keys[0]).toEqual(revoked)
        expect((await store.findKeyChanges()).map(({ action }) => action)).toEqual([
          'created',
          'created',
          'replaced',
          'created',
          'revoked',
        ])
      })

      it('keepKeys() keeps nothing when somebody else changed a key first', async () => {
        await store.keepKeys(0, [created(key('web'))])
        expect(await store.keepKeys(0, [created(key('late'))])).toBe(false)
        const racing = Array.from({ length: 10 }, (_, racer) => store.keepKeys(1, [created(key(`racer-${racer}`))]))
        expect((await Promise.all(racing)).filter(isOurs => isOurs)).toHaveLength(1)
        expect((await store.readKeys()).keys).toHaveLength(2)
        expect(await store.findKeyChanges()).toHaveLength(2)
      })

      it.each<[what: string, changes: Partial<Key>]>([
        ['a second key with a name that is taken', { name: 'web' }],
        ['a publishable key that may administrate', { kind: 'pk', scopes: ['assign', 'admin'] }],
        ['a publishable key that may read', { kind: 'pk', scopes: ['read'] }],
        ['a digest that is none', { digest: 'short' }],
      ])('keepKeys() refuses %s, and keeps nothing of the call', async (_what, changes) => {
        await store.keepKeys(0, [created(key('web'))])
        const wrong = created(key('wrong', changes))
        await expect(store.keepKeys(1, [created(key('good')), wrong])).rejects.toThrow()
        expect((await store.readKeys()).keys).toEqual([key('web')])
        expect(await store.lastKeyChange()).toBe(1)
      })
    })
  })
}

function webhook(id: string, changes: Partial<NewWebhook> = {}): NewWebhook {
  const url = `https://example.com/${id}`
  return { id, url, events: ['verdict'], experimentId: null, secret: 'whsec_x', createdAt: START, ...changes }
}

function message(id: string): Message {
  return { id, type: 'verdict', body: JSON.stringify({ m: id }) }
}

function key(name: string, changes: Partial<Key> = {}): Key {
  return {
    name,
    kind: 'sk',
    scopes: ['assign', 'reward'],
    digest: digest(name),
    hint: 'pw_sk_abcd…',
    rate: null,
    createdAt: START,
    expiresAt: null,
    replacedAt: null,
    revokedAt: null,
    ...changes,
  }
}

function digest(text: string): string {
  return Buffer.from(text).toString('hex').padEnd(64, '0')
}

function changeOf(before: Key | null, after: Key, action: KeyAction) {
  return keyChangeBetween(before, after, { action, at: START, actor: 'test' })
}

function created(key: Key) {
  return { key, change: changeOf(null, key, 'created') }
}

function snapshot(number: number): Snapshot {
  const ledgerSize = { units: 0, rewards: 0 }
  const propensities = [0.25, 0.75]
  return { number, version: 2, reason: 'start', createdAt: START, propensities, allDecided: number > 1, ledgerSize }
}

function proposal(experimentId: number, units: readonly string[], arm: number): Proposal {
  return {
    experimentId,
    snapshot: 1,
    assignedAt: START,
    metrics: definition.metrics,
    units: units.map(unit => proposedUnit(unit, arm)),
  }
}

function proposedUnit(unit: string, arm: number): ProposedUnit {
  return { unit, arm, propensity: propensityOf(arm) }
}

function propensityOf(arm: number): number {
  return arm === 0 ? 0.25 : 0.75
}

function assigned(unit: string, arm: number) {
  return { unit, arm, propensity: propensityOf(arm), snapshot: 1, assignedAt: START }
}

function cell(arm: number, sums: Record<string, number>) {
  return {
    snapshot: 1,
    arm,
    units: 0,
    sum: 0,
    sumOfSquares: 0,
    rewards: 0,
    delayedRewards: 0,
    unitsAbove: 0,
    unitsBelow: 0,
    largestOutcome: 0,
    ...sums,
  }
}

function reward(experimentId: number, changes: Partial<RewardEntry> = {}): RewardEntry {
  const [metric] = definition.metrics
  if (metric === undefined) throw new Error('The definition has metrics')
  const attribution = { windowMs: HOUR, until: null }
  return {
    experimentId,
    metricPosition: 0,
    metric,
    attribution,
    unit: 'u1',
    value: 1,
    at: START,
    isDatedHere: false,
    id: null,
    ...changes,
  }
}

function rating(experimentId: number, value: number, changes: Partial<RewardEntry> = {}): RewardEntry {
  const [, metric] = definition.metrics
  if (metric === undefined) throw new Error('The definition has two metrics')
  const attribution = { windowMs: null, until: null }
  return { ...reward(experimentId), metricPosition: 1, metric, attribution, value, ...changes }
}
