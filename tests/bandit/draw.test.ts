import { describe, expect, it } from 'vitest'
import { chooseArm, drawOf } from '../../src/bandit/draw.ts'
import { readGolden } from '../support/samples/golden.ts'

interface DrawGolden {
  cases: [
    { name: 'hash'; items: { salt: string; unit: string; u: number }[] },
    { name: string; items: { u: number; propensities: (number | null)[]; arm: number }[] },
  ]
}

const golden = readGolden<DrawGolden>('draw')

describe('golden draws', () => {
  const [hashes, choices] = golden?.cases ?? [{ items: [] }, { items: [] }]

  it('drawOf() equals the reference as a double, for any text', () => {
    expect(hashes.items.length).toBeGreaterThan(20)
    for (const { salt, unit, u } of hashes.items) expect(drawOf(salt, unit), JSON.stringify([salt, unit])).toBe(u)
  })

  it('chooseArm() chooses as the reference does', () => {
    expect(choices.items.length).toBeGreaterThan(20)
    for (const { u, propensities, arm } of choices.items) expect(chooseArm(propensities, u)).toBe(arm)
  })
})

describe('drawOf()', () => {
  it('is uniform: 20,000 units fall evenly into 20 bins', () => {
    const bins = new Array<number>(20).fill(0)
    for (let unit = 0; unit < 20_000; unit++) {
      const bin = Math.floor(20 * drawOf('salt', `user-${unit}`))
      bins[bin] = (bins[bin] ?? 0) + 1
    }
    const chiSquare = bins.reduce((sum, count) => sum + (count - 1_000) ** 2 / 1_000, 0)
    // 43.8 is the 99.9 % quantile of chi-square with 19 degrees of freedom.
    expect(chiSquare).toBeLessThan(43.8)
  })

  it('draws anew under another salt', () => {
    expect(drawOf('a', 'user-1')).not.toBe(drawOf('b', 'user-1'))
  })

  it('refuses ill-formed text, which has no UTF-8', () => {
    expect(() => drawOf('salt', '\ud800')).toThrow(RangeError)
    expect(() => drawOf('\udfff', 'user-1')).toThrow(RangeError)
  })
})

describe('chooseArm()', () => {
  it('skips arms that are not active', () => {
    expect(chooseArm([null, 0.5, null, 0.5], 0)).toBe(1)
    expect(chooseArm([null, 0.5, null, 0.5], 0.5)).toBe(3)
  })

  it('gives the sliver that rounding leaves to the last arm', () => {
    const tenths = new Array<number>(10).fill(0.1)
    expect(tenths.reduce((sum, tenth) => sum + tenth, 0)).toBeLessThan(1)
    expect(chooseArm([...tenths, null], 1 - 2 ** -53)).toBe(9)
  })

  it('refuses when no arm can be drawn', () => {
    expect(() => chooseArm([null, null], 0.5)).toThrow('none has a positive propensity')
  })
})
