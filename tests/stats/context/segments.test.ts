import { describe, expect, it } from 'vitest'
import type { ScoredBatch } from '../../../src/stats/context/batch-scores.ts'
import { discoveries } from '../../../src/stats/context/e-bh.ts'
import { effectiveMoments, type MomentBatch } from '../../../src/stats/context/effective-moments.ts'
import { latestBatches, meanInverse } from '../../../src/stats/context/mean-inverse.ts'
import { Predictions, tallyOf } from '../../../src/stats/context/predictions.ts'
import { ScoreRow, scoreUnit } from '../../../src/stats/context/score-row.ts'
import { segmentLifts } from '../../../src/stats/context/segments.ts'
import { predictedVariance } from '../../../src/stats/lift/prediction.ts'
import { momentsOf } from '../../support/samples/contexts.ts'
import { expectGolden, readGolden } from '../../support/samples/golden.ts'
import { seededNormal, seededRandom } from '../../support/samples/random.ts'

type Unit = readonly [arm: number, x: readonly number[], propensities: readonly number[], outcome: number]

interface GoldenSegments {
  readonly control: number
  readonly plannedUnits: number
  readonly alpha: number
  readonly batches: readonly {
    readonly units: readonly Unit[]
    readonly nuisances: readonly {
      readonly mean: number
      readonly slopes: number[]
      readonly centre: number[]
      readonly mu: number
      readonly sigma2: number
      readonly low: number
      readonly high: number
    }[]
  }[]
  readonly segments: readonly {
    readonly level: string
    readonly expected: {
      readonly spread: readonly (readonly number[])[]
      readonly rows: readonly Readonly<Record<'F' | 'G' | 'X' | 'U' | 'P' | 'PP' | 'n', readonly number[]>>[]
      readonly units: readonly number[]
      readonly meanInverse: readonly (readonly number[])[]
      readonly lifts: readonly Readonly<
        Record<'estimate' | 'lower' | 'upper' | 'logEValue' | 'pValue' | 'units' | 'batches', number>
      >[]
    }
  }[]
  readonly eBH: readonly { logEValues: number[]; alpha: string; expected: number[] }[]
}

const golden = readGolden<GoldenSegments>('context/segments')
const ARMS = 3

/** The level's part of every batch: its rows, its own spreads and mean inverse propensities. */
function segmentOf(isInside: (x: readonly number[]) => boolean): ScoredBatch[] {
  const scored: ScoredBatch[] = []
  const learned: MomentBatch[] = []
  for (const { units, nuisances } of golden.batches) {
    const inside = units.filter(([, x]) => isInside(x))
    const [{ low, high }] = nuisances as readonly [GoldenSegments['batches'][number]['nuisances'][number]]
    const predictions = new Predictions({
      ends: [low, high],
      arms: nuisances.map(({ mean, slopes, centre, mu, sigma2 }) => ({
        mean,
        slopes,
        centre,
        level: mu,
        variance: sigma2,
      })),
    })
    const row = new ScoreRow(ARMS, golden.control)
    for (const [arm, x, propensities, outcome] of inside) {
      const scores = new Float64Array(ARMS)
      const propensity = propensities[arm] as number
      scoreUnit(predictions, { x: Float64Array.from(x), arm, propensity, outcome }, scores)
      row.add(arm, scores, Float64Array.from(propensities))
    }
    const values = row.values()
    const latest = latestBatches(scored.map(batch => ({ units: batch.row.units, inverses: batch.row.inverses })))
    scored.push({
      snapshot: scored.length + 1,
      row: values,
      levels: nuisances.map(({ mu }) => mu),
      spreads: effectiveMoments(learned, ARMS, 1).map(moments => predictedVariance(tallyOf(moments), [low, high])),
      meanInverse: nuisances.map((_, arm) => meanInverse(latest, arm, 1 / 3)),
    })
    learned.push({
      snapshot: scored.length,
      meanPropensity: Array.from(values.propensities, sum => sum / values.units),
      arms: momentsOf(
        inside.map(([arm, , , outcome]) => [arm, [1], outcome]),
        ARMS,
        1,
      ),
    })
  }
  return scored
}

describe('segmentLifts()', () => {
  it.each(golden.segments)('gives the golden rows and lifts of $level', ({ level, expected }) => {
    const batches = segmentOf(([, first = 0]) => (level === 'x1=-1' ? first < 0 : first > 0))
    batches.forEach(({ row, spreads, meanInverse: inverses }, place) => {
      const own = expected.rows[place]
      expect(row.units).toBe(expected.units[place])
      for (let arm = 0; arm < ARMS; arm++) {
        const where = `batch ${place}, arm ${arm}`
        expectGolden(row.scores[arm], own?.F[arm], where)
        expectGolden(row.squares[arm], own?.G[arm], where)
        expectGolden(row.products[arm], own?.X[arm], where)
        expectGolden(row.inverses[arm], own?.U[arm], where)
        expectGolden(row.propensities[arm], own?.P[arm], where)
        expectGolden(spreads[arm], expected.spread[place]?.[arm], where)
        expectGolden(inverses[arm], expected.meanInverse[place]?.[arm], where)
      }
    })
    const lifts = segmentLifts(batches, {
      arms: ARMS,
      control: golden.control,
      metric: { range: [0, 1], goal: 'increase' },
      alpha: golden.alpha,
      plannedUnits: golden.plannedUnits,
      levels: 2,
      levelsOfFeature: 2,
    })
    expect(lifts[0]).toBeNull()
    expected.lifts.forEach((lift, place) => {
      const actual = lifts[place + 1]
      expectGolden(actual?.rawEstimate, lift.estimate)
      expectGolden(actual?.lower, lift.lower)
      expectGolden(actual?.upper, lift.upper)
      expectGolden(actual?.logEValue, lift.logEValue)
      expectGolden(actual?.pValue, lift.pValue)
      expectGolden(actual?.units, lift.units)
      expectGolden(actual?.batches, lift.batches)
    })
  })
})

describe('discoveries()', () => {
  it('calls what the golden cases call', () => {
    expect(golden.eBH).toHaveLength(4)
    for (const { logEValues, alpha, expected } of golden.eBH) {
      expect(discoveries(logEValues, Number(alpha))).toEqual(expected)
    }
  })

  it('calls a single value exactly at 1/α, and nothing just below', () => {
    expect(discoveries([Math.log(20)], 0.05)).toEqual([0])
    expect(discoveries([Math.log(19.999)], 0.05)).toEqual([])
    expect(discoveries([], 0.05)).toEqual([])
  })

  it('has few false ones on average, where calling every p ≤ 0.05 has many (control)', () => {
    const random = seededRandom(91)
    const normal = seededNormal(random)
    const share = { discoveries: 0, plain: 0 }
    const runs = 300
    for (let run = 0; run < runs; run++) {
      // 2 of 20 have an effect of 6; the e-value is that of a normal at λ = 3.
      const scores = Array.from({ length: 20 }, (_, place) => normal() + (place < 2 ? 6 : 0))
      const falseShare = (called: readonly number[]) =>
        called.filter(place => place >= 2).length / Math.max(1, called.length)
      const logs = scores.map(score => 3 * score - 4.5)
      share.discoveries += falseShare(discoveries(logs, 0.05)) / runs
      share.plain += falseShare(scores.flatMap((score, place) => (score > 1.645 ? [place] : []))) / runs
    }
    expect(share.discoveries).toBeLessThan(0.05)
    expect(share.plain).toBeGreaterThan(0.15)
  })
})
