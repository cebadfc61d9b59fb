import { describe, expect, it } from 'vitest'
import { allCells, type Cell } from '../../scripts/validity/cells.ts'
import { naiveIntervalCalls, pooledBeliefCalls } from '../../scripts/validity/controls.ts'
import { binomialInterval, type Finding, findingOf, judge } from '../../scripts/validity/findings.ts'
import { addCounts, type Counts, NO_COUNTS, runCell } from '../../scripts/validity/run-cell.ts'
import { tableOf } from '../../scripts/validity/table.ts'
import { successes } from '../support/samples/ledgers.ts'

const cells = allCells()
const [first] = cells as [(typeof cells)[number]]
const counted = (changes: Partial<Counts>) => ({
  ...NO_COUNTS,
  runs: 300,
  looks: 3e4,
  naive: 200,
  belief: 200,
  widthAtPlan: 300 * 1.1,
  widthAtEnd: 300 * 1.1,
  widthTunedToRange: 300 * 3,
  widthOverKnown: 300 * 1.2,
  ...changes,
})
const findingsWith = (changes: Partial<Counts>): Finding[] => cells.map(cell => findingOf(cell, counted(changes)))

describe('allCells()', () => {
  it('has every cell that was promised, each with its own name and place', () => {
    expect(new Set(cells.map(({ name }) => name)).size).toBe(cells.length)
    expect(cells.map(({ place }) => place)).toEqual(cells.map((_, place) => place))
    expect(cells.filter(({ setting }) => setting === '')).toHaveLength(2 * (3 * 5 * 2 + 6))
    for (const setting of [
      'drift ±50 %, period 20,000',
      'drift ±50 %, period 300,000',
      'window 1d',
      'window 7d',
      'arm added',
      'arm added, window 1d',
      'arm retired',
      'arms come and go',
      'control retired',
      'decrease',
      'weekly traffic',
      'exploration until the verdict',
    ]) {
      expect(new Set(cells.filter(cell => cell.setting === setting).map(({ isNull }) => isNull)).size, setting).toBe(2)
    }
    for (const outcome of ['0.1 %', 'negative', 'lognormal σ 2.5']) {
      expect(cells.filter(cell => cell.outcome === outcome).length, outcome).toBeGreaterThanOrEqual(2)
    }
  })

  it('has equal arms in A/A alone, and the floor that it says', () => {
    for (const { name, design, isNull, arms, floor, setting } of cells) {
      expect(design.units).toBe(setting.endsWith('300,000') ? 300_000 : 100_000)
      expect(design.means).toHaveLength(arms)
      expect(new Set(design.means).size === 1, name).toBe(isNull)
      const exploration = setting.startsWith('exploration') ? { untilVerdict: 0.5, after: floor } : floor
      expect(design.definition.policy).toMatchObject({ type: 'thompson', exploration })
    }
  })

  it('promises the width of the policy lift for rates of 0.1 to 30 % and revenue, with two and three arms', () => {
    const promised = cells.filter(({ isWidthPromised }) => isWidthPromised).map(({ arms, outcome }) => [arms, outcome])
    const outcomes = ['1 %', '5 %', '30 %', 'revenue', '0.1 %', 'revenue to 10⁵']
    expect(promised.sort()).toEqual(outcomes.flatMap(outcome => [2, 3].map(arms => [arms, outcome])).sort())
  })
})

describe('runCell()', () => {
  it('counts the same runs, no matter who runs which of them', () => {
    const short = { ...first, design: { ...first.design, units: 2_000 } }
    const whole = runCell(short, 1, 0, 4)
    expect(addCounts(runCell(short, 1, 2, 4), runCell(short, 1, 0, 2))).toEqual(whole)
    expect(whole.runs).toBe(4)
    expect(whole.looks).toBeGreaterThan(400)
    expect(runCell(short, 2, 0, 4)).not.toEqual(whole)
  })

  // Few runs of short experiments: what they show is that the study holds together, in every kind
  // of world.
  it('keeps its promises in a small study of its own, with controls that fail', () => {
    const wanted = [
      'A/A, 2 arms, 5 %, floor 0.1',
      'A/A, 2 arms, 5 %, floor 0.1, drift ±50 %, period 20,000',
      'A/A, 2 arms, 5 %, floor 0.1, decrease',
      'A/A, 4 arms, 5 %, floor 0.1, arms come and go',
      'A/B, 3 arms, revenue to 10⁵, floor 0.1',
      'A/B, 2 arms, 5 %, floor 0.1, weekly traffic',
    ]
    const findings = wanted.map(name => {
      const cell = cells.find(each => each.name === name) as Cell
      const short = { ...cell, design: { ...cell.design, units: 31_000 } }
      return findingOf(short, runCell(short, 1, 0, 6))
    })
    const promises = judge(findings)
    expect(promises.filter(({ isKept }) => !isKept)).toEqual([])
    expect(promises).toHaveLength(7)
    const [width] = findings.flatMap(({ width }) => width ?? [])
    expect(width?.atEnd).toBeGreaterThan(1)
    expect(width?.tunedToRange).toBeGreaterThan(50)
    expect(width?.overKnown).toBeLessThan(1.5)
  }, 60_000)
})

