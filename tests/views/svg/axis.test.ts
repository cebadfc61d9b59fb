import { describe, expect, it } from 'vitest'
import { axisFor, markOn } from '../../../src/views/svg/axis.ts'
import { seededRandom } from '../../support/samples/random.ts'

const span = <End extends number | null>(estimate: number, lower: End, upper: End) => ({ estimate, lower, upper })

describe('axisFor()', () => {
  it('has round ticks, zero among them', () => {
    const axis = axisFor([span(0.076, 0.068, 0.085), span(-0.01, -0.03, 0.01)], { cells: 61, mostTicks: 6 })
    expect(axis?.ticks.map(({ value }) => value)).toEqual([-0.02, 0, 0.02, 0.04, 0.06, 0.08])
    expect(axis?.ticks.find(({ value }) => value === 0)?.cell).toBe(axis?.zero)
  })

  it('is absent without an estimate', () => {
    expect(axisFor([], { cells: 61, mostTicks: 6 })).toBeNull()
    expect(axisFor([span(-1e308, -1.5e308, 0), span(1e308, 0, 1.5e308)], { cells: 61, mostTicks: 6 })).toBeNull()
    expect(axisFor([{ estimate: null, lower: null, upper: null }], { cells: 61, mostTicks: 6 })).toBeNull()
  })

  it('is not stretched by one interval that is much wider than another', () => {
    const axis = axisFor([span(0.01, 0.009, 0.011), span(0.01, -5, 5)], { cells: 61, mostTicks: 6 })
    expect(axis?.upper).toBeLessThan(0.03)
  })

  it('stands whatever the numbers: few ticks, in order, on the axis', () => {
    const random = seededRandom(2)
    for (let round = 0; round < 1_000; round++) {
      const size = 10 ** (random() * 40 - 20)
      const spans = Array.from({ length: 1 + Math.floor(random() * 5) }, () => {
        const [estimate, halfWidth] = [(random() - 0.5) * size, size * random() ** 4]
        return span(
          estimate,
          random() < 0.2 ? null : estimate - halfWidth,
          random() < 0.2 ? null : estimate + halfWidth,
        )
      })
      const axis = axisFor(spans, { cells: 40, mostTicks: 4 })
      expect(axis?.ticks.length).toBeGreaterThanOrEqual(1)
      expect(axis?.ticks.length).toBeLessThanOrEqual(5)
      const cells = axis?.ticks.map(({ cell }) => cell) ?? []
      expect(cells).toEqual([...cells].sort((a, b) => a - b))
      for (const cell of cells) expect(cell >= 0 && cell < 40).toBe(true)
    }
    expect(axisFor([span(0, 0, 0)], { cells: 40, mostTicks: 4 })?.zero).toBe(20)
  })
})

describe('markOn()', () => {
  it('leaves zero free exactly where the interval excludes it, however near it comes', () => {
    const random = seededRandom(3)
    for (let round = 0; round < 2_000; round++) {
      const spans = Array.from({ length: 4 }, () => {
        const [a, b] = [(random() - 0.5) ** 5, (random() - 0.5) ** 5].sort((x, y) => x - y) as [number, number]
        return span((a + b) / 2, a, b)
      })
      const axis = axisFor(spans, { cells: 30, mostTicks: 4 })
      if (axis === null) throw new Error('no axis')
      for (const each of spans) {
        const { from, to, at } = markOn(axis, each)
        const excludesZero = (each.lower ?? -1) > 0 || (each.upper ?? 1) < 0
        expect(from > axis.zero || to < axis.zero).toBe(excludesZero)
        expect(at !== null && from <= at && at <= to && from >= 0 && to < 30).toBe(true)
      }
    }
  })

  it('leaves the margin and zero free exactly where the interval excludes them, however near they are to each other', () => {
    const random = seededRandom(5)
    for (let round = 0; round < 4_000; round++) {
      const spans = Array.from({ length: 3 }, () => {
        const [a, b] = [(random() - 0.5) ** 5, (random() - 0.5) ** 5].sort((x, y) => x - y) as [number, number]
        return span((a + b) / 2, a, b)
      })
      const margin = (random() - 0.5) ** 7
      const axis = axisFor(spans, { cells: round % 2 === 0 ? 31 : 300, mostTicks: 4, gap: 1 + 2 * (round % 2), margin })
      if (axis?.margin == null) throw new Error('no margin')
      expect(axis.margin.cell >= 0 && axis.margin.cell < axis.cells).toBe(true)
      expect(Math.sign(axis.margin.cell - axis.zero)).toBe(Math.sign(margin))
      for (const each of spans) {
        const { from, to, at } = markOn(axis, each)
        for (const { value, cell } of [axis.margin, { value: 0, cell: axis.zero }])
          expect(from > cell || to < cell).toBe(each.lower > value || each.upper < value)
        expect(at !== null && from <= at && at <= to && from >= 0 && to < axis.cells).toBe(true)
      }
    }
  })

  it('runs on where there is no bound, and where the axis ends first', () => {
    const narrow = span(0.01, 0.009, 0.011)
    const axis = axisFor([narrow, span(0.01, -5, null)], { cells: 61, mostTicks: 6 })
    if (axis === null) throw new Error('no axis')
    expect(markOn(axis, span(0.01, -5, null))).toMatchObject({ from: 0, to: 60, runsOnBelow: true, runsOnAbove: true })
    expect(markOn(axis, narrow)).toMatchObject({ runsOnBelow: false, runsOnAbove: false })
  })
})
