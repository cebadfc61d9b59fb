import { describe, expect, it } from 'vitest'
import { meanScore, type ScoredBatch } from '../../../src/stats/context/batch-scores.ts'
import { effectiveMoments, type MomentBatch } from '../../../src/stats/context/effective-moments.ts'
import { EstimandRow, estimandScore } from '../../../src/stats/context/estimand-row.ts'
import { ContextRule, freezeRule } from '../../../src/stats/context/frozen-rule.ts'
import { estimandVariance, latestBatches, meanInverse } from '../../../src/stats/context/mean-inverse.ts'
import { type FrozenPredictions, freezePredictions, Predictions } from '../../../src/stats/context/predictions.ts'
import {
  type EstimandBatch,
  estimateEstimand,
  estimateRowEffects,
  scoreOver,
} from '../../../src/stats/context/row-effects.ts'
import { rowSampleRatio } from '../../../src/stats/context/row-sample-ratio.ts'
import { type RowValues, ScoreRow, scoreUnit } from '../../../src/stats/context/score-row.ts'
import { fitSlopes } from '../../../src/stats/context/slopes-fit.ts'
import { tuneSequence } from '../../../src/stats/sequences/confidence-sequence.ts'
import { momentsOf, pairOver } from '../../support/samples/contexts.ts'
import { expectGolden, readGolden } from '../../support/samples/golden.ts'

type Unit = readonly [arm: number, x: number[], propensities: number[], outcome: number]

interface GoldenRow {
  readonly units: number
  readonly arms: Readonly<Record<'F' | 'G' | 'X' | 'U' | 'P' | 'PP' | 'n', readonly number[]>>
}

interface GoldenNuisance {
  readonly mean: number
  readonly slopes: readonly number[]
  readonly centre: readonly number[]
  readonly mu: number
  readonly sigma2: number
  readonly low: number
  readonly high: number
}

interface GoldenEstimate {
  readonly estimate: number
  readonly lower: number
  readonly upper: number
  readonly logEValue: number
  readonly pValue: number
  readonly weight: number
  readonly variance: number
  readonly units: number
  readonly batches: number
}

interface GoldenCase {
  readonly name: string
  readonly control: number
  readonly range: readonly [number, number]
  readonly alpha: number
  readonly plannedUnits: number
  readonly adjust: boolean
  readonly batches: readonly {
    readonly units: readonly Unit[]
    readonly expected: {
      readonly nuisances: readonly GoldenNuisance[]
      readonly meanInverse: readonly number[]
      readonly row: GoldenRow
    }
  }[]
  readonly expected: {
    readonly means: readonly GoldenEstimate[]
    readonly lifts: readonly ({
      readonly absolute: GoldenEstimate
      readonly relative: { readonly estimate: number; readonly lower: number; readonly upper: number | null }
    } | null)[]
    readonly sampleRatio: { readonly logEValues: readonly number[]; readonly logEValue: number }
  }
}

const golden = readGolden<{ cases: readonly GoldenCase[] }>('context/scores').cases

function frozen(nuisances: readonly GoldenNuisance[]): FrozenPredictions {
  const [{ low, high }] = nuisances as readonly [GoldenNuisance]
  const arms = nuisances.map(({ mu, sigma2, ...rest }) => ({ ...rest, level: mu, variance: sigma2 }))
  return { ends: [low, high], arms }
}

/**
 * The row of units, each put in with the outcome of a unit without rewards and moved to its own.
 */
function rowOf(units: readonly Unit[], predictions: Predictions, control: number, idle: number): RowValues {
  const arms = units[0]?.[2].length ?? 0
  const row = new ScoreRow(arms, control)
  for (const [arm, x, propensities, outcome] of units) {
    const unit = { x: Float64Array.from(x), arm, propensity: propensities[arm] as number }
    const [before, after] = [new Float64Array(arms), new Float64Array(arms)]
    scoreUnit(predictions, { ...unit, outcome: idle }, before)
    scoreUnit(predictions, { ...unit, outcome }, after)
    row.add(arm, before, Float64Array.from(propensities))
    row.move(arm, before, after)
  }
  return row.values()
}

function expectRow(row: RowValues, { units, arms }: GoldenRow, where: string): void {
  const columns = {
    F: row.scores,
    G: row.squares,
    X: row.products,
    U: row.inverses,
    P: row.propensities,
    PP: row.propensitySquares,
    n: row.armUnits,
  }
  expect(row.units).toBe(units)
  for (const name of ['F', 'G', 'X', 'U', 'P', 'PP', 'n'] as const) {
    arms[name].forEach((expected, arm) => {
      expectGolden(columns[name][arm], expected, `${where}, ${name} of arm ${arm}`)
    })
  }
}

function scoredBatches({ batches, control, range }: GoldenCase): ScoredBatch[] {
  const idle = Math.min(range[1], Math.max(range[0], 0))
  return batches.map(({ units, expected }, place) => ({
    snapshot: place + 1,
    row: rowOf(units, new Predictions(frozen(expected.nuisances)), control, idle),
    levels: expected.nuisances.map(({ mu }) => mu),
    spreads: expected.nuisances.map(({ sigma2 }) => sigma2),
    meanInverse: expected.meanInverse,
  }))
}

