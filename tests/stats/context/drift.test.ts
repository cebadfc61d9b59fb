import { describe, expect, it } from 'vitest'
import { liftScore } from '../../../src/stats/context/batch-scores.ts'
import {
  type Drift,
  type DriftBatch,
  detectDrift,
  logChange,
  logOfBoundaries,
} from '../../../src/stats/context/drift.ts'
import { scoreOver } from '../../../src/stats/context/row-effects.ts'
import { tuneSequence } from '../../../src/stats/sequences/confidence-sequence.ts'
import { type PlayOptions, playExperiment } from '../../support/samples/context-experiment.ts'
import { seededRandom } from '../../support/samples/random.ts'

const OPTIONS = { alpha: 0.05, plannedUnits: 30_000 }

/** Three arms of one column, shares that stand still. */
function play(seed: number, rate: PlayOptions['rate']): DriftBatch[] {
  const played = playExperiment({
    arms: 3,
    units: 12_000,
    random: seededRandom(seed),
    context: () => [1],
    rate,
    exploration: 1,
    shrinkage: 1,
    isAdjusted: false,
    firstBatch: 50,
    growth: 0.1,
  })
  return played.map(({ scored }) => ({
    snapshot: scored.snapshot,
    units: scored.row.units,
    lifts: [1, 2].map(arm => liftScore(scored, arm, 0)),
  }))
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
  const collapse = (arm: number, _: readonly number[], place: number) => (arm === 2 && place < 5_000 ? 0.6 : 0.3)

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
    const swing = (_: number, __: readonly number[], place: number) => (place < 5_000 ? 0.2 : 0.4)
    const steady = () => 0.3
    for (let run = 0; run < 10; run++) {
      for (const rate of [swing, steady]) expect(detectDrift(play(510 + run, rate), OPTIONS).change).toBeNull()
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
    for (let run = 0; run < 20; run++) {
      const batches = play(530 + run, () => 0.3)
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
    expect(called).toBeGreaterThan(4)
  })
})
