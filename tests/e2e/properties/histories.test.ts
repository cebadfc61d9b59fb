// Whatever happens in whatever order, the books are right: a few histories here, all of them in
// `npm run fuzz`. And a store that cheats is found out, or the histories would prove nothing.
import { describe, expect, it } from 'vitest'
import { QUICK } from '../../../scripts/fuzz/expect-holds.ts'
import type { Played } from '../../../scripts/fuzz/histories/expect-books.ts'
import { checkHistories } from '../../../scripts/fuzz/histories/histories.ts'
import type { Store } from '../../../src/store/port.ts'

const { histories: RUNS } = QUICK
const SEED = 20_260_105

/** A store that cheats is found out by then; usually by the first few. */
const CONTROL_RUNS = 40

describe('a history in any order', () => {
  it('gives one arm to a unit, counts once, and keeps tallies that are the facts', async () => {
    const lives: Played[] = []
    await checkHistories({ runs: RUNS, seed: SEED, onPlayed: played => lives.push(played) })
    expect(lives).toHaveLength(RUNS)
    // Where little happens, little is shown.
    const mean = (name: keyof Played) => lives.reduce((sum, life) => sum + life[name], 0) / RUNS
    expect(mean('units')).toBeGreaterThan(5)
    expect(mean('rewards')).toBeGreaterThan(5)
    expect(mean('snapshots')).toBeGreaterThan(2)
    expect(mean('versions')).toBeGreaterThan(4)
  })
})

describe('the histories find out a store that', () => {
  it.each<[name: string, cheat: (store: Store) => Partial<Store>, reason: RegExp]>([
    [
      'gives a unit another arm when it comes again',
      ({ findAssignments }) => ({
        findAssignments: async (id, units) =>
          (await findAssignments(id, units)).map(kept => kept && { ...kept, arm: 1 - Math.min(1, kept.arm) }),
      }),
      /keeps what it was first given/,
    ],
    [
      'counts a retry again',
      ({ recordRewards }) => ({
        recordRewards: entries => recordRewards(entries.map(entry => ({ ...entry, id: null }))),
      }),
      /duplicate/,
    ],
    [
      'counts what comes late',
      ({ recordRewards }) => ({
        recordRewards: entries =>
          recordRewards(entries.map(entry => ({ ...entry, attribution: { windowMs: null, until: null } }))),
      }),
      /late|recorded/,
    ],
    [
      'loses a reward that it has acknowledged',
      ({ recordRewards }) => ({
        recordRewards: async entries => [...(await recordRewards(entries.slice(1))), 'recorded'],
      }),
      /recorded|counted once|tallies|rewards/,
    ],
    [
      'clips outcomes and does not say so',
      ({ recordRewards }) => ({
        recordRewards: async entries =>
          (await recordRewards(entries)).map(status => (status === 'clipped' ? 'recorded' : status)),
      }),
      /clipped/,
    ],
    [
      'freezes propensities that do not sum to one',
      ({ takeSnapshot }) => ({
        takeSnapshot: (id, snapshot) =>
          takeSnapshot(id, {
            ...snapshot,
            propensities: snapshot.propensities.map(share => share && share * 0.999_999),
          }),
      }),
      /propensities sum to 0\.99|too small: 0\.00099|unit .* propensity|keeps/,
    ],
    [
      'hands out a ledger that is one reward behind',
      ({ readLedger }) => ({
        readLedger: async (id, metric) => {
          const ledger = await readLedger(id, metric)
          return { ...ledger, cells: ledger.cells.map(cell => ({ ...cell, rewards: Math.max(0, cell.rewards - 1) })) }
        },
      }),
      /the ledger in memory|a restart changes nothing/,
    ],
    [
      'leaves a change out of the history',
      ({ findChanges }) => ({ findChanges: async id => (await findChanges(id)).slice(0, -1) }),
      /each change is in the history/,
    ],
  ])('%s', async (_, cheat, reason) => {
    const wrapStore = (store: Store) => ({ ...store, ...cheat(store) })
    await expect(checkHistories({ runs: CONTROL_RUNS, seed: SEED, wrapStore, isShrunk: false })).rejects.toThrow(reason)
  })
})
