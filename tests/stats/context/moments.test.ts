import { describe, expect, it } from 'vitest'
import { effectiveMoments } from '../../../src/stats/context/effective-moments.ts'
import { type ArmMoments, ContextSums, OutcomeSums, padMoments } from '../../../src/stats/context/moments.ts'
import { effectiveCounts } from '../../../src/stats/ledger.ts'
import { momentsOf, randomContext } from '../../support/samples/contexts.ts'
import { randomLedger } from '../../support/samples/ledgers.ts'
import { seededRandom } from '../../support/samples/random.ts'

function randomUnits(count: number, dimension: number, seed: number) {
  const random = seededRandom(seed)
  return Array.from({ length: count }, () => ({
    x: Float64Array.from(randomContext(random, dimension)),
    outcome: 100 * random(),
  }))
}

describe('OutcomeSums', () => {
  it('are the same to the last bit whether a unit is put in with its outcome or moved to it later', () => {
    const units = randomUnits(500, 5, 21)
    const [atOnce, moved] = [new OutcomeSums(5), new OutcomeSums(5)]
    for (const { x, outcome } of units) {
      atOnce.add(x, outcome)
      moved.add(x, 7)
    }
    for (const { x } of units) moved.move(x, 7, 1e6)
    for (const { x, outcome } of units.toReversed()) moved.move(x, 1e6, outcome)
    expect(moved.values()).toEqual(atOnce.values())
  })

  it('are not when rounding is left behind (control of the law above)', () => {
    let [atOnce, moved] = [0, 0]
    for (const { outcome } of randomUnits(500, 1, 21)) {
      atOnce += outcome
      moved += 1e15 + (outcome - 1e15)
    }
    expect(moved).not.toBe(atOnce)
  })

  it('and ContextSums do not depend on order, merge, and go on from what was stored', () => {
    const units = randomUnits(300, 4, 22)
    const sumsOf = (list: typeof units) => {
      const [contexts, outcomes] = [new ContextSums(4), new OutcomeSums(4)]
      for (const { x, outcome } of list) {
        contexts.add(x)
        outcomes.add(x, outcome)
      }
      return { contexts, outcomes }
    }
    const whole = sumsOf(units)
    const turned = sumsOf(units.toReversed())
    const [first, second] = [sumsOf(units.slice(0, 100)), sumsOf(units.slice(100))]
    const contexts = new ContextSums(4, first.contexts.stored())
    const outcomes = new OutcomeSums(4, first.outcomes.stored())
    contexts.addAll(second.contexts)
    outcomes.addAll(second.outcomes)
    for (const other of [turned, { contexts, outcomes }]) {
      expect(other.contexts.values()).toEqual(whole.contexts.values())
      expect(other.outcomes.values()).toEqual(whole.outcomes.values())
    }
  })
})

describe('padMoments()', () => {
  it('gives what the units would have given with the appended columns at their constants', () => {
    const random = seededRandom(23)
    const units = Array.from({ length: 60 }, () => [0, randomContext(random, 3), random()] as const)
    const constants = [0, 1, 0.25]
    const [narrow] = momentsOf(units, 1, 3)
    const [wide] = momentsOf(
      units.map(([arm, x, outcome]) => [arm, [...x, ...constants], outcome] as const),
      1,
      6,
    )
    const padded = padMoments(narrow as ArmMoments, Float64Array.from(constants))
    padded.xx.forEach((value, place) => {
      expect(value).toBeCloseTo(wide?.xx[place] as number, 12)
    })
    padded.xy.forEach((value, place) => {
      expect(value).toBeCloseTo(wide?.xy[place] as number, 12)
    })
    expect(padded.yy).toBe(wide?.yy)
  })
})

describe('effectiveMoments()', () => {
  it('are, without features, the effective counts of a ledger, discounted or not', () => {
    const ledger = randomLedger(seededRandom(24), [0.1, 0.2, 0.3], 20, 50)
    const discountOf = ({ snapshot }: { snapshot: number }) => 0.8 ** (20 - snapshot)
    for (const discount of [() => 1, discountOf]) {
      const moments = effectiveMoments(
        ledger.map(batch => ({
          snapshot: batch.snapshot,
          meanPropensity: batch.propensities,
          arms: batch.tallies.map(({ units, sum, sumOfSquares }) => ({
            xx: Float64Array.of(units),
            xy: Float64Array.of(sum),
            yy: sumOfSquares,
          })),
          discount: discount(batch),
        })),
        3,
        1,
      )
      effectiveCounts(ledger, 3, discount).forEach(({ units, sum, sumOfSquares }, arm) => {
        expect((moments[arm]?.xx[0] ?? 0) / units).toBeCloseTo(1, 12)
        expect((moments[arm]?.xy[0] ?? 0) / sum).toBeCloseTo(1, 12)
        expect((moments[arm]?.yy ?? 0) / sumOfSquares).toBeCloseTo(1, 12)
      })
    }
  })

  it('refuses units of an arm without a propensity', () => {
    const arms = momentsOf([[1, [1], 0]], 2, 1)
    expect(() => effectiveMoments([{ snapshot: 4, meanPropensity: [1, null], arms }], 2, 1)).toThrow(
      'Cannot weigh the units of arm 1 in snapshot 4',
    )
  })
})
