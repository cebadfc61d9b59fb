import { describe, expect, it } from 'vitest'
import { type LoggedRow, LogValuation, type LogValue, valueLog } from '../../../src/stats/off-policy/off-policy.ts'
import { valueByLoops } from '../../support/log-value.ts'
import { expectGolden, readGolden } from '../../support/samples/golden.ts'
import { drawArm } from '../../support/samples/ledgers.ts'
import { seededRandom } from '../../support/samples/random.ts'

interface GoldenLog {
  readonly name: string
  readonly target: readonly number[]
  readonly rows: readonly LoggedRow[]
  readonly expected: {
    readonly ips: number
    readonly snips: number
    readonly ess: number
    readonly maxWeight: number
    readonly refuse: 'ess' | 'support' | null
  }
}

const golden = readGolden<{ cases: readonly GoldenLog[] }>('off-policy').cases
const binary = { range: [0, 1], alpha: 0.05, plannedUnits: 10_000 } as const

describe('valueLog()', () => {
  it('agrees with golden values, and refuses the same logs as the reference', () => {
    for (const { name, target, rows, expected } of golden) {
      const rewards = rows.map(({ reward }) => reward)
      const value = valueLog(rows, { ...binary, target, range: [Math.min(...rewards), Math.max(...rewards)] })
      const summary = summaryOf(value)
      expectGolden(summary.ips, expected.ips, name)
      expectGolden(summary.snips, expected.snips, name)
      expectGolden(summary.effectiveSampleSize, expected.ess, name)
      expectGolden(summary.largestWeight, expected.maxWeight, name)
      const reason = value.status === 'refused' ? value.reason : null
      expect(reason, name).toBe(expected.refuse === 'ess' ? 'effective-sample-size' : expected.refuse)
    }
  })

  it('agrees with plain loops over the formulas, row by row', () => {
    const random = seededRandom(53)
    const logs = [
      { options: { ...binary, target: [0.6, 0.1, 0.3], range: [-2, 5] }, rates: [0.5, 0.2, 0.8], noise: 1 },
      { options: { ...binary, target: [0.2, 0.8] }, rates: [0.02, 0.03], noise: 0 },
      { options: { ...binary, target: [0, 1, 0, 0], alpha: 0.2, range: [0, 50] }, rates: [1, 1, 0, 0], noise: 3 },
    ] as const
    for (const { options, rates, noise } of logs) {
      const rows = randomLog(random, rates, 700).map(row => ({ ...row, reward: row.reward + noise * random() }))
      const value = valued(valueLog(rows, options))
      const direct = valueByLoops(rows, options)
      for (const name of ['ips', 'snips', 'doublyRobust'] as const) {
        expectGolden(value[name].rawEstimate, direct[name].estimate, name, 1e-12)
        expectGolden(value[name].lower, direct[name].lower, name, 1e-10)
        expectGolden(value[name].upper, direct[name].upper, name, 1e-10)
      }
    }
  })

  it('stays inside the range, estimate and ends', () => {
    const rows = randomLog(seededRandom(57), [0.001, 0.002], 800)
    const value = valued(valueLog(rows, { ...binary, target: [0.1, 0.9] }))
    for (const { estimate, lower, upper } of [value.ips, value.snips, value.doublyRobust]) {
      expect(lower).toBe(0)
      expect(estimate).toBeGreaterThanOrEqual(0)
      expect(upper).toBeGreaterThan(estimate ?? 1)
      expect(upper).toBeLessThan(1)
    }
  })

  it('has the same IPS and SNIPS when the log is of the target itself, and SNIPS has the narrower interval', () => {
    const target = [0.3, 0.7]
    const rows = randomLog(seededRandom(54), [0.2, 0.4], 500, () => target)
    const { ips, snips, doublyRobust } = valued(valueLog(rows, { ...binary, target }))
    expectGolden(snips.estimate, ips.estimate)
    expect(snips.lower).toBeGreaterThan(ips.lower ?? 1)
    expect(snips.upper).toBeLessThan(ips.upper ?? 0)
    expect(Math.abs((doublyRobust.estimate ?? 0) - (ips.estimate ?? 1))).toBeLessThan(0.02)
  })

  it('shifts with the rewards, except IPS, which needs the weights to sum to n', () => {
    const target = [0.8, 0.2]
    const rows = randomLog(seededRandom(55), [0.2, 0.4], 500)
    const shifted = rows.map(row => ({ ...row, reward: row.reward + 10 }))
    const near = valued(valueLog(rows, { ...binary, target }))
    const far = valued(valueLog(shifted, { ...binary, target, range: [10, 11] }))
    for (const name of ['snips', 'doublyRobust'] as const) {
      expectGolden(far[name].estimate, 10 + (near[name].estimate ?? Number.NaN), name)
      expectGolden(far[name].lower, 10 + (near[name].lower ?? Number.NaN), name)
      expectGolden(far[name].upper, 10 + (near[name].upper ?? Number.NaN), name)
    }
    const width = ({ lower, upper }: { lower: number | null; upper: number | null }) => (upper ?? 0) - (lower ?? 0)
    expect(width(far.ips)).toBeGreaterThan(3 * width(near.ips))
  })

  it('refuses in order: a row without a propensity, an arm without rows, too few effective rows', () => {
    const rows = Array.from({ length: 50 }, () => ({ arm: 0, propensity: 0.5, reward: 1 }))
    const options = { ...binary, target: [0.5, 0.5] }
    for (const propensity of [null, 0, -0.1, 1.1, Number.NaN]) {
      const broken = [...rows, { arm: 0, propensity, reward: 0 }, ...rows]
      expect(valueLog(broken, options)).toEqual({ status: 'refused', reason: 'propensity', row: 50 })
    }
    expect(valueLog(rows, options)).toMatchObject({ status: 'refused', reason: 'support', arm: 1 })
    expect(valueLog(rows, { ...binary, target: [1, 0] })).toMatchObject({
      status: 'refused',
      reason: 'effective-sample-size',
      summary: { rows: 50, ips: 2, snips: 1, effectiveSampleSize: 50, largestWeight: 2 },
    })
    expect(valueLog([...rows, ...rows], { ...binary, target: [1, 0] })).toMatchObject({ status: 'valued' })
  })

  it('has no numbers for an empty log, and throws on impossible arms and rewards', () => {
    const options = { ...binary, target: [1, 0] }
    const summary = { rows: 0, ips: null, snips: null, effectiveSampleSize: 0, largestWeight: 0 }
    expect(valueLog([], options)).toEqual({ status: 'refused', reason: 'support', arm: 0, summary })
    expect(() => valueLog([{ arm: 2, propensity: 0.5, reward: 0 }], options)).toThrow('arm 2')
    expect(() => valueLog([{ arm: 0, propensity: 0.5, reward: 2 }], options)).toThrow('outside the range [0, 1]')
    expect(() => valueLog([{ arm: 0, propensity: 0.5, reward: Number.NaN }], options)).toThrow(RangeError)
    expect(() => valueLog([], { ...options, range: [1, 0] })).toThrow(RangeError)
  })
})

