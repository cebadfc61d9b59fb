// The crash test in small, and that it would see a loss if there were one: each kind of loss is
// made on purpose, in a way that leaves the books in balance where that can be done, and must be
// found.
import { copyFileSync, rmSync, statSync, truncateSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { audit } from '../../scripts/crash/audit.ts'
import { crash } from '../../scripts/crash/crash.ts'
import { DefinitionRecord, type HistoryEntry } from '../../scripts/crash/definition.ts'
import { Load } from '../../scripts/crash/load.ts'
import { ClientRecord, type Facts, type Mark, type RewardEvent, type Told } from '../../scripts/crash/record.ts'
import { prepare, withService } from '../../scripts/crash/session.ts'
import { sqliteSite } from '../../scripts/crash/sqlite.ts'
import { onFile } from '../../scripts/service/service-process.ts'
import { seededChance } from '../../src/stats/numerics/chance.ts'
import { scratchFolder } from '../support/scratch.ts'

/** Each starts several processes; on a busy machine one takes seconds. */
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })

let folder: string
let databasePath: string
beforeEach(() => {
  folder = scratchFolder()
  databasePath = join(folder, 'pinwheel.db')
})
afterEach(() => rmSync(folder, { recursive: true }))

/** Its first kill comes late and under load, when much was acknowledged. */
const PATIENT_SEED = 613

describe('crash()', () => {
  it('finds nothing lost by a kill', async () => {
    const result = await crash({ site: sqliteSite(folder), folder, kills: 1, seed: PATIENT_SEED })
    expect(result).toMatchObject({ lossCount: 0, losses: [], audits: 1 })
    expect(result.acknowledgedAssignments).toBeGreaterThan(0)
  })

  it('finds what was lost where a disk forgets what it had promised', async () => {
    const onDown = () => truncateSync(`${databasePath}-wal`, Math.floor(statSync(`${databasePath}-wal`).size / 2))
    const { lossCount, losses } = await crash({
      site: sqliteSite(folder),
      folder,
      kills: 1,
      seed: PATIENT_SEED,
      onDown,
    })
    expect(lossCount).toBeGreaterThan(0)
    expect(losses.length).toBeGreaterThan(0)
  })
})

