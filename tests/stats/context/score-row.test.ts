import { describe, expect, it } from 'vitest'
import type { ScoredBatch } from '../../../src/stats/context/batch-scores.ts'
import { EstimandRow, estimandScore } from '../../../src/stats/context/estimand-row.ts'
import { type FrozenPredictions, Predictions } from '../../../src/stats/context/predictions.ts'
import { estimateRowEffects } from '../../../src/stats/context/row-effects.ts'
import { rowSampleRatio } from '../../../src/stats/context/row-sample-ratio.ts'
import { type RowValues, ScoreRow, scoreUnit } from '../../../src/stats/context/score-row.ts'
import { estimateEffects } from '../../../src/stats/lift/lift.ts'
import { outcomeEnds, pooledMean, predictedMean, predictedVariance } from '../../../src/stats/lift/prediction.ts'
import { estimateOf, tuneSequence } from '../../../src/stats/sequences/confidence-sequence.ts'
import { addTallies, EMPTY_TALLY, type Tally } from '../../../src/stats/tally.ts'
import { pairOver, randomContext } from '../../support/samples/contexts.ts'
import { expectGolden, readGolden } from '../../support/samples/golden.ts'
import { randomLedger } from '../../support/samples/ledgers.ts'
import { seededRandom } from '../../support/samples/random.ts'

const PREDICTIONS: FrozenPredictions = {
  ends: [0, 50],
  arms: [
    { mean: 10, slopes: [3, -2], centre: [0.1, 0], level: 10.4, variance: 9 },
    { mean: 12, slopes: [0, 1], centre: [0, 0.2], level: 11.9, variance: 16 },
    null,
    { mean: 9, slopes: [-1, 0], centre: [0, 0], level: 9, variance: 4 },
  ],
}

interface Unit {
  readonly x: Float64Array
  readonly arm: number
  readonly propensities: Float64Array
  readonly outcome: number
}

function randomUnits(count: number, seed: number): Unit[] {
  const random = seededRandom(seed)
  return Array.from({ length: count }, () => {
    const first = 0.1 + 0.4 * random()
    const propensities = Float64Array.of(first, 0.2, 0, 0.8 - first)
    const arm = [0, 1, 3][Math.floor(3 * random())] as number
    return { x: Float64Array.from(randomContext(random, 3)), arm, propensities, outcome: 50 * random() }
  })
}

function scoresOf({ x, arm, propensities }: Unit, outcome: number): Float64Array {
  const scores = new Float64Array(4)
  scoreUnit(new Predictions(PREDICTIONS), { x, arm, propensity: propensities[arm] as number, outcome }, scores)
  return scores
}

function rowOf(units: readonly Unit[]): ScoreRow {
  const row = new ScoreRow(4, 0)
  for (const unit of units) row.add(unit.arm, scoresOf(unit, unit.outcome), unit.propensities)
  return row
}

describe('ScoreRow', () => {
  it('is the same to the last bit whether a unit is put in with its outcome or moved to it later', () => {
    const units = randomUnits(400, 51)
    const moved = new ScoreRow(4, 0)
    for (const unit of units) moved.add(unit.arm, scoresOf(unit, 0), unit.propensities)
    for (const unit of units) moved.move(unit.arm, scoresOf(unit, 0), scoresOf(unit, 50))
    for (const unit of units.toReversed()) moved.move(unit.arm, scoresOf(unit, 50), scoresOf(unit, unit.outcome))
    expect(moved.values()).toEqual(rowOf(units).values())
  })

  it('does not depend on order, merges, and goes on from what was stored', () => {
    const units = randomUnits(400, 52)
    const whole = rowOf(units).values()
    expect(rowOf(units.toReversed()).values()).toEqual(whole)
    const first = new ScoreRow(4, 0, rowOf(units.slice(0, 150)).stored())
    first.addAll(rowOf(units.slice(150)))
    expect(first.values()).toEqual(whole)
  })

  it('adds nothing for an arm that is not active', () => {
    const row = rowOf(randomUnits(50, 53)).values()
    for (const column of [row.scores, row.squares, row.products, row.inverses, row.propensities, row.armUnits]) {
      expect(column[2]).toBe(0)
    }
    expect(row.products[0]).toBe(0)
  })

  it('has the sums that its formulas say', () => {
    const units = randomUnits(100, 54)
    const row = rowOf(units).values()
    const direct = (value: (scores: Float64Array) => number) =>
      units.reduce((sum, unit) => sum + value(scoresOf(unit, unit.outcome)), 0)
    expect(row.scores[3]).toBeCloseTo(
      direct(scores => scores[3] as number),
      8,
    )
    expect(row.products[3]).toBeCloseTo(
      direct(scores => (scores[3] as number) * (scores[0] as number)),
      7,
    )
    expect(row.squares[1]).toBeCloseTo(
      direct(scores => (scores[1] as number) ** 2),
      6,
    )
  })
})