describe('LogValuation', () => {
  it('is valid at every look on an adaptive log, where 1.96 standard errors are not', () => {
    const random = seededRandom(56)
    const target = [0.5, 0.5]
    const runs = 150
    const missed = { doublyRobust: 0, ips: 0, snips: 0, naive: 0 }
    for (let run = 0; run < runs; run++) {
      const valuation = new LogValuation({ ...binary, target, plannedUnits: 1000 })
      const misses = new Set<keyof typeof missed>()
      let [sum, squares] = [0, 0]
      for (const [index, row] of randomLog(random, [0.3, 0.3], 2000, chasing()).entries()) {
        valuation.add(row)
        const score = ((target[row.arm] ?? 0) / (row.propensity ?? 1)) * row.reward
        sum += score
        squares += score ** 2
        const n = index + 1
        if (n < 200 || n % 20 !== 0) continue
        if (Math.abs(sum / n - 0.3) > (1.96 * Math.sqrt(squares / n - (sum / n) ** 2)) / Math.sqrt(n))
          misses.add('naive')
        const value = valuation.value()
        if (value.status !== 'valued') continue
        for (const name of ['doublyRobust', 'ips', 'snips'] as const) {
          const { lower, upper } = value[name]
          if ((lower ?? -1) > 0.3 || (upper ?? 2) < 0.3) misses.add(name)
        }
      }
      for (const name of misses) missed[name]++
    }
    expect(missed.doublyRobust / runs).toBeLessThan(0.05)
    expect(missed.ips / runs).toBeLessThan(0.05)
    expect(missed.snips / runs).toBeLessThan(0.05)
    expect(missed.naive / runs).toBeGreaterThan(0.15)
  })
})

/** A policy that gives 0.8 to the arm with the larger mean so far. */
function chasing() {
  const known = [
    { units: 1, sum: 0.5 },
    { units: 1, sum: 0.5 },
  ]
  return (last?: LoggedRow) => {
    const arm = last === undefined ? undefined : known[last.arm]
    if (arm !== undefined && last !== undefined) {
      arm.units++
      arm.sum += last.reward
    }
    const [first = 0, second = 0] = known.map(({ units, sum }) => sum / units)
    return first > second ? [0.8, 0.2] : [0.2, 0.8]
  }
}

/** Rows with rewards 0 or 1, under propensities that wander unless told. */
function randomLog(
  random: () => number,
  rates: readonly number[],
  count: number,
  propensitiesAfter: (last?: LoggedRow) => readonly number[] = () => wander(random, rates.length),
): LoggedRow[] {
  let last: LoggedRow | undefined
  return Array.from({ length: count }, () => {
    const propensities = propensitiesAfter(last)
    const arm = drawArm(random(), propensities)
    last = { arm, propensity: propensities[arm] ?? null, reward: random() < (rates[arm] ?? 0) ? 1 : 0 }
    return last
  })
}

function wander(random: () => number, arms: number): number[] {
  const weights = Array.from({ length: arms }, () => 0.3 + random())
  const total = weights.reduce((sum, weight) => sum + weight, 0)
  return weights.map(weight => weight / total)
}

function summaryOf(value: LogValue) {
  if ('summary' in value) return value.summary
  throw new Error(`refused for its ${value.reason}`)
}

function valued(value: LogValue) {
  if (value.status === 'valued') return value
  throw new Error(`refused for its ${value.reason}`)
}
