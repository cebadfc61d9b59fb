import { describe, expect, it } from 'vitest'
import { silenceOf } from '../../../src/bandit/report/silence.ts'
import { storedLedger } from '../../support/samples/stored-ledger.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE

/** A batch of a hundred units every minute, of which so many were rewarded by then. */
const minutes = (...rewards: number[]) =>
  rewards.map((rewardsBefore, minute) => ({ units: [50, 50], createdAt: minute * MINUTE, rewardsBefore }))

describe('silenceOf()', () => {
  it('says nothing of an experiment without units', () => {
    expect(silenceOf(storedLedger([]), 0)).toBeNull()
    expect(silenceOf(storedLedger([{ units: [] }]), 100 * HOUR)).toBeNull()
  })

  it('hears rewards that came after the last snapshot', () => {
    expect(silenceOf(storedLedger(minutes(0, 10, 20, 20, 20, 20), 21), 10 * HOUR)).toBeNull()
  })

  it('finds that rewards have stopped while units go on', () => {
    const ledger = storedLedger(minutes(0, 10, 20, 20, 20, 20), 20)
    const found = silenceOf(ledger, 2 * MINUTE + 10 * MINUTE)
    expect(found).toEqual({ since: 2 * MINUTE, units: 400, missingRewards: 40 })
    expect(silenceOf(ledger, 2 * MINUTE + 10 * MINUTE - 1)).toBeNull()
  })

  it('is no silence where few rewards are missing: no units came, or they are seldom rewarded', () => {
    expect(silenceOf(storedLedger(minutes(0, 10, 20), 20), 10 * HOUR)).toBeNull()
    expect(silenceOf(storedLedger(minutes(0, 1, 2, 2, 2, 2), 2), 10 * HOUR)).toBeNull()
  })

  it('goes by the longest silence before', () => {
    const before = [
      { units: [50, 50], createdAt: 0, rewardsBefore: 0 },
      { units: [50, 50], createdAt: HOUR, rewardsBefore: 10 },
      { units: [500, 500], createdAt: 2 * HOUR, rewardsBefore: 20 },
      { units: [0, 0], createdAt: 2 * HOUR + MINUTE, rewardsBefore: 20 },
    ]
    const ledger = storedLedger(before, 20)
    expect(silenceOf(ledger, 4 * HOUR - 1)).toBeNull()
    expect(silenceOf(ledger, 4 * HOUR)).toMatchObject({ since: 2 * HOUR })
  })

  it('waits a day and a thousand units for the first reward', () => {
    const ledger = storedLedger([{ units: [500, 500] }])
    expect(silenceOf(ledger, 24 * HOUR - 1)).toBeNull()
    expect(silenceOf(ledger, 24 * HOUR)).toEqual({ since: 0, units: 1_000, missingRewards: 0 })
    expect(silenceOf(storedLedger([{ units: [500, 499] }]), 24 * HOUR)).toBeNull()
  })
})
