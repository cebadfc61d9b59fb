import { describe, expect, it } from 'vitest'
import { capNewArms } from '../../../src/bandit/policies/burn-in.ts'
import { expectGolden, readGolden } from '../../support/samples/golden.ts'
import { seededRandom } from '../../support/samples/random.ts'

interface BurnInCase {
  propensities: number[]
  control: number | null
  mature: number[]
  burnIn: number
  expected: number[]
}

const { burnIn: golden } = readGolden<{ burnIn: BurnInCase[] }>('trust')

describe('capNewArms() equals the reference', () => {
  it.each(golden.map((each, place) => [place, each] as const))(
    'case %i',
    (_, { propensities, control, mature, burnIn, expected }) => {
      const actual = capNewArms(propensities, { reserved: control, isMature: mature.map(units => units >= burnIn) })
      expect(actual).toHaveLength(expected.length)
      for (const [arm, share] of expected.entries()) expectGolden(actual[arm], share)
    },
  )
})

describe('capNewArms()', () => {
  const random = seededRandom(15)
  const cases = Array.from({ length: 500 }, (_, place) => {
    const count = 2 + Math.floor(random() * 7)
    const weights = Array.from({ length: count }, () => random() ** 4 + 1e-3)
    const sum = weights.reduce((total, weight) => total + weight, 0)
    const isMature = weights.map(() => random() < 0.5)
    const reserved = random() < 0.5 ? Math.floor(random() * count) : null
    return [place, { propensities: weights.map(weight => weight / sum), isMature, reserved }] as const
  })

  it.each(cases)(
    'keeps the sum, the reserved share and the order of the free arms: case %i',
    (_, { propensities, ...burnIn }) => {
      const { reserved, isMature } = burnIn
      const capped = capNewArms(propensities, burnIn) as number[]
      expect(capped.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 12)
      if (reserved !== null) expect(capped[reserved]).toBe(propensities[reserved])
      const cap = reserved === null ? 1 / capped.length : (1 - (capped[reserved] as number)) / (capped.length - 1)
      const free = capped.flatMap((share, arm) =>
        arm === reserved || (!isMature[arm] && share >= cap - 1e-12) ? [] : [arm],
      )
      for (const [arm, share] of capped.entries()) {
        if (arm !== reserved && !isMature[arm]) expect(share).toBeLessThanOrEqual(cap + 1e-12)
      }
      // What was cut went to them in proportion.
      const scales = free.map(arm => (capped[arm] as number) / (propensities[arm] as number))
      for (const scale of scales) expect(scale).toBeCloseTo(scales[0] as number, 9)
    },
  )

  it('changes nothing, to the last bit, where every arm is mature or below the cap', () => {
    const propensities = [0.2, 0.1, null, 0.7]
    expect(capNewArms(propensities, { reserved: 0, isMature: [true, false, true, true] })).toEqual(propensities)
    expect(capNewArms([0.9, 0.1], { reserved: null, isMature: [true, false] })).toEqual([0.9, 0.1])
  })

  it('leaves arms that are not active out of the count', () => {
    const capped = capNewArms([0.2, 0.05, null, 0.75], { reserved: 0, isMature: [true, true, true, false] })
    expect(capped).toEqual([0.2, expect.closeTo(0.4), null, 0.4])
  })
})
