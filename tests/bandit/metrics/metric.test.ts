import { describe, expect, it } from 'vitest'
import { formatWindow, parseWindow, windowMsOf } from '../../../src/bandit/metrics/metric.ts'

describe('parseWindow()', () => {
  it.each([
    ['500ms', 500],
    ['3s', 3_000],
    ['30m', 1_800_000],
    ['12h', 43_200_000],
    ['14d', 1_209_600_000],
    ['3660d', 316_224_000_000],
  ])('reads %s', (text, windowMs) => {
    expect(parseWindow(text)).toBe(windowMs)
  })

  it.each(['14 days', '', 'd', '0d', '-1d', '1.5h', '14D', ' 14d', '14d\n', '1w', '3661d', '999999999d', '1e3s', '٣s'])(
    'refuses %j',
    text => {
      expect(parseWindow(text)).toBeNull()
    },
  )
})

describe('formatWindow()', () => {
  it('writes the largest unit that fits', () => {
    expect(['336h', '90s', '61s', '1000ms', '1ms'].map(text => formatWindow(parseWindow(text) as number))).toEqual([
      '14d',
      '90s',
      '61s',
      '1s',
      '1ms',
    ])
  })

  it('comes back as it went in', () => {
    for (const windowMs of [1, 999, 1_000, 60_000, 5_400_000, 86_400_000, 1_209_600_000]) {
      expect(parseWindow(formatWindow(windowMs))).toBe(windowMs)
    }
  })
})

describe('windowMsOf()', () => {
  it('is null without a window', () => {
    expect(windowMsOf({ window: null })).toBeNull()
    expect(windowMsOf({ window: '2s' })).toBe(2_000)
  })
})