describe('audit()', () => {
  const record = new ClientRecord()
  let source: string
  let mark: Mark

  /** A service that was busy, and then stopped when nothing waited for an answer any more. */
  beforeAll(async () => {
    source = scratchFolder()
    const load = new Load(record, seededChance(PATIENT_SEED, 1))
    await withService(onFile(join(source, 'pinwheel.db')), async (service, connection) => {
      await prepare(connection)
      const working = load.run(connection)
      await vi.waitFor(() => expect(record.counts.rewards).toBeGreaterThan(500), { timeout: 50_000, interval: 5 })
      await load.change(connection)
      load.end()
      await working
      await load.settle(connection)
      await service.stop()
    })
    mark = record.mark
  })
  afterAll(() => rmSync(source, { recursive: true }))
  beforeEach(() => copyFileSync(join(source, 'pinwheel.db'), databasePath))

  /** In one transaction. */
  function damage(...sentences: readonly string[]): void {
    const db = new Database(databasePath)
    db.transaction(() => {
      for (const sentence of sentences) expect(db.prepare(sentence).run().changes, sentence).toBeGreaterThan(0)
    })()
    db.close()
  }

  it('finds nothing where all is as it was told', async () => {
    expect(record.losses).toEqual([])
    expect(record.definition.changes).toBeGreaterThan(0)
    expect(await audit(`sqlite:${databasePath}`, record, mark)).toEqual([])
    expect(await audit(`sqlite:${databasePath}`, record, null)).toEqual([])
  })

  const UNREWARDED =
    'unit IN (SELECT a.unit FROM assignments a LEFT JOIN rewards r USING (unit) WHERE r.unit IS NULL LIMIT 1)'
  const NEWEST_SPEND = `(unit, metric, sequence) IN
    (SELECT unit, metric, max(sequence) FROM rewards WHERE metric = 1 GROUP BY unit ORDER BY unit LIMIT 1)`
  const cellOf = (facts: string) => `(metric, snapshot, arm) IN
    (SELECT r.metric, a.snapshot, a.arm FROM rewards r JOIN assignments a USING (unit) WHERE ${facts.replace('unit,', 'r.unit,')})`
  const cells = (facts: string) => `(snapshot, arm) IN (SELECT snapshot, arm FROM assignments WHERE ${facts})`

  it.each<[name: string, sentences: readonly string[], loss: RegExp]>([
    [
      'an assignment that was forgotten, and is in no tally either',
      [
        `UPDATE tallies SET units = units - 1 WHERE ${cells(UNREWARDED)}`,
        `UPDATE snapshots SET units = units - 1 WHERE number IN (SELECT snapshot FROM assignments WHERE ${UNREWARDED})`,
        `DELETE FROM assignments WHERE ${UNREWARDED}`,
      ],
      /^u\d+: was acknowledged, and is not in the database$/,
    ],
    [
      'a reward that was forgotten',
      [
        `UPDATE tallies SET rewards = rewards - 1 WHERE ${cellOf(NEWEST_SPEND)}`,
        `DELETE FROM rewards WHERE ${NEWEST_SPEND}`,
      ],
      /^u\d+: the rewards of spend are \d+ with the sum -?\d+, acknowledged/,
    ],
    [
      'a reward that counts twice',
      [
        `UPDATE tallies SET rewards = rewards + 1 WHERE ${cellOf(NEWEST_SPEND)}`,
        `INSERT INTO rewards SELECT experiment_id, unit, metric, sequence + 1, value, at, counted, total + value, NULL
           FROM rewards WHERE ${NEWEST_SPEND}`,
      ],
      /^u\d+: the rewards of spend are \d+ with the sum -?\d+, acknowledged/,
    ],
    [
      'a unit that nobody was told of',
      [
        "INSERT INTO assignments SELECT experiment_id, 'stranger', arm, propensity, snapshot, assigned_at, context FROM assignments LIMIT 1",
      ],
      /^stranger: is in the database, though its request was answered to nobody$/,
    ],
    [
      'another arm',
      [`UPDATE assignments SET arm = (arm + 1) % 3 WHERE ${UNREWARDED}`],
      /^u\d+: arm is \w+, acknowledged/,
    ],
    [
      'another propensity, of the snapshot too',
      [
        'UPDATE assignments SET propensity = propensity / 2',
        "UPDATE snapshots SET propensities = '[0.1]' WHERE number = 1",
      ],
      /^u\d+: propensity is [\d.]+, acknowledged/,
    ],
    [
      'another time',
      [`UPDATE assignments SET assigned_at = assigned_at + 1 WHERE ${UNREWARDED}`],
      /^u\d+: assignedAt is/,
    ],
    [
      'a change that was forgotten, with its entry of history',
      [
        'DELETE FROM changes WHERE version = (SELECT max(version) FROM changes)',
        `UPDATE experiments SET version = version - 1,
           definition = json_set(definition, '$.description', 'an older one')`,
      ],
      /^version \d+ was acknowledged, and version \d+ is there$/,
    ],
    [
      'a change that was made twice',
      [
        `INSERT INTO changes (experiment_id, version, at, actor, action, changes)
           SELECT experiment_id, version + 1, at, actor, action, changes FROM changes
           ORDER BY version DESC LIMIT 1`,
        'UPDATE experiments SET version = version + 1',
      ],
      /^version \d+ is there, and nobody asked for more than \d+$/,
    ],
    [
      'an arm that is back from retirement, or gone into it',
      [
        `UPDATE experiments SET definition = json_set(definition, '$.arms[2].retired', json('true'), '$.arms[1].retired', json('true'))`,
      ],
      /^the experiment is .*, acknowledged/,
    ],
    ['a tally that is not what the facts say', ['UPDATE tallies SET units = units + 1'], /^verify: tally visit/],
  ])('finds %s', async (_, sentences, loss) => {
    damage(...sentences)
    expect(await audit(`sqlite:${databasePath}`, record, null)).toContainEqual(expect.stringMatching(loss))
  })
})

