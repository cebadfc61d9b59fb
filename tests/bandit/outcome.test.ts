import { describe, expect, it } from 'vitest'
import { isAttributed, isDelayed, outcomeOf } from '../../src/bandit/outcome.ts'

describe('isAttributed()', () => {
  it.each([
    ['before the assignment', 999, false],
    ['at the assignment', 1_000, true],
    ['at the end of the window', 1_500, true],
    ['after the window', 1_501, false],
  ])('judges a reward %s', (_, at, counts) => {
    expect(isAttributed({ windowMs: 500, until: null }, 1_000, at)).toBe(counts)
  })

  it('counts every later reward without a window, until the end if there is one', () => {
    expect(isAttributed({ windowMs: null, until: null }, 1_000, 1e15)).toBe(true)
    expect(isAttributed({ windowMs: null, until: 2_000 }, 1_000, 2_000)).toBe(true)
    expect(isAttributed({ windowMs: null, until: 2_000 }, 1_000, 2_001)).toBe(false)
  })
})

describe('outcomeOf()', () => {
  const binary = { type: 'binary', range: [0, 1] } as const
  const revenue = { type: 'continuous', range: [0, 500] } as const
  const rating = { type: 'continuous', range: [1, 5] } as const

  it.each([
    [binary, 0, 0],
    [binary, 0.001, 1],
    [binary, 17, 1],
    [binary, -1, 0],
    [revenue, 19.5, 19.5],
    [revenue, 501, 500],
    [revenue, -3, 0],
    [rating, 0, 1],
    [rating, 4, 4],
  ])('%j makes of %d: %d', (metric, total, outcome) => {
    expect(outcomeOf(metric, total)).toBe(outcome)
  })
})

describe('isDelayed()', () => {
  it('begins after an hour', () => {
    expect(isDelayed(0, 3_600_000)).toBe(false)
    expect(isDelayed(0, 3_600_001)).toBe(true)
  })
})
