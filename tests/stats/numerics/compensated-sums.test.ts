import { describe, expect, it } from 'vitest'
import { CompensatedSums } from '../../../src/stats/numerics/compensated-sums.ts'
import { seededRandom } from '../../support/samples/random.ts'

describe('CompensatedSums', () => {
  it('forgets a large number that is taken away again, where a plain sum does not', () => {
    const sums = new CompensatedSums(2)
    let plain = 0
    for (const value of [0.1, 1e17, 0.2, -1e17]) {
      sums.add(1, value)
      plain += value
    }
    expect([...sums.values()]).toEqual([0, 0.1 + 0.2])
    expect(plain).not.toBe(0.1 + 0.2)
  })

  it('is the same in every order, and merged from parts', () => {
    const random = seededRandom(12)
    const values = Array.from({ length: 2000 }, () => (random() - 0.5) * 10 ** (12 * random()))
    const sumOf = (list: readonly number[]) => {
      const sums = new CompensatedSums(1)
      for (const value of list) sums.add(0, value)
      return sums
    }
    const whole = sumOf(values).value(0)
    expect(sumOf(values.toReversed()).value(0)).toBe(whole)
    expect(sumOf(values.toSorted((a, b) => a - b)).value(0)).toBe(whole)
    const parts = sumOf(values.slice(0, 700))
    parts.addAll(sumOf(values.slice(700)))
    expect(parts.value(0)).toBe(whole)
    const plain = (list: readonly number[]) => list.reduce((sum, value) => sum + value, 0)
    expect(plain(values.toReversed())).not.toBe(plain(values))
  })

  it('goes on from what was stored, and refuses what is of another length', () => {
    const sums = new CompensatedSums(2)
    sums.add(0, 1e17)
    sums.add(0, 1)
    const other = new CompensatedSums(2, sums.stored())
    other.add(0, -1e17)
    expect(other.value(0)).toBe(1)
    expect(sums.value(0)).toBe(1e17)
    expect(() => new CompensatedSums(3, sums.stored())).toThrow('Cannot read 3 sums from 4 numbers')
  })
})
