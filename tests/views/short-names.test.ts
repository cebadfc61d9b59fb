import { describe, expect, it } from 'vitest'
import { shortNames } from '../../src/views/short-names.ts'
import { seededRandom } from '../support/samples/random.ts'

describe('shortNames()', () => {
  it('leaves names that fit', () => {
    expect(shortNames(['control', 'mens'], 8)).toEqual(['control', 'mens'])
  })

  it('keeps the head where that tells them apart', () => {
    expect(shortNames(['discount-ten-percent', 'loyalty-points'], 12)).toEqual(['discount-te…', 'loyalty-poi…'])
  })

  it('keeps head and tail where the heads are alike', () => {
    expect(shortNames(['summer-campaign-red', 'summer-campaign-blue'], 12)).toEqual(['summer…n-red', 'summer…-blue'])
  })

  it('shows the middle where only that differs', () => {
    const [one = '', two = ''] = shortNames(
      ['subject-line-for-day-01-sent-in-the-evening', 'subject-line-for-day-02-sent-in-the-evening'],
      20,
    )
    expect(one).toContain('01')
    expect(two).toContain('02')
  })

  it('tells any different names apart, in the width', () => {
    const random = seededRandom(4)
    for (let round = 0; round < 300; round++) {
      const width = 8 + Math.floor(random() * 20)
      const letters = random() < 0.5 ? 'a' : 'ab-'
      const names = new Set(
        Array.from({ length: 40 }, () =>
          Array.from(
            { length: 1 + Math.floor(random() * 64) },
            () => letters[Math.floor(random() * letters.length)],
          ).join(''),
        ),
      )
      const short = shortNames([...names], width)
      expect(new Set(short).size).toBe(names.size)
      for (const name of short) expect([...name].length).toBeLessThanOrEqual(width)
    }
  })
})
