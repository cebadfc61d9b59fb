import { describe, expect, it } from 'vitest'
import { Growth } from '../../src/bandit/growth.ts'
import type { LedgerSize, SnapshotHead } from '../../src/store/port.ts'

function head(
  number: number,
  createdAt: number,
  units: number,
  lastAssignedAt: number | null,
  before = 0,
): SnapshotHead {
  const ledgerSize = { units: before, rewards: 0 }
  return {
    number,
    version: 1,
    reason: 'refresh',
    createdAt,
    propensities: [0.5, 0.5],
    allDecided: false,
    ledgerSize,
    units,
    lastAssignedAt,
  }
}

function taken(number: number, createdAt: number, ledgerSize: LedgerSize) {
  return { number, createdAt, ledgerSize }
}

describe('Growth', () => {
  it('is due with the first unit, a second after the last snapshot', () => {
    const growth = new Growth(null)
    growth.snapshotTaken(taken(1, 10_000, { units: 0, rewards: 0 }))
    expect(growth.isDue(20_000)).toBe(false)
    growth.addUnits(1, 1, 10_100)
    expect(growth.isDue(10_999)).toBe(false)
    expect(growth.isDue(11_000)).toBe(true)
  })

  it('is due with two per cent more units or rewards, rounded up', () => {
    const growth = new Growth(null)
    growth.addUnits(1, 120, 0)
    growth.addRewards(49)
    growth.snapshotTaken(taken(2, 0, growth.size))
    growth.addUnits(2, 2, 500)
    expect(growth.isDue(5_000)).toBe(false)
    growth.addUnits(2, 1, 500)
    expect(growth.isDue(5_000)).toBe(true)
    growth.snapshotTaken(taken(3, 5_000, growth.size))
    expect(growth.isDue(9_000)).toBe(false)
    growth.addRewards(1)
    expect(growth.isDue(9_000)).toBe(true)
  })

  it('is due when the units of an open batch have had their window, though nothing new arrives', () => {
    const growth = new Growth(3_000)
    growth.snapshotTaken(taken(1, 0, { units: 0, rewards: 0 }))
    growth.addUnits(1, 10, 500)
    growth.snapshotTaken(taken(2, 1_000, growth.size))
    growth.addUnits(2, 0, 1_500)
    expect(growth.isDue(3_500)).toBe(false)
    expect(growth.isDue(3_501)).toBe(true)
    growth.snapshotTaken(taken(3, 3_501, growth.size))
    expect(growth.isDue(60_000)).toBe(false)
  })

  it('without a window is not due again when time passes', () => {
    const growth = new Growth(null)
    growth.addUnits(1, 10, 500)
    growth.snapshotTaken(taken(2, 1_000, growth.size))
    expect(growth.isDue(1e9)).toBe(false)
  })

  it('remembers from the store what it knew before a restart', () => {
    const heads = [head(1, 0, 100, 900), head(2, 1_000, 3, 1_900, 100)]
    const growth = new Growth(null, heads, 7)
    expect(growth.size).toEqual({ units: 103, rewards: 7 })
    expect(growth.isDue(5_000)).toBe(true)
    expect(new Growth(null, [head(1, 0, 100, 900), head(2, 1_000, 1, 1_900, 100)]).isDue(5_000)).toBe(false)
  })

  it('counts a straggler that was drawn under an older snapshot into its own batch', () => {
    const growth = new Growth(1_000)
    growth.addUnits(1, 5, 100)
    growth.addUnits(2, 5, 200)
    growth.addUnits(1, 1, 300)
    expect(growth.size.units).toBe(11)
    growth.snapshotTaken(taken(3, 400, growth.size))
    expect(growth.isDue(1_300)).toBe(false)
    expect(growth.isDue(1_401)).toBe(true)
  })

  it('is due whatever the clock when the open batch has 100 units, and as many as all before it', () => {
    const growth = new Growth(null)
    growth.snapshotTaken(taken(1, 0, growth.size))
    growth.addUnits(1, 99, 0)
    expect([growth.isDue(0), growth.roomInBatch]).toEqual([false, 1])
    growth.addUnits(1, 1, 0)
    expect([growth.isDue(0), growth.roomInBatch]).toEqual([true, 0])
    growth.snapshotTaken(taken(2, 0, growth.size))
    expect([growth.isDue(0), growth.roomInBatch]).toEqual([false, 100])
    growth.addUnits(2, 250, 0)
    expect([growth.isDue(0), growth.roomInBatch]).toEqual([true, -150])
    growth.snapshotTaken(taken(3, 0, growth.size))
    expect([growth.isDue(0), growth.roomInBatch]).toEqual([false, 350])
  })

  it('counts what was drawn under an older snapshot to the batches before the open one', () => {
    const growth = new Growth(null)
    growth.snapshotTaken(taken(1, 0, growth.size))
    growth.addUnits(1, 100, 0)
    growth.snapshotTaken(taken(2, 0, growth.size))
    growth.addUnits(1, 900, 0)
    growth.addUnits(2, 999, 0)
    expect([growth.isDue(0), growth.roomInBatch]).toEqual([false, 1])
    growth.addUnits(2, 1, 0)
    expect(growth.isDue(0)).toBe(true)
  })

  it('is not due for a full batch right after a failure', () => {
    const growth = new Growth(null)
    growth.addUnits(1, 500, 0)
    growth.snapshotFailed(0)
    expect([growth.isDue(9_999), growth.isDue(10_000)]).toEqual([false, true])
  })

  it('fills no more batches than the units double', () => {
    const growth = new Growth(null)
    let snapshots = 1
    for (let units = 0; units < 10_000_000; units += 1_000) {
      growth.addUnits(snapshots, 1_000, 0)
      if (!growth.isDue(0)) continue
      snapshots += 1
      growth.snapshotTaken(taken(snapshots, 0, growth.size))
    }
    expect(snapshots).toBe(1 + 1 + Math.floor(Math.log2(10_000)))
  })

  it('remembers from the store how full the open batch was', () => {
    const heads = [head(1, 0, 400, 900), head(2, 1_000, 399, 1_900, 400)]
    expect(new Growth(null, heads).isDue(1_001)).toBe(false)
    expect(new Growth(null, [...heads.slice(0, 1), head(2, 1_000, 400, 1_900, 400)]).isDue(1_001)).toBe(true)
  })
})