describe('EstimandRow', () => {
  const predictions = new Predictions(PREDICTIONS)
  const weights = Float64Array.of(-1, 0.4, 0, 0.6)
  const scoreOf = ({ x, arm, propensities }: Unit, outcome: number, own = weights) => {
    const unit = { x, arm, propensity: propensities[arm] as number, outcome }
    return estimandScore(predictions, unit, { weights: own, propensities, level: 0 })
  }

  it('moves, merges and is stored like a ScoreRow', () => {
    const units = randomUnits(200, 55)
    const [atOnce, moved, first, second] = [new EstimandRow(), new EstimandRow(), new EstimandRow(), new EstimandRow()]
    for (const [place, unit] of units.entries()) {
      atOnce.add(scoreOf(unit, unit.outcome))
      moved.add(scoreOf(unit, 0))
      moved.move(scoreOf(unit, 0).score, scoreOf(unit, unit.outcome).score)
      const part = place < 80 ? first : second
      part.add(scoreOf(unit, unit.outcome))
    }
    expect(moved.values()).toEqual(atOnce.values())
    const merged = new EstimandRow(first.stored())
    merged.addAll(second)
    expect(merged.values()).toEqual(atOnce.values())
  })

  it('has the scores of an arm beyond its level, for that arm alone', () => {
    for (const unit of randomUnits(20, 56)) {
      const { score } = scoreOf(unit, unit.outcome, Float64Array.of(0, 1, 0, 0))
      expect(score - predictions.level(1)).toBeCloseTo(scoresOf(unit, unit.outcome)[1] as number, 10)
    }
  })
})

interface GoldenReduction {
  readonly arm: number
  readonly batches: readonly Readonly<Record<'p' | 'n' | 'S' | 'Q' | 'm' | 'sigma2' | 'F' | 'G' | 'X', number[]>>[]
  readonly alpha: number
  readonly plannedUnits: number
  readonly expected: Readonly<Record<'estimate' | 'lower' | 'upper' | 'variance' | 'weight', number>>
}

/** The row of tallies whose units share propensities and predictions: `F = r, G = k, X = 0`. */
function rowOfTallies(propensities: readonly number[], means: readonly number[], tallies: readonly Tally[]): RowValues {
  const units = tallies.reduce((sum, tally) => sum + tally.units, 0)
  const column = (value: (p: number, m: number, tally: Tally) => number) =>
    Float64Array.from(propensities, (p, arm) => (p === 0 ? 0 : value(p, means[arm] as number, tallies[arm] as Tally)))
  return {
    units,
    armUnits: column((_, __, tally) => tally.units),
    scores: column((p, m, { sum, units: n }) => (sum - n * m) / p),
    squares: column((p, m, { sum, sumOfSquares, units: n }) => (sumOfSquares - 2 * m * sum + n * m * m) / p ** 2),
    products: new Float64Array(propensities.length),
    inverses: column(p => units / p),
    propensities: column(p => units * p),
    propensitySquares: column(p => units * p * p),
  }
}