function momentBatches({ batches }: GoldenCase): MomentBatch[] {
  return batches.map(({ units, expected }, place) => {
    const { row } = expected
    const outcomes = units.map(([arm, x, , outcome]) => [arm, x, outcome] as const)
    return {
      snapshot: place + 1,
      meanPropensity: row.arms.P.map(sum => sum / row.units),
      arms: momentsOf(outcomes, row.arms.P.length, units[0]?.[1].length ?? 1),
    }
  })
}

describe.each(golden)('the golden experiment "$name"', one => {
  const { batches, control, range, alpha, plannedUnits, expected, adjust } = one
  const arms = expected.means.length
  const scored = scoredBatches(one)

  it('freezePredictions() gives the predictions that are frozen before each batch', () => {
    const dimension = batches[0]?.units[0]?.[1].length ?? 1
    for (const [place, batch] of batches.entries()) {
      const moments = effectiveMoments(momentBatches(one).slice(0, place), arms, dimension)
      const options = { range, isAdjusted: adjust, active: new Array<boolean>(arms).fill(true) }
      const predictions = freezePredictions(moments, options)
      batch.expected.nuisances.forEach((nuisance, arm) => {
        const own = predictions.arms[arm]
        const where = `batch ${place}, arm ${arm}`
        expectGolden(own?.mean, nuisance.mean, where)
        expectGolden(own?.level, nuisance.mu, where)
        expectGolden(own?.variance, nuisance.sigma2, where)
        nuisance.slopes.forEach((slope, column) => {
          expectGolden(own?.slopes[column], slope, where)
        })
        nuisance.centre.forEach((value, column) => {
          expectGolden(own?.centre[column], value, where)
        })
        expectGolden(predictions.ends[0], nuisance.low)
        expectGolden(predictions.ends[1], nuisance.high)
      })
    }
  })

  it('ScoreRow has the rows, of units moved to their outcome', () => {
    batches.forEach((batch, place) => {
      expectRow((scored[place] as ScoredBatch).row, batch.expected.row, `batch ${place}`)
    })
  })

  it('ContextRule gives the propensities of every unit, and meanInverse() u, from the batches before', () => {
    const dimension = batches[0]?.units[0]?.[1].length ?? 1
    const active = new Array<boolean>(arms).fill(true)
    const empty = Float64Array.from({ length: dimension }, (_, place) => (place === 0 ? 1 : 0))
    for (const [place, { units, expected: own }] of batches.entries()) {
      const fit = fitSlopes(effectiveMoments(momentBatches(one).slice(0, place), arms, dimension))
      const options = { goal: 'increase', exploration: 0.1, reserved: null, active, dimension } as const
      const rule = new ContextRule(freezeRule(fit, options))
      for (const [, x, propensities] of units) {
        const actual = rule.propensitiesAt(Float64Array.from(x))
        propensities.forEach((expectedShare, arm) => {
          expect(Math.abs((actual[arm] as number) - expectedShare)).toBeLessThanOrEqual(1e-9)
        })
      }
      const latest = latestBatches(
        scored.slice(0, place).map(({ row }) => ({ units: row.units, inverses: row.inverses })),
      )
      rule.propensitiesAt(empty).forEach((share, arm) => {
        expectGolden(meanInverse(latest, arm, share), own.meanInverse[arm], `batch ${place}, arm ${arm}`)
      })
    }
  })

  it('estimateRowEffects() gives means, lifts and relative lifts', () => {
    const options = { arms, control, metric: { range, goal: 'increase' as const }, alpha, plannedUnits }
    const effects = estimateRowEffects(scored, [], options)
    const own = tuneSequence(alpha, plannedUnits)
    expected.means.forEach((mean, arm) => {
      const score = scoreOver(scored.map(batch => meanScore(batch, arm)))
      expectGolden(score?.weight, mean.weight)
      expectGolden(score?.variance, mean.variance)
      expectGolden(effects.means[arm]?.rawEstimate, mean.estimate)
      expectGolden(effects.means[arm]?.units, mean.units)
      expectGolden(effects.means[arm]?.batches, mean.batches)
      // What is shown is clamped to the range.
      expectGolden(effects.means[arm]?.lower, Math.max(range[0], mean.lower))
      expectGolden(effects.means[arm]?.upper, Math.min(range[1], mean.upper))
      expectGolden(effects.means[arm]?.level, 1 - own.alpha)
    })
    expected.lifts.forEach((lift, arm) => {
      if (lift === null) return
      const actual = effects.lifts[arm]
      const score = pairOver(scored, arm, control).difference()
      expectGolden(score?.weight, lift.absolute.weight)
      expectGolden(score?.variance, lift.absolute.variance)
      expectGolden(actual?.rawEstimate, lift.absolute.estimate)
      expectGolden(actual?.lower, lift.absolute.lower)
      expectGolden(actual?.upper, lift.absolute.upper)
      expectGolden(actual?.logEValue, lift.absolute.logEValue)
      expectGolden(actual?.pValue, lift.absolute.pValue)
      expectGolden(actual?.relative?.rawEstimate, lift.relative.estimate)
      expectGolden(actual?.relative?.lower, lift.relative.lower)
      expectGolden(actual?.relative?.upper, lift.relative.upper)
    })
  })

  it('rowSampleRatio() gives the evidence of each arm and of all', () => {
    const ratio = rowSampleRatio(
      scored.map(({ row }) => row),
      arms,
      plannedUnits,
    )
    expectGolden(ratio.logEValue, expected.sampleRatio.logEValue)
    expected.sampleRatio.logEValues.forEach((log, arm) => {
      expectGolden(ratio.logEValues[arm], log)
    })
  })
})

