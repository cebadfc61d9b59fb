import { describe, expect, it } from 'vitest'
import { drift, weeklyTraffic } from '../../scripts/validity/moving-world.ts'
import { completeSimulation, DAY_MS, type SimulationInput } from '../../src/simulation/design.ts'
import { type Look, simulateRun } from '../../src/simulation/run.ts'
import { steadyWorld, type World } from '../../src/simulation/world.ts'
import { seededChance } from '../../src/stats/numerics/chance.ts'

const design = (input: Partial<SimulationInput> = {}) =>
  completeSimulation({
    arms: [0.1, 0.1, 0.2].map((rate, arm) => ({ key: `arm-${arm}`, rate })),
    policy: { type: 'thompson', exploration: 0.3, controlShare: null },
    unitsPerDay: 86_400,
    days: 1 / 12,
    ...input,
  })

function looksIn(input: Partial<SimulationInput>, world: Partial<World>, seed = 1): Look[] {
  const completed = design(input)
  return [...simulateRun(completed, seededChance(seed), { ...steadyWorld(completed), ...world })]
}

describe('simulateRun() in a world that moves', () => {
  it('is the plain run where nothing moves', () => {
    const plain = [...simulateRun(design(), seededChance(3))]
    const looks = looksIn({}, {}, 3)
    expect(looks).toHaveLength(plain.length)
    expect(looks.at(-1)).toEqual(plain.at(-1))
  })

  it('adds and retires arms when it is told to, with a snapshot of its own', () => {
    const looks = looksIn(
      {},
      {
        arms: [
          { afterUnits: 0, active: [true, true] },
          { afterUnits: 1_000, active: [true, true, true] },
          { afterUnits: 3_000, active: [false, true, true] },
          { afterUnits: 9_000, active: [true, true, true] },
        ],
      },
    )
    const last = looks.at(-1) as Look
    let units = 0
    const before = last.batches.map(batch => {
      const unitsBefore = units
      for (const tally of batch.tallies) units += tally.units
      return { unitsBefore, active: batch.propensities.map(propensity => propensity !== null) }
    })
    expect(units).toBe(7_200)
    for (const { unitsBefore, active } of before) {
      if (unitsBefore < 1_000) expect(active).toEqual([true, true])
      else expect(active).toEqual([unitsBefore < 3_000, true, true])
    }
    for (const boundary of [1_000, 3_000]) expect(before.map(({ unitsBefore }) => unitsBefore)).toContain(boundary)
    // One lift holds at 95 %, two share it.
    expect(looks[0]?.lifts.map(lift => lift?.level)).toEqual([undefined, 0.95])
    expect(last.lifts.map(lift => lift?.level)).toEqual([undefined, 0.975, 0.975])
    expect(last.tallies[0]?.units).toBeLessThan(3_000)
  })

  it('tells the true policy lift over the units that the policy lift counts', () => {
    const arms = [
      { key: 'control', rate: 0.2 },
      { key: 'other', rate: 0.4 },
    ]
    const looks = looksIn(
      { arms, policy: { type: 'uniform' } },
      {
        lawsAt: units => {
          const rate = units < 3_600 ? 0.4 : 0.2
          return {
            laws: [
              { kind: 'binary', rate: 0.2 },
              { kind: 'binary', rate },
            ],
            means: [0.2, rate],
          }
        },
      },
    )
    expect(looks[0]?.truePolicyLift).toBeNull()
    const last = looks.at(-1) as Look
    const missed = 7_200 - last.policyLift.units
    expect(missed).toBeGreaterThanOrEqual(100)
    expect(missed).toBeLessThan(200)
    expect(last.truePolicyLift).toBeCloseTo((0.1 * (3_600 - missed)) / last.policyLift.units, 12)
  })
})

describe('drift()', () => {
  it('swings all rates by the same factor, and the lift with them', () => {
    const lawsAt = drift(design(), 0.5, 20_000)
    expect(lawsAt(0).means).toEqual([0.1, 0.1, 0.2])
    for (const [units, factor] of [
      [5_000, 1.5],
      [10_000, 1],
      [15_000, 0.5],
      [25_000, 1.5],
    ] as const) {
      expect(lawsAt(units).means[0]).toBeCloseTo(0.1 * factor, 12)
      expect(lawsAt(units).means[2]).toBeCloseTo(0.2 * factor, 12)
    }
  })
})

describe('weeklyTraffic()', () => {
  const traffic = weeklyTraffic(1_000, [0.2, 0.2, 0.2, 0.2, 0.1, 0.05, 0.05])

  it('brings each day its share, week after week', () => {
    for (const [days, units] of [
      [0, 0],
      [1, 1_400],
      [4.5, 5_950],
      [6, 6_650],
      [7, 7_000],
      [8, 8_400],
    ] as const) {
      expect(traffic.unitsAt(days * DAY_MS)).toBeCloseTo(units, 6)
      expect(traffic.msAt(units) / DAY_MS).toBeCloseTo(days, 9)
    }
  })

  it('turns units into time and back', () => {
    let last = -1
    for (let units = 0; units < 30_000; units += 17) {
      const ms = traffic.msAt(units)
      expect(ms).toBeGreaterThan(last)
      expect(traffic.unitsAt(ms)).toBeCloseTo(units, 6)
      last = ms
    }
  })
})
