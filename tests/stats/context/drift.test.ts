import { describe, expect, it } from 'vitest'
import { drawBinomial } from '../../../src/stats/belief/draws.ts'
import {
  type Drift,
  type DriftBatch,
  detectDrift,
  logChange,
  logOfBoundaries,
} from '../../../src/stats/context/drift.ts'
import { scoreOver } from '../../../src/stats/context/row-effects.ts'
import { tuneSequence } from '../../../src/stats/sequences/confidence-sequence.ts'
import { seededRandom } from '../../support/samples/random.ts'

const OPTIONS = { alpha: 0.05, plannedUnits: 30_000 }

/** The rate of an arm after so many units. */
type Rate = (arm: number, place: number) => number

const UNITS = 12_000
const PREDICTED = { mean: 0.3, variance: 0.21 }

/** Three arms with equal shares; batches grow by a tenth. */
function play(seed: number, rate: Rate): DriftBatch[] {
  const random = seededRandom(seed)
  const batches: DriftBatch[] = []
  for (let place = 0; place < UNITS; ) {
    const each = Math.max(20, Math.ceil(place / 30))
    const sides = [0, 1, 2].map(arm => {
      const sum = drawBinomial(each, rate(arm, place), random)
      // `r` and `k` of inference.md §4 with p = 1/3.
      const residual = 3 * (sum - each * PREDICTED.mean)
      return { residual, square: 9 * (sum * (1 - 2 * PREDICTED.mean) + each * PREDICTED.mean ** 2) }
    })
    const [control, ...others] = sides as [(typeof sides)[number], ...typeof sides]
    const variance = 2 * 3 * PREDICTED.variance
    batches.push({
      snapshot: batches.length + 1,
      units: 3 * each,
      lifts: others.map(({ residual, square }) => ({
        h: 1 / Math.sqrt(variance),
        units: 3 * each,
        variance,
        mean: 0,
        residual: residual - control.residual,
        residualSquare: square + control.square,
      })),
    })
    place += 3 * each
  }
  return batches
}

/** From the definition: at each boundary, all batches before it and all after it. */
function directly(batches: readonly DriftBatch[]): number {
  const logs: number[][] = []
  let boundary = 1000
  let units = 0
  batches.forEach((batch, place) => {
    for (; units >= boundary; boundary *= 1.25) {
      logs.push(
        batch.lifts.map((_, lift) => {
          const [early, late] = [batches.slice(0, place), batches.slice(place)].map(part =>
            scoreOver(part.map(({ lifts }) => lifts[lift] ?? null)),
          )
          return early == null || late == null ? -Infinity : logChange(early, late, tuneSequence(0.05, 30_000))
        }),
      )
    }
    units += batch.units
  })
  return logOfBoundaries(logs)
}

describe('detectDrift()', () => {
  const collapse = (arm: number, place: number) => (arm === 2 && place < 5_000 ? 0.6 : 0.3)

  it('has the evidence of its definition', () => {
    const batches = play(501, collapse)
    expect(detectDrift(batches, OPTIONS).logEValue).toBeCloseTo(directly(batches), 9)
  })

  it('tells of a lift that collapsed: which, since when, from where to where', () => {
    const { change, logEValue } = detectDrift(play(502, collapse), OPTIONS)
    expect(logEValue).toBeGreaterThan(Math.log(20))
    expect(change?.lift).toBe(1)
    expect(change?.before).toBeGreaterThan(0.2)
    expect(change?.after).toBeLessThan(0.15)
  })

  it('is silent in every run when all rates move together, or nothing does', () => {
    const swing = (_: number, place: number) => (place < 5_000 ? 0.2 : 0.4)
    const steady = () => 0.3
    for (let run = 0; run < 60; run++) {
      for (const rate of [swing, steady]) expect(detectDrift(play(600 + run, rate), OPTIONS).change).toBeNull()
    }
  })

  it('says nothing before the first boundary, or of no batches', () => {
    const nothing: Drift = { logEValue: 0, change: null }
    expect(detectDrift([], OPTIONS)).toEqual(nothing)
    expect(detectDrift(play(503, collapse).slice(0, 4), OPTIONS)).toEqual(nothing)
  })
})

describe('two plain intervals that are compared at every boundary (control of the alarm)', () => {
  it('would call changes in runs in which nothing moves', () => {
    let called = 0
    for (let run = 0; run < 60; run++) {
      const batches = play(700 + run, () => 0.3)
      const isCalled = batches.some((_, place) =>
        [0, 1].some(lift => {
          const [early, late] = [batches.slice(0, place), batches.slice(place)].map(part =>
            scoreOver(part.map(({ lifts }) => lifts[lift] ?? null)),
          )
          if (early == null || late == null) return false
          const spread = Math.hypot(Math.sqrt(early.variance) / early.weight, Math.sqrt(late.variance) / late.weight)
          return Math.abs(early.estimate - late.estimate) > 1.96 * spread
        }),
      )
      if (isCalled) called++
    }
    expect(called).toBeGreaterThan(12)
  })
})
