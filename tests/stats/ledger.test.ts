import { describe, expect, it } from 'vitest'
import {
  type Batch,
  effectiveCounts,
  type Ledger,
  matureBatches,
  pooledTallies,
  unitsIn,
} from '../../src/stats/ledger.ts'
import { addTallies, EMPTY_TALLY, type Tally } from '../../src/stats/tally.ts'
import { expectGolden, readGolden } from '../support/samples/golden.ts'
import { batch, contrastCases, goldenLedger, randomLedger, successes } from '../support/samples/ledgers.ts'
import { seededRandom } from '../support/samples/random.ts'

interface EffectiveCountsCase {
  readonly name: string
  readonly expected: Record<string, { readonly N: number[]; readonly S: number[]; readonly Q: number[] }>
}

const golden = readGolden<{ cases: readonly EffectiveCountsCase[] }>('effective-counts')

describe('effectiveCounts()', () => {
  it.each(golden.cases)('agrees with the golden case "$name"', ({ name, expected }) => {
    const ledgers = contrastCases.find(one => one.name === name)
    if (ledgers === undefined) throw new Error(`There is no ledger named ${name}`)
    for (const [metric, { N, S, Q }] of Object.entries(expected)) {
      const counts = effectiveCounts(matureBatches(goldenLedger(ledgers, metric)), ledgers.arms)
      expect(counts).toHaveLength(N.length)
      counts.forEach((tally, arm) => {
        expectGolden(tally.units, N[arm], `${metric}, units of arm ${arm}`)
        expectGolden(tally.sum, S[arm], `${metric}, sum of arm ${arm}`)
        expectGolden(tally.sumOfSquares, Q[arm], `${metric}, squares of arm ${arm}`)
      })
    }
  })

  it('are the plain counts while propensities are constant', () => {
    const ledger = constantLedger(seededRandom(2))
    effectiveCounts(ledger, 3).forEach((tally, arm) => {
      const plain = pooledTallies(ledger, 3)[arm] ?? EMPTY_TALLY
      expect(tally.units / plain.units).toBeCloseTo(1, 12)
      expect(tally.sum / plain.sum).toBeCloseTo(1, 12)
    })
  })

  it('are fewer than the plain counts once propensities change (control of the test above)', () => {
    const ledger = randomLedger(seededRandom(3), [0.1, 0.2, 0.3], 20, 500)
    effectiveCounts(ledger, 3).forEach((tally, arm) => {
      const plain = pooledTallies(ledger, 3)[arm] ?? EMPTY_TALLY
      expect(tally.units).toBeLessThan(0.99 * plain.units)
    })
  })

  it('give an unbiased mean when both shares and rates change over time, unlike plain counts', () => {
    // Both arms convert at 10 % on the first day and at 30 % on the second, when the first arm gets
    // nine tenths of the units.
    const ledger = [
      batch(1, [0.1, 0.9], [successes(1000, 100), successes(9000, 900)]),
      batch(2, [0.9, 0.1], [successes(9000, 2700), successes(1000, 300)]),
    ]
    const meansOf = (tallies: readonly Tally[]) => tallies.map(({ units, sum }) => sum / units)
    const [one = 0, other = 0] = meansOf(effectiveCounts(ledger, 2))
    expect(one).toBeCloseTo(other, 12)
    expect(one).toBeCloseTo(0.2, 12)
    const [plainOne = 0, plainOther = 0] = meansOf(pooledTallies(ledger, 2))
    expect(plainOne - plainOther).toBeGreaterThan(0.1)
  })

  it('use all mature batches, in either representation', () => {
    const ledger = randomLedger(seededRandom(4), [0.1, 0.2], 10, 400)
    const [early, late] = split(ledger)
    const merged = merge(early, late)
    const turned = merge(late, early)
    expect(effectiveCounts(merged, 2)).toEqual(effectiveCounts(turned, 2))
    expect(effectiveCounts(merged, 2)).toEqual(effectiveCounts(ledger, 2))
  })

  it('do not depend on the order of the batches, nor on batches without units', () => {
    const ledger = randomLedger(seededRandom(5), [0.1, 0.2], 10, 400)
    const idle = batch(11, [0.5, 0.5], [EMPTY_TALLY, EMPTY_TALLY])
    const turned = effectiveCounts([idle, ...ledger.toReversed()], 2)
    effectiveCounts(ledger, 2).forEach((tally, arm) => {
      expect(turned[arm]?.units).toBeCloseTo(tally.units, 8)
      expect(turned[arm]?.sum).toBeCloseTo(tally.sum, 8)
    })
  })

  it('are empty for an arm without units, active or not', () => {
    const ledger = [batch(1, [0.5, null, 0.5], [successes(10, 3), EMPTY_TALLY])]
    expect(effectiveCounts(ledger, 4).slice(1)).toEqual([EMPTY_TALLY, EMPTY_TALLY, EMPTY_TALLY])
    expect(effectiveCounts([], 1)).toEqual([EMPTY_TALLY])
  })

  it('never show more successes than units', () => {
    const random = seededRandom(6)
    for (let round = 0; round < 50; round++) {
      const ledger = randomLedger(random, [1, 0.999, 0.5], 8, 50)
      for (const { units, sum } of effectiveCounts(ledger, 3)) expect(sum).toBeLessThanOrEqual(units)
    }
  })

  it('refuse units of an arm that was not active', () => {
    const ledger = [batch(7, [1, null], [successes(10, 3), successes(1, 0)])]
    expect(() => effectiveCounts(ledger, 2)).toThrow(
      new RangeError('Cannot weigh the units of arm 1 in snapshot 7: it was not active there'),
    )
  })
})

