// What a race would complain of. The race itself takes minutes: node scripts/race.ts.
import { beforeEach, describe, expect, it } from 'vitest'
import { ClientRecord, type RewardEvent, type Told } from '../../scripts/crash/record.ts'

const told: Told = { unit: 'u', arm: 'a', propensity: 0.4, snapshot: 2, assignedAt: '2026-01-05T12:00:00.000Z' }
const event: RewardEvent = { unit: 'u', metric: 'visit', value: 1, id: 'e' }

describe('ClientRecord of a race', () => {
  let record: ClientRecord
  beforeEach(() => {
    record = new ClientRecord()
    record.hearAssignment({ ...told, reason: 'kept' })
    record.hearAssignment({ ...told, reason: 'assigned' })
    record.hearRaced(event, 'duplicate')
    record.hearRaced(event, 'recorded')
  })

  it('has no complaint where one replica was first and all say the same', () => {
    const events = { visit: { count: 1, sum: 1 }, spend: { count: 0, sum: 0 } }
    expect(record.lossesIn([{ told, events }], null)).toEqual([])
    expect([record.losses, record.neverAssigned]).toEqual([[], []])
    expect(record.counts).toEqual({ assignments: 1, rewards: 1, losses: 0 })
  })

  it.each<[string, () => void]>([
    ['another arm', () => record.hearAssignment({ ...told, arm: 'b', reason: 'kept' })],
    ['another snapshot', () => record.hearAssignment({ ...told, snapshot: 3, reason: 'kept' })],
    ['two that were first', () => record.hearAssignment({ ...told, reason: 'assigned' })],
    ['an event that counts twice', () => record.hearRaced(event, 'recorded')],
    ['an event that is not taken', () => record.hearRaced({ ...event, id: 'f' }, 'rejected')],
  ])('complains of %s', (_, happen) => {
    happen()
    expect(record.losses).toHaveLength(1)
  })

  it('knows the units that nobody was the first to assign', () => {
    record.hearAssignment({ ...told, unit: 'v', reason: 'kept' })
    expect(record.neverAssigned).toEqual(['v'])
  })
})
