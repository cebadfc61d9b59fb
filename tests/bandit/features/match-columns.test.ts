import { describe, expect, it } from 'vitest'
import { encode } from '../../../src/bandit/features/encode.ts'
import { completeFeature } from '../../../src/bandit/features/feature-input.ts'
import { matchColumns } from '../../../src/bandit/features/match-columns.ts'
import { type ArmMoments, mapMoments } from '../../../src/stats/context/moments.ts'
import { momentsOf } from '../../support/samples/contexts.ts'
import { seededRandom } from '../../support/samples/random.ts'

const channel = completeFeature({ key: 'channel', type: 'categorical', levels: ['web', 'phone'] })
const recency = completeFeature({ key: 'recency', type: 'numeric', range: [0, 10] })
const member = completeFeature({ key: 'member', type: 'boolean' })
const otherRange = completeFeature({ key: 'recency', type: 'numeric', range: [0, 20] })

describe('matchColumns()', () => {
  it('gives the moments that units have when what is not matched is missing', () => {
    const random = seededRandom(95)
    const units = Array.from({ length: 50 }, () => {
      const [level, value] = [Math.floor(3 * random()), 10 * random()]
      return { kept: [level === 2 ? null : level, value] as const, outcome: random() }
    })
    const earlier = [channel, recency]
    const now = [member, { ...recency, retired: true }, otherRange, channel]
    const [before] = momentsOf(
      units.map(({ kept, outcome }) => [0, [...encode(earlier, kept)], outcome] as const),
      1,
      encode(earlier, []).length,
    )
    const [expected] = momentsOf(
      units.map(({ kept: [level, value], outcome }) => {
        return [0, [...encode(now, [null, value, null, level])], outcome] as const
      }),
      1,
      encode(now, []).length,
    )
    const mapped = mapMoments(before as ArmMoments, matchColumns(earlier, now))
    expect(mapped.xx.length).toBe(expected?.xx.length)
    mapped.xx.forEach((value, place) => {
      expect(value).toBeCloseTo(expected?.xx[place] as number, 10)
    })
    mapped.xy.forEach((value, place) => {
      expect(value).toBeCloseTo(expected?.xy[place] as number, 10)
    })
  })
})
