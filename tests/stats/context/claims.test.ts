// What is promised of contextual experiments, each on a small seeded simulation with a control that
// must fail. The study with many runs belongs to `npm run validity`.
import { describe, expect, it } from 'vitest'
import type { ScoredBatch } from '../../../src/stats/context/batch-scores.ts'
import { liftScore, meanScore } from '../../../src/stats/context/batch-scores.ts'
import { effectiveMoments, type MomentBatch } from '../../../src/stats/context/effective-moments.ts'
import { discountAt } from '../../../src/stats/context/half-life.ts'
import { estimateRowEffects, scoreOver } from '../../../src/stats/context/row-effects.ts'
import { segmentLifts } from '../../../src/stats/context/segments.ts'
import { fitSlopes } from '../../../src/stats/context/slopes-fit.ts'
import { type EffectOptions, estimateEffects } from '../../../src/stats/lift/lift.ts'
import { type PlayedBatch, type PlayOptions, playExperiment } from '../../support/samples/context-experiment.ts'
import { momentsOf } from '../../support/samples/contexts.ts'
import { seededRandom } from '../../support/samples/random.ts'

const OPTIONS: EffectOptions = {
  arms: 3,
  control: 0,
  metric: { range: [0, 1], goal: 'increase' },
  alpha: 0.05,
  plannedUnits: 30_000,
}

/** Four binary features. */
function binaryContext(random: () => number): number[] {
  return [1, ...[1, 2, 3, 4].map(() => (random() < 0.5 ? 1 : -1))]
}

function mainEffects(x: readonly number[]): number {
  return 0.3 + 0.12 * ((x[1] as number) + 0.6 * (x[2] as number) + 0.4 * (x[3] as number))
}

function play(seed: number, options: Partial<PlayOptions> = {}): PlayedBatch[] {
  return playExperiment({
    arms: 3,
    units: 6_000,
    random: seededRandom(seed),
    context: binaryContext,
    rate: (_, x) => mainEffects(x),
    exploration: 0.1,
    shrinkage: 1,
    isAdjusted: true,
    firstBatch: 50,
    growth: 0.08,
    ...options,
  })
}

/** Every third look, and the last one. */
function looksAt(played: readonly PlayedBatch[]): PlayedBatch[][] {
  return played.flatMap((_, last) => (last % 3 === 0 || last === played.length - 1 ? [played.slice(0, last + 1)] : []))
}

function scoredOf(played: readonly PlayedBatch[]): ScoredBatch[] {
  return played.map(({ scored }) => scored)
}

/** Whether a plain 95 % interval of two plain means, over the units inside, excludes 0. */
function isPlainlyDifferent(played: readonly PlayedBatch[], isInside: (x: readonly number[]) => boolean): boolean {
  const units = played.flatMap(batch => batch.units.filter(([, x]) => isInside(x)))
  const [control, ...others] = [0, 1, 2].map(arm => {
    const outcomes = units.filter(unit => unit[0] === arm).map(unit => unit[2])
    const mean = outcomes.reduce((sum, outcome) => sum + outcome, 0) / outcomes.length
    return { mean, variance: (mean * (1 - mean)) / outcomes.length }
  })
  if (control === undefined) return false
  return others.some(arm => Math.abs(arm.mean - control.mean) > 1.96 * Math.sqrt(arm.variance + control.variance))
}

/** Three equal arms, propensities that depend on x as strongly as they can. */
describe('where no arm is better', () => {
  const runs = Array.from({ length: 24 }, (_, run) => play(200 + run, { isAdjusted: run % 2 === 0 }))
  const share = (isFalse: (played: readonly PlayedBatch[]) => boolean) =>
    runs.filter(run => looksAt(run).some(isFalse)).length / runs.length

  it('no lift is called at any look', () => {
    const called = share(played =>
      estimateRowEffects(scoredOf(played), [], OPTIONS).lifts.some(
        lift => lift !== null && lift.verdict !== 'undecided',
      ),
    )
    expect(called).toBeLessThanOrEqual(2 / runs.length)
  })

  it("would be called with the batch's mean propensity in the place of each unit's own (control)", () => {
    const called = share(played =>
      estimateEffects(
        played.map(({ tallied }) => tallied),
        OPTIONS,
      ).lifts.some(lift => lift !== null && lift.verdict !== 'undecided'),
    )
    expect(called).toBeGreaterThan(0.5)
  })

  it("no interval of an arm's mean, nor of what the policy earned, ever misses", () => {
    const missed = share(played => {
      const { means, policyLift } = estimateRowEffects(
        scoredOf(played),
        played.map(({ policy }) => policy),
        OPTIONS,
      )
      const misses = ({ lower, upper }: { lower: number | null; upper: number | null }, truth: number) =>
        lower !== null && upper !== null && (lower > truth || upper < truth)
      return means.some(mean => misses(mean, 0.3)) || misses(policyLift, 0)
    })
    expect(missed).toBeLessThanOrEqual(2 / runs.length)
  })

  it('the plain 95 % interval of plain means calls one in nearly every run (control)', () => {
    const called = share(played => isPlainlyDifferent(played, () => true))
    expect(called).toBeGreaterThan(0.8)
  })
})

