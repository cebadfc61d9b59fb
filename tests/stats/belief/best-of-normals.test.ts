import { describe, expect, it } from 'vitest'
import { probabilityBest } from '../../../src/stats/belief/best-arm.ts'
import { BestOfNormals } from '../../../src/stats/belief/best-of-normals.ts'
import type { Goal } from '../../../src/stats/goal.ts'
import { seededRandom } from '../../support/samples/random.ts'

type Arm = readonly [mean: number, sd: number]

function fast(arms: readonly Arm[], goal: Goal, among = arms.map((_, place) => place)): number[] {
  const chances = new Float64Array(among.length)
  const means = Float64Array.from(arms, ([mean]) => mean)
  const sds = Float64Array.from(arms, ([, sd]) => sd)
  new BestOfNormals(arms.length, goal).chances(means, sds, Int32Array.from(among), chances)
  return [...chances]
}

function general(arms: readonly Arm[], goal: Goal): number[] {
  return probabilityBest(
    arms.map(([mean, sd]) => ({ family: 'normal', mean, variance: sd ** 2 })),
    goal,
  )
}

function worstError(draw: (random: () => number) => Arm, count: number, rounds: number, seed: number): number {
  const random = seededRandom(seed)
  let worst = 0
  for (let round = 0; round < rounds; round++) {
    const arms = Array.from({ length: count }, () => draw(random))
    const goal = round % 2 === 0 ? 'increase' : 'decrease'
    const [one, other] = [fast(arms, goal), general(arms, goal)]
    one.forEach((chance, arm) => {
      worst = Math.max(worst, Math.abs(chance - (other[arm] as number)))
    })
  }
  return worst
}

describe('BestOfNormals', () => {
  const worlds: readonly (readonly [string, (random: () => number) => Arm])[] = [
    ['alike', random => [0.1 * random(), 1]],
    ['apart', random => [10 * random(), 0.3 + random()]],
    ['of wild spreads', random => [random(), 10 ** (4 * random() - 3)]],
    ['the same', () => [0.25, 1e-3]],
    ['large and near', random => [1e6 + random(), 0.5]],
  ]

  it.each(worlds)('agrees with the general quadrature to 1e-10, arms that are %s', (_, draw) => {
    for (const count of [1, 2, 3, 4, 5, 8, 12, 16, 17, 30, 60]) {
      expect(worstError(draw, count, 12, 100 + count), `${count} arms`).toBeLessThan(1e-10)
    }
  })

  it('agrees for 200 arms', () => {
    expect(worstError(random => [0.1 * random(), 1], 200, 2, 7)).toBeLessThan(1e-9)
  })

  it('would be seen if beliefs were 1 % too narrow (control of the laws above)', () => {
    const arms: Arm[] = [
      [0, 1],
      [0.3, 2],
      [0.1, 0.5],
    ]
    const narrow = arms.map(([mean, sd]): Arm => [mean, 0.99 * sd])
    expect(
      Math.abs((fast(narrow, 'increase')[1] as number) - (general(arms, 'increase')[1] as number)),
    ).toBeGreaterThan(1e-4)
  })

  it('ends, and agrees, where beliefs are sharper than doubles are', () => {
    const arms: Arm[] = [
      [1e6, 1e-12],
      [1e6 - 2e-7, 1e-9],
      [0, 1e6],
    ]
    const [one, other] = [fast(arms, 'increase'), general(arms, 'increase')]
    one.forEach((chance, arm) => {
      expect(Math.abs(chance - (other[arm] as number))).toBeLessThan(1e-6)
    })
  })

  it('compares those that are asked for, in their order', () => {
    const arms: Arm[] = [
      [9, 1],
      [0, 1],
      [0.5, 2],
      [0.2, 1],
    ]
    const among = [3, 1, 2].map(place => arms[place] as Arm)
    expect(fast(arms, 'increase', [3, 1, 2])).toEqual(fast(among, 'increase'))
    expect(fast(arms, 'increase', [1])).toEqual([1])
  })
})
