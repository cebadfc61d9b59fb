import { describe, expect, it } from 'vitest'
import { allCells } from '../../scripts/validity/cells.ts'
import { naiveIntervalCalls, pooledBeliefCalls } from '../../scripts/validity/controls.ts'
import { type Finding, findingOf, judge } from '../../scripts/validity/findings.ts'
import { addCounts, type Counts, NO_COUNTS, runCell } from '../../scripts/validity/run-cell.ts'
import { tableOf } from '../../scripts/validity/table.ts'
import { successes } from '../support/ledgers.ts'

const cells = allCells()
const [first] = cells as [(typeof cells)[number]]
const counted = (changes: Partial<Counts>) => ({
  ...NO_COUNTS,
  runs: 300,
  looks: 3e4,
  naive: 200,
  belief: 200,
  ...changes,
})
const findingsWith = (changes: Partial<Counts>): Finding[] => cells.map(cell => findingOf(cell, counted(changes)))

describe('allCells()', () => {
  it('are all that were promised, each with its own name and place', () => {
    expect(cells).toHaveLength(2 * 3 * 5 * 2)
    expect(new Set(cells.map(({ name }) => name)).size).toBe(cells.length)
    expect(cells.map(({ place }) => place)).toEqual(cells.map((_, place) => place))
    for (const { design, isNull, arms, floor } of cells) {
      expect(design.units).toBe(100_000)
      expect(design.means).toHaveLength(arms)
      expect(new Set(design.means).size === 1).toBe(isNull)
      expect(design.definition.policy).toMatchObject({ type: 'thompson', exploration: floor })
    }
  })
})

describe('runCell()', () => {
  it('counts the same runs whoever runs which of them', () => {
    const short = { ...first, design: { ...first.design, units: 2_000 } }
    const whole = runCell(short, 1, 0, 4)
    expect(addCounts(runCell(short, 1, 2, 4), runCell(short, 1, 0, 2))).toEqual(whole)
    expect(whole.runs).toBe(4)
    expect(whole.looks).toBeGreaterThan(400)
    expect(runCell(short, 2, 0, 4)).not.toEqual(whole)
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
    expect(judge(findingsWith({ absolute: 12, falseVerdict: 10 }))).toHaveLength(6)
    expect(brokenBy({ absolute: 12, falseVerdict: 10 })).toBe(0)
  })

  it('is not when the truth left too often, a verdict was false too often, or a control held', () => {
    // 8 % of runs: beyond 5 % and two errors, within 7 % and two errors.
    expect(brokenBy({ policyLift: 24 })).toBe(2)
    expect(brokenBy({ relative: 45 })).toBe(3)
    expect(brokenBy({ falseVerdict: 24 })).toBe(1)
    expect(brokenBy({ naive: 140 })).toBe(1)
    expect(brokenBy({ belief: 140 })).toBe(1)
  })

  it('judges what there is', () => {
    const some = findingsWith({}).filter(({ cell }) => cell.startsWith('A/B, 3 arms, revenue'))
    expect(judge(some)).toHaveLength(1)
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
