import { describe, expect, it } from 'vitest'
import {
  formatCount,
  formatEValue,
  formatInstant,
  formatLevel,
  formatPValue,
  formatShare,
} from '../../../src/bandit/report/numbers.ts'

describe('formatShare()', () => {
  it('never rounds to certainty', () => {
    expect([0, 1e-9, 0.183, 0.99999, 1, null].map(formatShare)).toEqual([
      '0.0 %',
      '< 0.1 %',
      '18.3 %',
      '> 99.9 %',
      '100.0 %',
      '–',
    ])
  })
})

describe('formatPValue(), formatEValue()', () => {
  it('write small p-values as a bound', () => {
    expect([1, 0.02134, 0.0001, 0.00009, 0].map(formatPValue)).toEqual([
      '1',
      '0.0213',
      '0.0001',
      '< 0.0001',
      '< 0.0001',
    ])
  })

  it('write e-values that overflow', () => {
    const logs = [Math.log(0.001), Math.log(0.4), 0, Math.log(5120), 30 * Math.LN10, 1e5]
    expect(logs.map(formatEValue)).toEqual(['< 0.01', '0.40', '1.00', '5,120', '> 10³⁰', '> 10⁴³⁴²⁹'])
  })
})

describe('formatLevel(), formatCount(), formatInstant()', () => {
  it('write a level with two digits of alpha', () => {
    expect([0.95, 0.975, 1 - 0.05 / 19, 1 - 1e-6, 0.5].map(formatLevel)).toEqual([
      '95 %',
      '97.5 %',
      '99.74 %',
      '99.9999 %',
      '50 %',
    ])
  })

  it('write counts with commas', () => {
    expect([0, 999, 41_210, 1e9, 2e15, null].map(formatCount)).toEqual([
      '0',
      '999',
      '41,210',
      '1,000,000,000',
      '2.00e15',
      '–',
    ])
  })

  it('write instants as UTC to the minute', () => {
    expect([Date.UTC(2026, 10, 22, 10, 5, 59), null, Number.NaN].map(formatInstant)).toEqual([
      '2026-11-22 10:05 UTC',
      '–',
      '–',
    ])
  })
})
