import { describe, expect, it } from 'vitest'
import { isHeavyTailed } from '../../src/stats/heavy-tail.ts'
import { seededNormal, seededRandom } from '../support/samples/random.ts'

describe('isHeavyTailed()', () => {
  it('is true where the square of a single outcome is over 1 % of the sum of squares', () => {
    const tally = { units: 1_000, sum: 0, sumOfSquares: 10_000 }
    expect(isHeavyTailed(tally, 10)).toBe(false)
    expect(isHeavyTailed(tally, 10.01)).toBe(true)
  })

  it('is false before 1,000 units, without an outcome, and with an unknown one', () => {
    expect(isHeavyTailed({ units: 999, sum: 1, sumOfSquares: 100 }, 10)).toBe(false)
    expect(isHeavyTailed({ units: 5_000, sum: 0, sumOfSquares: 0 }, 0)).toBe(false)
    expect(isHeavyTailed({ units: 5_000, sum: 9, sumOfSquares: 100 }, null)).toBe(false)
  })

  it('distinguishes a lognormal with σ = 2.5 from one with σ = 0.3 and from a Gaussian', () => {
    const normal = seededNormal(seededRandom(81))
    const laws = {
      heavy: () => Math.exp(2.5 * normal()),
      light: () => Math.exp(0.3 * normal()),
      gaussian: () => 50 + 5 * normal(),
    }
    const found = { heavy: 0, light: 0, gaussian: 0 }
    for (const [name, draw] of Object.entries(laws)) {
      for (let run = 0; run < 20; run++) {
        let [sumOfSquares, largest] = [0, 0]
        for (let unit = 0; unit < 5_000; unit++) {
          const outcome = draw()
          sumOfSquares += outcome ** 2
          largest = Math.max(largest, Math.abs(outcome))
        }
        if (isHeavyTailed({ units: 5_000, sum: 0, sumOfSquares }, largest)) found[name as keyof typeof found]++
      }
    }
    expect(found).toEqual({ heavy: 20, light: 0, gaussian: 0 })
  })
})
