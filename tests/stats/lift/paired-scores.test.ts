import { describe, expect, it } from 'vitest'
import { type Ledger, matureBatches } from '../../../src/stats/ledger.ts'
import { Contrast } from '../../../src/stats/lift/contrast.ts'
import { PairedScores } from '../../../src/stats/lift/paired-scores.ts'
import { Predictor } from '../../../src/stats/lift/prediction.ts'
import type { Score } from '../../../src/stats/sequences/score-sum.ts'
import type { Tally } from '../../../src/stats/tally.ts'
import { expectGolden } from '../../support/samples/golden.ts'
import { batch, goldenMetrics, randomLedger, successes } from '../../support/samples/ledgers.ts'
import { seededRandom } from '../../support/samples/random.ts'

type Range = readonly [number, number]

describe('PairedScores', () => {
  it('agrees with golden weights and variances of the lifts', () => {
    for (const { where, options, expected, ledger } of goldenMetrics) {
      expected.lifts.forEach((golden, arm) => {
        if (golden?.H === undefined) return
        const score = pairOf(ledger, [arm, options.control], options.arms, options.metric.range).difference()
        expectGolden(score?.estimate, golden.estimate, where)
        expectGolden(score?.weight, golden.H, where)
        expectGolden(score?.variance, golden.V, where)
        expectGolden(score?.units, golden.tau, where)
        expect(score?.batches).toBe(golden.batches)
      })
    }
  })

  it('has the difference of the contrast e_arm − e_control, after every batch', () => {
    const random = seededRandom(91)
    for (let round = 0; round < 20; round++) {
      const ledger = randomLedger(random, [0.2, 0.1, 0.4], 30, 40)
      const predictor = new Predictor(3, [0, 1])
      const pair = new PairedScores(2, 0)
      const contrast = new Contrast([
        { arm: 2, coefficient: 1 },
        { arm: 0, coefficient: -1 },
      ])
      for (const each of ledger) {
        const predicted = predictor.next(each)
        pair.add(predicted)
        contrast.add(predicted)
        expectScore(pair.difference(), contrast.score())
      }
    }
  })

  it('has the variance of every A − uC, as seen from the scores of e_arm − u e_control', () => {
    const ledger = randomLedger(seededRandom(92), [0.2, 0.3], 25, 60)
    const { arm, control, variances } = pairOf(ledger, [1, 0], 2).totals()
    for (const u of [0, 0.5, 1, 1.7, 40]) {
      const [, seen] = variances.map(({ constant, linear, square }) => constant + u * (linear + u * square))
      expectGolden(seen, directlySeen(ledger, u, [arm, control]), `u = ${u}`, 1e-12)
    }
  })

  it('keeps its digits when the means are a million spreads away, where sums around 0 do not', () => {
    const shift = 2 ** 20
    const near = randomLedger(seededRandom(93), [0.25, 0.5], 30, 200)
    const far = near.map(each => ({ ...each, tallies: each.tallies.map(tally => shifted(tally, shift)) }))
    const here = pairOf(near, [1, 0], 2).difference()
    const there = pairOf(far, [1, 0], 2, [shift, shift + 1]).difference()
    expectGolden(there?.estimate, here?.estimate, 'estimate', 1e-6)
    expectGolden(there?.variance, here?.variance, 'variance', 1e-4)
    expectGolden(seenOfArm(far, [shift, shift + 1]), seenOfArm(near), 'one arm alone', 1e-4)
    const aroundZero = seenOfArm(far, [shift, shift + 1], 'around 0')
    expect(Math.abs(aroundZero / seenOfArm(near) - 1)).toBeGreaterThan(3e-4)
  })

  it('is null while arm or control was not active, or without units', () => {
    const alone = batch(1, [null, 1], [successes(0, 0), successes(5, 2)])
    const empty = batch(2, [0.5, 0.5], [successes(0, 0), successes(0, 0)])
    expect(pairOf([alone, empty], [1, 0], 2).difference()).toBeNull()
    expect(pairOf([alone, empty], [1, 0], 2).totals()).toMatchObject({ arm: 0, control: 0 })
  })
})

function pairOf(ledger: Ledger, [arm, control]: readonly [number, number], arms: number, range: Range = [0, 1]) {
  const predictor = new Predictor(arms, range)
  const pair = new PairedScores(arm, control)
  for (const each of matureBatches(ledger)) pair.add(predictor.next(each))
  return pair
}

function shifted({ units, sum, sumOfSquares }: Tally, shift: number): Tally {
  return { units, sum: sum + shift * units, sumOfSquares: sumOfSquares + 2 * shift * sum + shift ** 2 * units }
}

/** `Σ h² E_u((A − uC)/H)` for arm 1 and control 0, batch by batch from its definition. */
function directlySeen(ledger: Ledger, u: number, [arm, control]: readonly [number, number]): number {
  const predictor = new Predictor(2, [0, 1])
  const rows = ledger.map(each => {
    const { units, scoreVariance, mean, residual, residualSquare } = predictor.next(each)
    const [v0 = 0, v1 = 0] = scoreVariance
    const [m0 = 0, m1 = 0] = mean
    const [r0 = 0, r1 = 0] = residual
    const [k0 = 0, k1 = 0] = residualSquare
    return { h: 1 / Math.sqrt(v0 + v1), units, d: m1 - u * m0, r: r1 - u * r0, k: k1 + u * u * k0 }
  })
  const weight = rows.reduce((sum, { h, units }) => sum + h * units, 0)
  const theta = (arm - u * control) / weight
  return rows.reduce(
    (sum, { h, units, d, r, k }) => sum + h * h * (units * (d - theta) ** 2 + 2 * (d - theta) * r + k),
    0,
  )
}

/**
 * What arm 1's scores show of their spread: as PairedScores keeps it, or from sums around 0, which
 * are one line less.
 */
function seenOfArm(ledger: Ledger, range: Range = [0, 1], how?: 'around 0'): number {
  if (how === undefined) return pairOf(ledger, [1, 0], 2, range).totals().variances[1].constant
  const predictor = new Predictor(2, range)
  let [weight, total, a, b, c] = [0, 0, 0, 0, 0]
  for (const each of ledger) {
    const { units, scoreVariance, mean, residual, residualSquare } = predictor.next(each)
    const [v0 = 0, v1 = 0] = scoreVariance
    const [m = 0, r = 0, k = 0] = [mean[1], residual[1], residualSquare[1]]
    weight += units / Math.sqrt(v0 + v1)
    total += (units * m + r) / Math.sqrt(v0 + v1)
    a += (units * m ** 2 + 2 * m * r + k) / (v0 + v1)
    b += (units * m + r) / (v0 + v1)
    c += units / (v0 + v1)
  }
  const theta = total / weight
  return a - 2 * theta * b + theta ** 2 * c
}

function expectScore(actual: Score | null, expected: Score | null): void {
  expectGolden(actual?.estimate, expected?.estimate, 'estimate', 1e-13)
  expectGolden(actual?.weight, expected?.weight, 'weight', 1e-13)
  expectGolden(actual?.variance, expected?.variance, 'variance', 1e-13)
  expect(actual?.units).toBe(expected?.units)
  expect(actual?.batches).toBe(expected?.batches)
}
