import { describe, expect, it } from 'vitest'
import { DEFINITION } from '../../scripts/bench/experiment.ts'
import { assign } from '../../src/bandit/assign.ts'
import { Catalogue } from '../../src/bandit/catalogue.ts'
import { applyDefinition, setStatus } from '../../src/bandit/experiment/change-experiment.ts'
import { completeDefinition } from '../../src/bandit/experiment/definition-input.ts'
import { refreshSnapshots } from '../../src/bandit/snapshots.ts'
import { openStore } from '../../src/store/open.ts'
import { type Arrivals, growLedger, type LedgerSize, predictedSnapshots, type Rule } from '../support/grow-ledger.ts'
import { NOON } from '../support/http/service.ts'

const DECADES = [1e4, 1e5, 1e6, 1e7, 1e8, 1e9]
/** Snapshots for ten times the units, by two per cent each. */
const PER_DECADE = Math.log(10) / Math.log(1.02)

const arrivals = (changes: Partial<Arrivals> = {}): Arrivals => ({
  unitsPerDay: 1e6,
  rewardsPerUnit: 0.1,
  windowMs: null,
  ...changes,
})

/** Each decade brings as many as any other, to a twentieth. */
function isLogarithmic(sizes: readonly LedgerSize[]): boolean {
  const added = sizes.slice(1).map(({ snapshots }, before) => snapshots - (sizes[before] as LedgerSize).snapshots)
  return Math.max(...added) <= 1.05 * Math.min(...added)
}

/** The control: a snapshot every so many units, however many there are. */
function everySoManyUnits(step: number): Rule {
  const size = { units: 0, rewards: 0 }
  let taken = 0
  return {
    size,
    addUnits: (_snapshot, units) => {
      size.units += units
    },
    addRewards: rewards => {
      size.rewards += rewards
    },
    isDue: () => size.units - taken >= step,
    snapshotTaken: () => {
      taken = size.units
    },
  }
}

describe('growLedger()', () => {
  it('grows with the logarithm of the units, as predicted', () => {
    const sizes = growLedger(arrivals(), DECADES)
    expect(isLogarithmic(sizes)).toBe(true)
    for (const { units, snapshots } of sizes) {
      expect(Math.abs(snapshots / predictedSnapshots(arrivals(), units) - 1), `${units} units`).toBeLessThan(0.02)
    }
    const [first, last] = [sizes[0] as LedgerSize, sizes.at(-1) as LedgerSize]
    expect((last.snapshots - first.snapshots) / 5 / PER_DECADE).toBeCloseTo(1, 1)
  })

  it('would show a rule that does not: a snapshot for every 10,000 units', () => {
    const sizes = growLedger(arrivals(), DECADES.slice(0, 4), everySoManyUnits(10_000))
    expect(isLogarithmic(sizes)).toBe(false)
    expect(sizes.at(-1)?.snapshots).toBeGreaterThan(800)
  })

  it('has fewer than a thousand after a year of a billion units a day, with a window too', () => {
    const year = [3.65e11]
    const [plain] = growLedger(arrivals({ unitsPerDay: 1e9 }), year)
    const [waiting] = growLedger(arrivals({ unitsPerDay: 1e9, windowMs: 14 * 86_400_000 }), year)
    expect(plain?.snapshots).toBeLessThan(predictedSnapshots({ unitsPerDay: 1e9 }, 3.65e11))
    expect(waiting?.snapshots).toBeGreaterThan(plain?.snapshots as number)
    expect(waiting?.snapshots).toBeLessThan(1_000)
  })

  it('comes to what the service itself takes', async () => {
    const [unitsPerSecond, units] = [100, 12_000]
    const store = await openStore('sqlite::memory:')
    const deps = { store, catalogue: await Catalogue.load(store) }
    const request = { actor: 'a test', now: NOON }
    const definition = completeDefinition(DEFINITION)
    await applyDefinition(deps, definition.key, () => definition, { ...request, salt: 'salt' })
    await setStatus(deps, definition.key, 'running', request)
    const perTick = unitsPerSecond / 10
    for (let tick = 1; tick * perTick <= units; tick++) {
      const now = NOON + 100 * tick
      const names = Array.from({ length: perTick }, (_, unit) => `u-${tick}-${unit}`)
      await assign(deps, definition.key, names, now)
      await refreshSnapshots(deps, now)
    }
    const taken = deps.catalogue.get(definition.key).snapshot?.number
    await store.close()
    const [grown] = growLedger(arrivals({ unitsPerDay: unitsPerSecond * 86_400, rewardsPerUnit: 0 }), [units])
    expect(taken).toBe(grown?.snapshots)
  })
})