describe('where an arm is better', () => {
  it('its lift covers the truth and is found, also of units that the policy chose', () => {
    const rate = (arm: number, x: readonly number[]) => mainEffects(x) + (arm === 1 ? 0.12 : 0)
    const played = play(301, { rate, units: 20_000, reserved: { arm: 0, share: 0.2 } })
    const [, lift] = estimateRowEffects(scoredOf(played), [], OPTIONS).lifts
    expect(lift?.verdict).toBe('better')
    expect(lift?.lower).toBeLessThan(0.12)
    expect(lift?.upper).toBeGreaterThan(0.12)
  })

  it('the policy earns more than the control, and its interval says so', () => {
    // Arm 1 is better where x[1] = 1, arm 2 where x[1] = −1; on average no arm is.
    const rate = (arm: number, x: readonly number[]) =>
      0.3 + (arm === 0 ? 0 : arm === 1 ? 0.15 : -0.15) * (x[1] as number)
    const earned = (shrinkage: number | null) => {
      const played = play(302, { rate, units: 12_000, shrinkage })
      return estimateRowEffects(
        scoredOf(played),
        played.map(({ policy }) => policy),
        OPTIONS,
      ).policyLift
    }
    const learned = earned(null)
    expect(learned.estimate).toBeGreaterThan(0.08)
    expect(learned.lower).toBeGreaterThan(0)
    // The control of this law: with slopes that all arms share nothing is to be gained.
    expect(earned(8 ** 6).estimate).toBeLessThan(0.03)
  })
})

describe('adjustment', () => {
  const width = (seed: number, isAdjusted: boolean, rate: PlayOptions['rate']) => {
    const played = play(seed, { exploration: 1, isAdjusted, rate, units: 8_000 })
    const score = scoreOver(scoredOf(played).map(batch => liftScore(batch, 1, 0)))
    return Math.sqrt(score?.variance ?? 0) / (score?.weight ?? 1)
  }

  it('takes about 1 − R² of the squared width where features explain outcomes', () => {
    const strong = (_: number, x: readonly number[]) => 0.5 + 0.35 * (x[1] as number)
    // R² = 0.35²/0.25 = 0.49.
    const ratio = (width(401, true, strong) / width(401, false, strong)) ** 2
    expect(ratio).toBeGreaterThan(0.48)
    expect(ratio).toBeLessThan(0.62)
  })

  it('takes nothing where they do not (control)', () => {
    const ratio = (width(402, true, () => 0.3) / width(402, false, () => 0.3)) ** 2
    expect(ratio).toBeGreaterThan(0.98)
    expect(ratio).toBeLessThan(1.03)
  })

  it('keeps means unbiased when predictions are wrong', () => {
    const played = play(403, { units: 12_000 })
    const wrong = scoredOf(played).map(batch => meanScore({ ...batch, spreads: [9, 9, 9] }, 1))
    expect(scoreOver(wrong)?.estimate).toBeCloseTo(0.3, 1)
  })
})

describe('segments', () => {
  // Arm 1 is better in one half of the units only, arm 2 nowhere.
  const options: Partial<PlayOptions> = {
    units: 12_000,
    reserved: { arm: 0, share: 0.2 },
    segmentCount: 2,
    segmentOf: x => (x[1] === 1 ? 0 : 1),
    rate: (arm, x) => mainEffects(x) + (arm === 1 && x[1] === 1 ? 0.25 : 0),
  }
  const segmentOptions = { ...OPTIONS, levels: 2, levelsOfFeature: 2 }
  const verdictsOf = (played: readonly PlayedBatch[]) =>
    [0, 1].map(level =>
      segmentLifts(
        played.flatMap(({ segments }) => segments[level] ?? []),
        segmentOptions,
      ).map(lift => lift?.verdict ?? null),
    )

  it('show the lift where it is, and nowhere else', () => {
    expect(verdictsOf(play(501, options))).toEqual([
      [null, 'better', 'undecided'],
      [null, 'undecided', 'undecided'],
    ])
  })

  it('call nothing at any look where no arm is better', () => {
    for (let run = 0; run < 6; run++) {
      const played = play(510 + run, { ...options, units: 4_000, rate: (_, x) => mainEffects(x) })
      for (const look of looksAt(played)) expect(verdictsOf(look).flat()).not.toContain('better')
    }
  })

  it("would be wrong with the tallies' plain means by segment (control)", () => {
    let called = 0
    for (let run = 0; run < 6; run++) {
      const played = play(510 + run, { ...options, units: 4_000, rate: (_, x) => mainEffects(x) })
      if (looksAt(played).some(look => [1, -1].some(side => isPlainlyDifferent(look, x => x[1] === side)))) called++
    }
    expect(called).toBeGreaterThan(3)
  })
})

describe('a half-life', () => {
  /** Arm 1 is better for ten days, then arm 0; equal shares, 200 units an arm and day. */
  const batches = (halfLifeDays: number | null): MomentBatch[] =>
    Array.from({ length: 20 }, (_, day) => {
      const units = Array.from({ length: 400 }, (__, unit) => {
        const isGood = (unit % 2 === 1) === day < 10
        return [unit % 2, [1], (unit >> 1) % 20 < (isGood ? 8 : 5) ? 1 : 0] as const
      })
      const discount = discountAt(20 - day, halfLifeDays)
      return { snapshot: day + 1, meanPropensity: [0.5, 0.5], arms: momentsOf(units, 2, 1), discount }
    })
  const lead = (halfLifeDays: number | null) => {
    const [one, other] = fitSlopes(effectiveMoments(batches(halfLifeDays), 2, 1))?.arms ?? []
    return (one?.coefficients[0] ?? 0) - (other?.coefficients[0] ?? 0)
  }

  it('lets the policy follow arms that change places', () => expect(lead(3)).toBeGreaterThan(0.1))

  it('is what does it: without one, the two halves cancel (control)', () => {
    expect(Math.abs(lead(null))).toBeLessThan(0.001)
  })
})