interface GoldenPolicies {
  readonly control: number
  readonly plannedUnits: number
  readonly levels: { readonly values: number; readonly lifts: number }
  readonly lifts: Readonly<Record<string, readonly [string, string | readonly ['arm', number]]>>
  readonly batches: readonly {
    readonly units: readonly (readonly [number, number[], number[], number, Readonly<Record<string, number[]>>])[]
    readonly expected: {
      readonly nuisances: readonly GoldenNuisance[]
      readonly row: Readonly<Record<'policies' | 'lifts', Readonly<Record<string, Readonly<Record<string, number>>>>>>
    }
  }[]
  readonly expected: Readonly<
    Record<'values' | 'lifts', Readonly<Record<string, GoldenEstimate & Record<string, number>>>>
  >
}

describe('the golden policies', () => {
  const [policies] = readGolden<{ cases: readonly [GoldenPolicies] }>('context/policies').cases

  type PolicyUnit = GoldenPolicies['batches'][number]['units'][number]
  type Weights = (unit: PolicyUnit) => readonly number[]

  const weightsOf = (policy: string, base: string | readonly ['arm', number] | null): Weights => {
    return ([, , propensities, , shares]) =>
      (shares[policy] as number[]).map((share, arm) => {
        if (base === null) return share
        if (base === 'live') return share - (propensities[arm] as number)
        return share - (typeof base === 'string' ? (shares[base]?.[arm] as number) : Number(base[1] === arm))
      })
  }

  const batchesOf = (weights: Weights, isValue: boolean): EstimandBatch[] => {
    const batches: EstimandBatch[] = []
    for (const { units, expected } of policies.batches) {
      const { control } = policies
      const predictions = new Predictions(frozen(expected.nuisances))
      const level = isValue ? predictions.level(control) : 0
      const row = new EstimandRow()
      for (const unit of units) {
        const [arm, x, propensities, outcome] = unit
        const scored = { x: Float64Array.from(x), arm, propensity: propensities[arm] as number }
        const options = {
          weights: Float64Array.from(weights(unit)),
          propensities: Float64Array.from(propensities),
          level,
        }
        const before = estimandScore(predictions, { ...scored, outcome: 0 }, options)
        row.add(before)
        row.move(before.score, estimandScore(predictions, { ...scored, outcome }, options).score)
      }
      const variances = expected.nuisances.map(({ sigma2 }) => sigma2)
      const mean = variances.reduce((sum, variance) => sum + variance, 0) / variances.length
      const latest = latestBatches(batches.map(batch => ({ units: batch.row.units, variance: batch.row.variance })))
      batches.push({
        snapshot: batches.length + 1,
        row: row.values(),
        level,
        unitVariance: estimandVariance(latest, mean),
      })
    }
    return batches
  }

  const check = (batches: readonly EstimandBatch[], kind: 'policies' | 'lifts', key: string, level: number) => {
    batches.forEach(({ row }, place) => {
      const expected = policies.batches[place]?.expected.row[kind][key]
      expectGolden(row.score, expected?.F, key)
      expectGolden(row.square, expected?.G, key)
      expectGolden(row.variance, expected?.U, key)
      if (kind === 'policies') {
        expectGolden(row.weight, expected?.w1, key)
        expectGolden(row.weightSquare, expected?.w2, key)
      }
    })
    const expected = policies.expected[kind === 'policies' ? 'values' : 'lifts'][key]
    const actual = estimateEstimand(batches, tuneSequence(level, policies.plannedUnits))
    for (const name of ['estimate', 'lower', 'upper', 'logEValue', 'pValue', 'units', 'batches'] as const) {
      expectGolden(actual[name], expected?.[name], `${key}, ${name}`)
    }
  }

  it.each(['v1', 'v2'])('have the rows and the value of %s', policy => {
    check(batchesOf(weightsOf(policy, null), true), 'policies', policy, policies.levels.values)
  })

  it.each(Object.entries(policies.lifts))('have the rows and the lift %s', (key, [policy, base]) => {
    check(batchesOf(weightsOf(policy, base), false), 'lifts', key, policies.levels.lifts)
  })
})
