import { describe, expect, it } from 'vitest'
import { logChange, logOfBoundaries } from '../../../src/stats/context/drift.ts'
import { effectiveMoments, type MomentBatch } from '../../../src/stats/context/effective-moments.ts'
import { discountAt } from '../../../src/stats/context/half-life.ts'
import { tallyOf } from '../../../src/stats/context/predictions.ts'
import { fitSlopes } from '../../../src/stats/context/slopes-fit.ts'
import { lendMoments, lentPrior, lentShare } from '../../../src/stats/context/warm-start.ts'
import { effectiveCounts } from '../../../src/stats/ledger.ts'
import { tuneSequence } from '../../../src/stats/sequences/confidence-sequence.ts'
import { type GoldenUnit, momentsOf } from '../../support/samples/contexts.ts'
import { expectGolden, readGolden } from '../../support/samples/golden.ts'
import { batch } from '../../support/samples/ledgers.ts'

interface GoldenBatch {
  readonly age?: number
  readonly units: readonly GoldenUnit[]
  readonly meanPropensity: readonly number[]
}

interface Sums {
  readonly N: number
  readonly S: number
  readonly Q: number
}

interface GoldenScore {
  readonly estimate: number
  readonly weight: number
  readonly variance: number
}

interface Golden {
  readonly batches: readonly GoldenBatch[]
  readonly discounted: readonly {
    readonly halfLifeMs: number | null
    readonly expected: {
      readonly factors: readonly number[]
      readonly effective: readonly Sums[]
      readonly coefficients: readonly (readonly number[])[]
      readonly shrinkage: number
    }
  }[]
  readonly ledger: {
    readonly cells: readonly { ageDays: number; propensity: number; units: number; sum: number }[]
    readonly cases: readonly { readonly halfLifeDays: number | null; readonly expected: { N: number; S: number } }[]
  }
  readonly warmStart: {
    readonly earlier: readonly GoldenBatch[]
    readonly now: readonly GoldenBatch[]
    readonly cases: readonly {
      readonly weight: number
      readonly cap: number
      readonly expected: {
        readonly prior: readonly Sums[]
        readonly coefficients: readonly (readonly number[])[]
        readonly shrinkage: number
        readonly variance: readonly number[]
        readonly beta: readonly { readonly alpha: number; readonly beta: number }[]
      }
    }[]
  }
  readonly drift: {
    readonly changes: readonly {
      readonly before: GoldenScore
      readonly after: GoldenScore
      readonly plannedUnits: number
      readonly expected: number
    }[]
    readonly boundaries: readonly (readonly number[])[]
    readonly expected: number
  }
}

const golden = readGolden<Golden>('context/memory')
const DAY_MS = 86_400_000

function momentBatches(batches: readonly GoldenBatch[], halfLifeMs: number | null = null): MomentBatch[] {
  return batches.map(({ age = 0, units, meanPropensity }, place) => ({
    snapshot: place + 1,
    meanPropensity,
    arms: momentsOf(units, meanPropensity.length, units[0]?.[1].length ?? 1),
    discount: discountAt(age, halfLifeMs),
  }))
}

function dimensionOf([first]: readonly GoldenBatch[]): number {
  return first?.units[0]?.[1].length ?? 1
}

describe('a half-life', () => {
  it.each(golden.discounted)('of $halfLifeMs ms gives the golden factors, counts and fit', one => {
    const { halfLifeMs, expected } = one
    const batches = momentBatches(golden.batches, halfLifeMs)
    expected.factors.forEach((factor, place) => {
      expectGolden(batches[place]?.discount, factor)
    })
    const effective = effectiveMoments(batches, expected.effective.length, dimensionOf(golden.batches))
    expected.effective.forEach(({ N, S, Q }, arm) => {
      const tally = tallyOf(effective[arm] as (typeof effective)[number])
      expectGolden(tally.units, N)
      expectGolden(tally.sum, S)
      expectGolden(tally.sumOfSquares, Q)
    })
    const fit = fitSlopes(effective)
    expectGolden(fit?.shrinkage, expected.shrinkage)
    expected.coefficients.forEach((coefficients, arm) => {
      coefficients.forEach((value, place) => {
        expectGolden(fit?.arms[arm]?.coefficients[place], value)
      })
    })
  })

  it.each(golden.ledger.cases)('of $halfLifeDays days discounts a ledger without context', one => {
    const ledger = golden.ledger.cells.map(({ propensity, units, sum }, place) =>
      batch(place + 1, [propensity], [{ units, sum, sumOfSquares: sum }]),
    )
    const halfLifeMs = one.halfLifeDays === null ? null : one.halfLifeDays * DAY_MS
    const ageOf = (snapshot: number) => (golden.ledger.cells[snapshot - 1]?.ageDays ?? 0) * DAY_MS
    const [tally] = effectiveCounts(ledger, 1, ({ snapshot }) => discountAt(ageOf(snapshot), halfLifeMs))
    expectGolden(tally?.units, one.expected.N)
    expectGolden(tally?.sum, one.expected.S)
  })

  it('never makes a batch of the future count more', () => {
    expect(discountAt(-5, 10)).toBe(1)
    expect(discountAt(10, 10)).toBe(0.5)
  })
})

describe('a warm start', () => {
  it.each(golden.warmStart.cases)('with weight $weight and cap $cap gives the golden fit and prior', one => {
    const { expected, ...start } = one
    const { earlier, now } = golden.warmStart
    const arms = expected.prior.length
    const dimension = dimensionOf(now)
    const lent = effectiveMoments(momentBatches(earlier), arms, dimension)
    const own = effectiveMoments(momentBatches(now), arms, dimension)
    expected.prior.forEach(({ N, S, Q }, arm) => {
      const tally = tallyOf(lent[arm] as (typeof lent)[number])
      const share = lentShare(tally.units, start)
      expectGolden(share * tally.units, N)
      expectGolden(share * tally.sum, S)
      expectGolden(share * tally.sumOfSquares, Q)
      const prior = lentPrior(tally, start)
      expectGolden(prior.alpha, expected.beta[arm]?.alpha)
      expectGolden(prior.beta, expected.beta[arm]?.beta)
    })
    const fit = fitSlopes(own.map((moments, arm) => lendMoments(moments, lent[arm] ?? null, start)))
    expectGolden(fit?.shrinkage, expected.shrinkage)
    expected.variance.forEach((variance, arm) => {
      expectGolden(fit?.arms[arm]?.variance, variance)
      expected.coefficients[arm]?.forEach((value, place) => {
        expectGolden(fit?.arms[arm]?.coefficients[place], value)
      })
    })
  })

  it('lends nothing of an arm that is new', () => {
    const [own] = momentsOf([[0, [1, 0.5], 1]], 1, 2)
    if (own === undefined) throw new Error('There are no moments')
    expect(lendMoments(own, null, { weight: 1, cap: 500 })).toBe(own)
    expect(lentShare(0, { weight: 1, cap: 500 })).toBe(0)
  })
})

describe('the drift alarm', () => {
  it('has the golden evidence of changes and of all boundaries', () => {
    for (const { before, after, plannedUnits, expected } of golden.drift.changes) {
      expectGolden(logChange(before, after, tuneSequence(0.05, plannedUnits)), expected)
    }
    expectGolden(logOfBoundaries(golden.drift.boundaries), golden.drift.expected)
    expect(logOfBoundaries([])).toBe(0)
  })
})