describe('binomialInterval()', () => {
  it('is the exact interval of Clopper and Pearson', () => {
    // SciPy 1.14: beta.ppf.
    for (const [count, runs, lower, upper] of [
      [10, 200, 0.024234165472108552, 0.0900275377013513],
      [0, 200, 0, 0.018275340355136227],
      [200, 200, 1 - 0.018275340355136227, 1],
    ] as const) {
      expect(binomialInterval(count, runs).lower).toBeCloseTo(lower, 9)
      expect(binomialInterval(count, runs).upper).toBeCloseTo(upper, 9)
    }
  })

  it('has ends at which so many or more, or so few or fewer, have a chance of 2.5 %', () => {
    for (const [count, runs] of [
      [3, 40],
      [17, 300],
      [90, 1000],
    ] as const) {
      const { lower, upper } = binomialInterval(count, runs)
      expect(1 - cumulated(count - 1, runs, lower)).toBeCloseTo(0.025, 8)
      expect(cumulated(count, runs, upper)).toBeCloseTo(0.025, 8)
    }
  })
})

describe('the controls', () => {
  it('call a difference that one look would call, and nothing without spread', () => {
    expect(naiveIntervalCalls([successes(1_000, 100), successes(1_000, 130)], 0)).toBe(true)
    expect(naiveIntervalCalls([successes(1_000, 100), successes(1_000, 110)], 0)).toBe(false)
    expect(naiveIntervalCalls([successes(1_000, 0), successes(1_000, 30)], 0)).toBe(false)
    expect(pooledBeliefCalls([successes(1_000, 100), successes(1_000, 130)], first.design)).toBe(true)
    expect(pooledBeliefCalls([successes(1_000, 100), successes(1_000, 110)], first.design)).toBe(false)
  })
})

describe('judge()', () => {
  const brokenBy = (changes: Partial<Counts>) => judge(findingsWith(changes)).filter(({ isKept }) => !isKept).length

  it('is content with few misses and with controls that fail', () => {
    expect(judge(findingsWith({ absolute: 12, falseVerdict: 10 }))).toHaveLength(8)
    expect(brokenBy({ absolute: 12, falseVerdict: 10 })).toBe(0)
  })

  it('is not when the truth left too often, a verdict was false too often, an interval was too wide, or a control held', () => {
    // 8.3 % of runs: the exact interval begins above 5 %, and below 7 %.
    expect(brokenBy({ policyLift: 25 })).toBe(2)
    expect(brokenBy({ relative: 45 })).toBe(3)
    expect(brokenBy({ falseVerdict: 25 })).toBe(1)
    expect(brokenBy({ widthAtPlan: 300 * 1.21 })).toBe(1)
    expect(brokenBy({ widthAtEnd: Infinity })).toBe(1)
    expect(brokenBy({ widthTunedToRange: 300 * 1.19 })).toBe(1)
    expect(brokenBy({ naive: 140 })).toBe(1)
    expect(brokenBy({ belief: 140 })).toBe(1)
  })

  it('promises nothing of the heavy tail', () => {
    const heavy = cells
      .filter(({ kind }) => kind === 'heavy tail')
      .map(cell => findingOf(cell, counted({ absolute: 90, falseVerdict: 90 })))
    expect(heavy).toHaveLength(2)
    expect(judge(heavy).map(({ promise }) => promise.slice(0, 7))).toEqual(['control', 'control'])
  })

  it('judges what there is', () => {
    const some = findingsWith({}).filter(({ cell }) => cell.startsWith('A/B, 5 arms, revenue'))
    expect(judge(some)).toHaveLength(2)
  })
})

describe('tableOf()', () => {
  it('has a line for each cell, in text and in Markdown', () => {
    const findings = findingsWith({ absolute: 3 })
    const lines = tableOf(findings).split('\n')
    expect(lines).toHaveLength(cells.length + 1)
    expect(lines[1]).toContain('1.0 ±0.6')
    expect(tableOf(findings, 'markdown').split('\n')[1]).toMatch(/^\| --: \|/)
    expect(tableOf(findings)).not.toMatch(/NaN|null|undefined/)
  })
})

/** P(at most `count` of `runs`), added up. */
function cumulated(count: number, runs: number, probability: number): number {
  let [term, sum] = [(1 - probability) ** runs, 0]
  for (let k = 0; k <= count; k++) {
    sum += term
    term *= (((runs - k) / (k + 1)) * probability) / (1 - probability)
  }
  return sum
}