describe('rows with constant propensities and predictions', () => {
  const golden = readGolden<{ cases: readonly GoldenReduction[] }>('context/reduces').cases

  it.each(golden)('give the golden lift of a ledger, case $arm', ({ arm, batches, alpha, plannedUnits, expected }) => {
    const scored = batches.map(({ p, n, S, Q, m, sigma2, F, G }, place): ScoredBatch => {
      const tallies = n.map((units, at) => ({ units, sum: S[at] as number, sumOfSquares: Q[at] as number }))
      const row = rowOfTallies(p, m, tallies)
      F.forEach((value, at) => {
        expectGolden(row.scores[at], value)
        expectGolden(row.squares[at], G[at])
      })
      return { snapshot: place + 1, row, levels: m, spreads: sigma2, meanInverse: p.map(share => 1 / share) }
    })
    const score = pairOver(scored, arm, 0).difference()
    const estimate = estimateOf(score, tuneSequence(alpha, plannedUnits))
    expectGolden(estimate.estimate, expected.estimate)
    expectGolden(estimate.lower, expected.lower)
    expectGolden(estimate.upper, expected.upper)
    expectGolden(score?.variance, expected.variance)
    expectGolden(score?.weight, expected.weight)
  })

  it('give every effect of estimateEffects() on seeded ledgers, given the same predictions', () => {
    const options = { arms: 3, control: 0, metric: { range: [0, 1] as const, goal: 'increase' as const } }
    const level = { alpha: 0.05, plannedUnits: 3000 }
    for (const seed of [61, 62, 63]) {
      const ledger = randomLedger(seededRandom(seed), [0.2, 0.1, 0.4], 25, 60)
      const known = [EMPTY_TALLY, EMPTY_TALLY, EMPTY_TALLY]
      const scored = ledger.map((batch): ScoredBatch => {
        const total = known.reduce(addTallies)
        const ends = outcomeEnds(total, [0, 1])
        const pool = pooledMean(total, ends)
        const levels = known.map(tally => predictedMean(tally, pool))
        const spreads = known.map(tally => predictedVariance(tally, ends))
        const propensities = batch.propensities.map(Number)
        batch.tallies.forEach((tally, arm) => {
          known[arm] = addTallies(known[arm] as Tally, tally)
        })
        const row = rowOfTallies(propensities, levels, batch.tallies)
        return { snapshot: batch.snapshot, row, levels, spreads, meanInverse: propensities.map(p => 1 / p) }
      })
      const [one, other] = [
        estimateRowEffects(scored, [], { ...options, ...level }),
        estimateEffects(ledger, { ...options, ...level }),
      ]
      other.means.forEach((mean, arm) => {
        expectGolden(one.means[arm]?.lower, mean.lower)
        expectGolden(one.means[arm]?.rawEstimate, mean.rawEstimate)
      })
      other.lifts.forEach((lift, arm) => {
        expectGolden(one.lifts[arm]?.logEValue, lift?.logEValue)
        expectGolden(one.lifts[arm]?.upper, lift?.upper)
        expectGolden(one.lifts[arm]?.relative?.lower, lift?.relative?.lower)
      })
    }
  })
})

describe('rowSampleRatio()', () => {
  it('alarms when units of one arm are lost, and not when none are', () => {
    const random = seededRandom(57)
    const play = (lost: number) => {
      const row = new ScoreRow(2, 0)
      for (let unit = 0; unit < 20_000; unit++) {
        const p = 0.2 + 0.6 * random()
        const arm = random() < p ? 0 : 1
        if (arm === 1 && random() < lost) continue
        row.add(arm, new Float64Array(2), Float64Array.of(p, 1 - p))
      }
      return rowSampleRatio([row.values()], 2, 30_000).status
    }
    expect(play(0)).toBe('ok')
    expect(play(0.1)).toBe('alarm')
  })
})
