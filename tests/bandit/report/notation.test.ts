import { describe, expect, it } from 'vitest'
import {
  liftNotation,
  meanNotation,
  relativeNotation,
  write,
  writeEnds,
  writeExactly,
  writeSize,
  writeTick,
  writeWithUnit,
} from '../../../src/bandit/report/notation.ts'
import { seededRandom } from '../../support/samples/random.ts'

const binary = { type: 'binary' } as const
const continuous = { type: 'continuous' } as const
const span = (estimate: number, halfWidth: number) => ({
  estimate,
  lower: estimate - halfWidth,
  upper: estimate + halfWidth,
})

describe('meanNotation()', () => {
  it('writes the mean of a binary metric as percent, to two digits of the half-width', () => {
    const notation = meanNotation(binary, [span(0.18273, 0.0065)])
    expect(writeWithUnit(notation, 0.18273)).toBe('18.27 %')
  })

  it('writes three digits of a half-width that begins with a one', () => {
    const decimals = (halfWidth: number) => meanNotation(continuous, [span(5, halfWidth)]).decimals
    expect([0.021, 0.019, 0.21, 0.19, 1, 1.9, 2.1, 19, 21, 400].map(decimals)).toEqual([3, 4, 2, 3, 2, 2, 1, 1, 0, 0])
  })

  it('writes a continuous mean in its own unit, with commas', () => {
    const notation = meanNotation(continuous, [span(12_345.678, 2.5)])
    expect(writeWithUnit(notation, 12_345.678)).toBe('12,345.7')
    expect(writeWithUnit(notation, -0.001)).toBe('0.0')
  })

  it('takes powers of ten where decimals would not reach', () => {
    const notation = meanNotation(continuous, [span(2.5e-12, 1e-13)])
    expect(write(notation, 2.5e-12)).toBe('2.50e−12')
    expect(write(notation, 0)).toBe('0')
  })
})

describe('relativeNotation()', () => {
  it('goes by the half of an interval that has one end', () => {
    const half = { estimate: 1.1592, lower: -0.0277, upper: null }
    expect(writeWithUnit(relativeNotation([half]), 1.1592)).toBe('+116 %')
    expect(writeEnds(relativeNotation([half]), half)).toEqual(['−3', '+∞'])
  })
})

describe('writeExactly()', () => {
  it('writes what a person set with the digits that it has', () => {
    expect([0.01, 0.005, 0.0125, 0.3].map(margin => writeExactly(binary, margin))).toEqual([
      '1 pp',
      '0.5 pp',
      '1.25 pp',
      '30 pp',
    ])
    expect([0.25, 1500, 1e-9, 0.1 + 0.2].map(margin => writeExactly(continuous, margin))).toEqual([
      '0.25',
      '1,500',
      '1.00e−9',
      '0.3',
    ])
  })
})

describe('liftNotation()', () => {
  it('writes the lift of a binary metric as percentage points, with its sign', () => {
    const notation = liftNotation(binary, [span(0.0766, 0.0086)])
    expect(writeWithUnit(notation, 0.0766)).toBe('+7.66 pp')
    expect(writeWithUnit(notation, -0.0766)).toBe('−7.66 pp')
    expect(writeWithUnit(notation, 0)).toBe('0.00 pp')
  })

  it('writes what rounds to zero without a sign', () => {
    const notation = liftNotation(binary, [span(0.05, 0.0065)])
    for (const value of [-4e-7, 4e-7, -0, 0]) {
      expect(writeWithUnit(notation, value)).toBe('0.00 pp')
      expect(writeEnds(notation, { lower: -Math.abs(value), upper: Math.abs(value) })).toEqual(['0.00', '0.00'])
    }
    expect(writeWithUnit(notation, -0.0001)).toBe('−0.01 pp')
    expect(writeTick(notation, -1e-18, 0.01)).toBe('0')
  })

  it('keeps an end that is not zero from reading as zero, and its sign at least', () => {
    const close = { estimate: 0.05, lower: 0.0002, upper: 0.0998 }
    expect(writeEnds(liftNotation(binary, [close]), close)[0]).toBe('+0.02')
    const closest = { estimate: 0.05, lower: 1e-12, upper: 0.0998 }
    expect(writeEnds(liftNotation(binary, [closest]), closest)[0]).toMatch(/^\+0\.0+$/)
  })
})

describe('write()', () => {
  it('writes what is absent as a dash and what is unbounded as infinity', () => {
    const notation = relativeNotation([])
    expect(write(notation, null)).toBe('–')
    expect(writeEnds(notation, { lower: null, upper: null })).toEqual(['−∞', '+∞'])
    for (const value of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
      expect(write(notation, value)).toBe('–')
    }
  })

  it('is at most 10 columns wide and keeps the decimals of its column, whatever the numbers', () => {
    const random = seededRandom(1)
    for (let round = 0; round < 2_000; round++) {
      const spans = Array.from({ length: 4 }, () =>
        span((random() - 0.5) * 10 ** (random() * 30 - 15), 10 ** (random() * 30 - 15)),
      )
      for (const notation of [meanNotation(binary, spans), liftNotation(continuous, spans), relativeNotation(spans)]) {
        for (const { estimate, lower, upper } of spans) {
          for (const value of [estimate, lower, upper]) {
            const text = write(notation, value)
            expect([...text].length, text).toBeLessThanOrEqual(10)
            if (!text.includes('e')) expect(text.split('.')[1]?.length ?? 0).toBe(notation.decimals ?? 0)
          }
        }
      }
    }
  })
})

describe('writeSize()', () => {
  it('says that a size is too small to show, rather than zero', () => {
    const notation = { ...liftNotation(binary, [span(0.05, 0.0065)]), signed: false }
    expect(writeSize(notation, 4e-7)).toBe('< 0.01 pp')
    expect(writeSize(notation, 0)).toBe('0.00 pp')
    expect(writeSize(notation, 0.0764)).toBe('7.64 pp')
    expect(writeSize(notation, null)).toBe('–')
  })
})

describe('writeTick()', () => {
  it('has the decimals of the step', () => {
    const notation = liftNotation(binary, [span(0.05, 0.0065)])
    expect(writeTick(notation, 0.02, 0.01)).toBe('+2')
    expect(writeTick(notation, -0.005, 0.005)).toBe('−0.5')
  })
})
