import { describe, expect, it } from 'vitest'
import { clippedSide, isAttributed, isDelayed, outcomeOf } from '../../../src/bandit/metrics/outcome.ts'

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

describe('clippedSide()', () => {
  const revenue = { type: 'continuous', range: [0, 500] } as const
  const rating = { type: 'continuous', range: [1, 5] } as const
  const loss = { type: 'continuous', range: [-5, -1] } as const

  it.each([
    [revenue, 500, null],
    [revenue, 500.01, 'above'],
    [revenue, -0.01, 'below'],
    [rating, 0.5, 'below'],
    // What a unit without rewards has is not clipped, wherever the range lies.
    [rating, 0, null],
    [rating, -0, null],
    [loss, 0, null],
    [loss, 0.5, 'above'],
    [{ type: 'binary', range: [0, 1] } as const, 17, null],
    [{ type: 'binary', range: [0, 1] } as const, -17, null],
  ])('%j puts a total of %d on the side: %s', (metric, total, side) => {
    expect(clippedSide(metric, total)).toBe(side)
  })
})

describe('isDelayed()', () => {
  it('begins after an hour', () => {
    expect(isDelayed(0, 3_600_000)).toBe(false)
    expect(isDelayed(0, 3_600_001)).toBe(true)
  })
})
