import { describe, expect, it } from 'vitest'
import { allCells } from '../../scripts/validity/cells.ts'
import { type ContextCell, contextCells, FIRST_CONTEXT_PLACE } from '../../scripts/validity/context-cells.ts'
import { contextFindingOf, contextTableOf, judgeContexts } from '../../scripts/validity/context-findings.ts'
import { regretOf, regretWorlds } from '../../scripts/validity/context-regret.ts'
import { runContextCell } from '../../scripts/validity/context-run.ts'
import { addCounts, NO_COUNTS } from '../../scripts/validity/run-cell.ts'

const cells = contextCells()
const [, strong] = cells as [ContextCell, ContextCell]

describe('contextCells()', () => {
  it('has names of their own, places above all others, and rates that are rates', () => {
    expect(new Set(cells.map(({ name }) => name)).size).toBe(cells.length)
    expect(cells.map(({ place }) => place)).toEqual(cells.map((_, number) => FIRST_CONTEXT_PLACE + number))
    expect(allCells().length).toBeLessThan(FIRST_CONTEXT_PLACE)
    for (const { world, name, arms, isNull } of cells.filter(({ outcome }) => outcome !== 'Gaussian')) {
      for (const signs of [
        [1, 1, 1, 1],
        [-1, -1, -1, -1],
      ]) {
        const rates = Array.from({ length: arms }, (_, arm) => world.meanOf(arm, signs, 2_500))
        expect(Math.min(...rates), name).toBeGreaterThan(0)
        expect(Math.max(...rates), name).toBeLessThan(1)
        expect(new Set(rates).size === 1, name).toBe(isNull)
      }
    }
  })
})

describe('runContextCell()', () => {
  const short = { ...strong, world: { ...strong.world, units: 1_500 } }

  it('counts the same runs, no matter who runs which of them', () => {
    const whole = runContextCell(short, 1, 0, 3)
    expect(addCounts(runContextCell(short, 1, 2, 3), runContextCell(short, 1, 0, 2))).toEqual(whole)
    expect(whole).toMatchObject({ runs: 3, looks: 90 })
  })

  // The controls need the units: the policy must have gone far astray.
  it('keeps its promises in a small study of its own, with controls that fail', () => {
    const finding = contextFindingOf(strong, runContextCell(strong, 1, 0, 10))
    const promises = judgeContexts([finding])
    expect(promises).toHaveLength(3)
    expect(promises.filter(({ isKept }) => !isKept)).toEqual([])
    expect(contextTableOf([finding]).split('\n')[1]).toMatch(/κ = 1 .* – /)
  }, 60_000)

  it('breaks a promise where the truth leaves too often, or a control holds', () => {
    const brokenBy = (changes: object) =>
      judgeContexts([contextFindingOf(strong, { ...NO_COUNTS, runs: 300, averaged: 200, naive: 200, ...changes })])
        .filter(({ isKept }) => !isKept)
        .map(({ promise }) => promise.split(':')[0])
    expect(brokenBy({ absolute: 12 })).toEqual([])
    expect(brokenBy({ means: 25 })).toEqual(['contextual'])
    expect(brokenBy({ averaged: 140 })).toEqual(['contextual control'])
  })
})

describe('regretOf()', () => {
  // Of an independent implementation, in worlds of the same costs: 13.4, 16.5 and 4.8 lost outcomes
  // in 1,000 units.
  it('is what an independent implementation loses, within 10 % and the error of 20 runs', () => {
    const costs = { linear: [13.4, 30.7, 22.4], logistic: [16.5, 87, 66], useless: [4.8, 10, 0] }
    for (const world of regretWorlds()) {
      const [lost, never, single] = costs[world.name as keyof typeof costs] as [number, number, number]
      const regret = regretOf(world, 20, 1)
      expect(Math.abs(regret.neverLearning - never), world.name).toBeLessThan(0.5)
      expect(Math.abs(regret.bestSingleArm - single), world.name).toBeLessThan(0.6)
      expect(Math.abs(regret.contextual - lost), world.name).toBeLessThan(0.1 * lost + 2 * regret.error)
    }
  }, 180_000)
})
