import { describe, expect, it } from 'vitest'
import { addTallies, EMPTY_TALLY, type Tally } from '../../src/stats/tally.ts'
import { seededRandom } from '../support/samples/random.ts'

describe('addTallies()', () => {
  const random = seededRandom(1)
  const randomTally = (): Tally => {
    const units = Math.floor(1e9 * random())
    const sum = Math.floor(units * random())
    return { units, sum, sumOfSquares: sum }
  }

  it('adds each of the three sums', () => {
    const some = { units: 3, sum: 4, sumOfSquares: 6 }
    const more = { units: 10, sum: -1.5, sumOfSquares: 2.25 }
    expect(addTallies(some, more)).toEqual({ units: 13, sum: 2.5, sumOfSquares: 8.25 })
  })

  it('returns the same tally when an empty one is added', () => {
    const tally = randomTally()
    expect(addTallies(tally, EMPTY_TALLY)).toEqual(tally)
    expect(addTallies(EMPTY_TALLY, tally)).toEqual(tally)
  })

  it('is commutative and associative', () => {
    for (let round = 0; round < 50; round++) {
      const [a, b, c] = [randomTally(), randomTally(), randomTally()]
      expect(addTallies(a, b)).toEqual(addTallies(b, a))
      expect(addTallies(addTallies(a, b), c)).toEqual(addTallies(a, addTallies(b, c)))
    }
  })
})

describe('EMPTY_TALLY', () => {
  it('is frozen', () => {
    expect(Object.isFrozen(EMPTY_TALLY)).toBe(true)
  })
})