describe('ClientRecord', () => {
  const told: Told = { unit: 'u', arm: 'a', propensity: 0.4, snapshot: 2, assignedAt: '2026-01-05T12:00:00.000Z' }
  const event: RewardEvent = { unit: 'u', metric: 'spend', value: 7, id: 'e' }
  let record: ClientRecord
  beforeEach(() => {
    record = new ClientRecord()
    record.hearAssignment({ ...told, reason: 'assigned' })
    record.hearReward(event, 'recorded', false)
  })

  const exported = { ...told, outcomes: { visit: 0, spend: 7 } }
  const none = { count: 0, sum: 0 }

  it('has no complaint when all is as it was told', () => {
    record.hearKept({ ...told, reason: 'kept' })
    record.hearRepeated(event, 'duplicate')
    record.hearExport([exported])
    expect(record.lossesIn([{ told, events: { visit: none, spend: { count: 1, sum: 7 } } }], null)).toEqual([])
    expect(record.losses).toEqual([])
  })

  it('takes no fallback for an assignment', () => {
    const fallback = { unit: 'v', arm: 'a', propensity: null, snapshot: null, assignedAt: null, reason: 'fallback' }
    expect(record.hearAssignment(fallback)).toBe(false)
    expect(record.units).toEqual(['u'])
  })

  it('counts an event that was heard without an answer once', () => {
    record.hearReward({ ...event, id: 'f' }, 'duplicate', true)
    record.hearExport([{ ...told, outcomes: { visit: 0, spend: 14 } }])
    expect(record.losses).toEqual([])
  })

  it('lets a file have more than had been acknowledged at a moment, and not less', () => {
    const since = record.mark
    record.hearAssignment({ ...told, unit: 'later', reason: 'assigned' })
    record.hearReward({ ...event, id: 'f' }, 'recorded', false)
    const facts = (count: number): Facts[] => [{ told, events: { visit: none, spend: { count, sum: 7 * count } } }]
    expect(record.lossesIn(facts(1), since)).toEqual([])
    expect(record.lossesIn(facts(2), since)).toEqual([])
    expect(record.lossesIn(facts(0), since)).toHaveLength(1)
    expect(record.lossesIn(facts(1), record.mark)).toHaveLength(2)
  })

  it.each<[string, (record: ClientRecord) => void]>([
    ['another arm', record => record.hearKept({ ...told, arm: 'b', reason: 'kept' })],
    ['another propensity', record => record.hearKept({ ...told, propensity: 0.5, reason: 'kept' })],
    ['another snapshot', record => record.hearKept({ ...told, snapshot: 3, reason: 'kept' })],
    ['another time', record => record.hearKept({ ...told, assignedAt: '2026-01-05T12:00:00.001Z', reason: 'kept' })],
    ['a unit assigned anew', record => record.hearKept({ ...told, reason: 'assigned' })],
    ['a unit assigned twice', record => record.hearAssignment({ ...told, reason: 'assigned' })],
    [
      'an arm that had been retired',
      record => record.hearAssignment({ ...told, unit: 'v', reason: 'assigned' }, new Set('a')),
    ],
    [
      'a snapshot of two minds',
      record => record.hearAssignment({ ...told, unit: 'v', propensity: 0.5, reason: 'assigned' }),
    ],
    ['a reward that counts again', record => record.hearRepeated(event, 'recorded')],
    ['a reward that is not taken', record => record.hearReward({ ...event, id: 'f' }, 'unassigned', false)],
    [
      'a first reward that is taken for a retry',
      record => record.hearReward({ ...event, id: 'f' }, 'duplicate', false),
    ],
    ['a unit that is not exported', record => record.hearExport([])],
    ['a unit that is exported twice', record => record.hearExport([exported, exported])],
    ['a reward that is not counted', record => record.hearExport([{ ...told, outcomes: { visit: 0, spend: 0 } }])],
    ['a reward that counts twice', record => record.hearExport([{ ...told, outcomes: { visit: 0, spend: 14 } }])],
  ])('sees %s', (_, happen) => {
    happen(record)
    expect(record.counts.losses).toBeGreaterThan(0)
    expect(record.losses).toHaveLength(record.counts.losses)
  })
})

describe('DefinitionRecord', () => {
  const FIRST = { version: 2, ...new DefinitionRecord().change(() => 0.9), description: 'as it was first defined' }
  const created: HistoryEntry[] = [1, 2].map(version => ({ version, changes: [] }))
  const entryOf = (version: number, description: string): HistoryEntry => ({ version, changes: [{ to: description }] })

  it('takes an unanswered change for made or not made, an acknowledged one for made', () => {
    const record = new DefinitionRecord()
    const asked = record.change(() => 0.1)
    const made = { ...asked, version: 3 }
    const history = [...created, entryOf(3, asked.description)]
    const before = { ...FIRST, policy: { type: 'thompson' } }
    expect(record.lossesIn(before, created)).toEqual([])
    expect(record.lossesIn(made, history)).toEqual([])
    expect(record.hear(made)).toEqual([])
    expect(record.lossesIn(made, history)).toEqual([])
    expect(record.lossesIn(before, created)).toHaveLength(2)
    expect(record.lossesIn(before, created, 2)).toEqual([])
  })

  it.each([
    ['made twice', { version: 4 }],
    ['made by halves', { arms: FIRST.arms }],
  ])('sees a change that was %s', (_, answer) => {
    const record = new DefinitionRecord()
    const asked = record.change(() => 0.1)
    expect(record.hear({ ...asked, version: 3, ...answer })).toHaveLength(1)
  })
})
