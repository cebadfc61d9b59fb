// The crash test in small, and that it would see a loss if there were one.
import { rmSync, statSync, truncateSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { audit } from '../../scripts/crash/audit.ts'
import { crash } from '../../scripts/crash/crash.ts'
import { ClientRecord, type RewardEvent, type Told } from '../../scripts/crash/record.ts'
import { scratchFolder } from '../support/scratch.ts'

/** Each starts several processes; on a busy machine one takes seconds. */
vi.setConfig({ testTimeout: 60_000 })

let folder: string
let databasePath: string
beforeEach(() => {
  folder = scratchFolder()
  databasePath = join(folder, 'pinwheel.db')
})
afterEach(() => rmSync(folder, { recursive: true }))

/** Its first kills come late, when much was acknowledged. */
const PATIENT_SEED = 13

describe('crash()', () => {
  it('finds nothing lost by a kill; a tally that is not what the facts say is found by its audit', async () => {
    const result = await crash({ databasePath, kills: 1, seed: PATIENT_SEED })
    expect(result).toMatchObject({ kills: 1, lossCount: 0, losses: [], audits: 1 })
    expect(result.acknowledgedAssignments).toBeGreaterThan(0)
    const db = new Database(databasePath)
    db.exec('UPDATE tallies SET units = units + 1')
    db.close()
    const record = new ClientRecord()
    await audit(databasePath, record)
    expect(record.losses[0]).toMatch(/^verify: tally visit, snapshot 1, arm \w+, units: recomputed \d+, kept \d+$/)
  })

  it('finds what was lost where a disk forgets what it had promised', async () => {
    const meddle = () => truncateSync(`${databasePath}-wal`, Math.floor(statSync(`${databasePath}-wal`).size / 2))
    const { lossCount, losses } = await crash({ databasePath, kills: 2, seed: PATIENT_SEED, meddle })
    expect(lossCount).toBeGreaterThan(0)
    expect(losses.length).toBeGreaterThan(0)
  })
})

describe('ClientRecord', () => {
  const told: Told = { unit: 'u', arm: 'a', propensity: 0.4, snapshot: 2, assignedAt: '2026-01-05T12:00:00.000Z' }
  const event: RewardEvent = { unit: 'u', metric: 'spend', value: 7, id: 'e' }
  let record: ClientRecord
  beforeEach(() => {
    record = new ClientRecord()
    record.hearAssignment({ ...told, reason: 'assigned' })
    record.hearReward(event, 'recorded')
  })

  it('has no complaint when all is as it was told', () => {
    record.hearKept({ ...told, reason: 'kept' })
    record.hearRepeated(event, 'duplicate')
    record.hearExport([{ ...told, outcomes: { visit: 0, spend: 7 } }])
    expect(record.losses).toEqual([])
  })

  it('takes no fallback for an assignment', () => {
    const fallback = { unit: 'v', arm: 'a', propensity: null, snapshot: null, assignedAt: null, reason: 'fallback' }
    expect(record.hearAssignment(fallback)).toBe(false)
    expect(record.units).toEqual(['u'])
  })

  it('counts an event that was heard without an answer once', () => {
    record.hearReward({ ...event, id: 'f' }, 'duplicate')
    record.hearExport([{ ...told, outcomes: { visit: 0, spend: 14 } }])
    expect(record.losses).toEqual([])
  })

  it.each<[string, (record: ClientRecord) => void]>([
    ['another arm', record => record.hearKept({ ...told, arm: 'b', reason: 'kept' })],
    ['another propensity', record => record.hearKept({ ...told, propensity: 0.5, reason: 'kept' })],
    ['another snapshot', record => record.hearKept({ ...told, snapshot: 3, reason: 'kept' })],
    ['another time', record => record.hearKept({ ...told, assignedAt: '2026-01-05T12:00:00.001Z', reason: 'kept' })],
    ['a unit assigned anew', record => record.hearKept({ ...told, reason: 'assigned' })],
    ['a reward that counts again', record => record.hearRepeated(event, 'recorded')],
    ['a reward that is not taken', record => record.hearReward({ ...event, id: 'f' }, 'unassigned')],
    ['a unit that is not exported', record => record.hearExport([])],
    ['a reward that is not counted', record => record.hearExport([{ ...told, outcomes: { visit: 0, spend: 0 } }])],
    ['a reward that counts twice', record => record.hearExport([{ ...told, outcomes: { visit: 0, spend: 14 } }])],
  ])('sees %s', (_, happen) => {
    happen(record)
    expect(record.counts.losses).toBeGreaterThan(0)
    expect(record.losses).toHaveLength(record.counts.losses)
  })
})