describe('matureBatches()', () => {
  const ledger = [true, true, false, true].map(
    (mature, index): Batch => ({ ...batch(index + 1, [1], [successes(1, 0)]), mature }),
  )

  it('stops at the first batch that is not mature, mature later ones included', () => {
    expect(matureBatches(ledger).map(({ snapshot }) => snapshot)).toEqual([1, 2])
  })

  it('takes everything when all are mature, and nothing when the first is not', () => {
    expect(matureBatches(ledger.slice(0, 2))).toHaveLength(2)
    expect(matureBatches(ledger.slice(2))).toEqual([])
    expect(matureBatches([])).toEqual([])
  })
})

describe('unitsIn()', () => {
  it('counts the units of all arms and batches', () => {
    expect(unitsIn(randomLedger(seededRandom(8), [0.1, 0.2, 0.3], 7, 11))).toBe(77)
    expect(unitsIn([])).toBe(0)
  })
})

describe('pooledTallies()', () => {
  it('adds up the batches, with empty tallies for arms that no batch has', () => {
    const ledger = [batch(1, [1], [successes(10, 3)]), batch(2, [0.5, 0.5], [successes(5, 1), successes(6, 2)])]
    expect(pooledTallies(ledger, 3)).toEqual([successes(15, 4), successes(6, 2), EMPTY_TALLY])
  })
})

function constantLedger(random: () => number): Ledger {
  return Array.from({ length: 20 }, (_, index) => {
    const tallies = [0.2, 0.3, 0.5].map(share => {
      const units = 1 + Math.floor(2000 * share * random())
      return successes(units, Math.floor(units * random()))
    })
    return batch(index + 1, [0.2, 0.3, 0.5], tallies)
  })
}

/** The same batches as two parts, as two shards would have counted them. */
function split(ledger: Ledger): [Ledger, Ledger] {
  const part = (share: (value: number) => number) =>
    ledger.map(one => ({ ...one, tallies: one.tallies.map(({ units, sum }) => successes(share(units), share(sum))) }))
  return [part(value => Math.floor(value / 3)), part(value => value - Math.floor(value / 3))]
}

function merge(one: Ledger, other: Ledger): Ledger {
  return one.map((left, index) => {
    const tallies = left.tallies.map((tally, arm) => addTallies(tally, other[index]?.tallies[arm] ?? EMPTY_TALLY))
    return { ...left, tallies }
  })
}
