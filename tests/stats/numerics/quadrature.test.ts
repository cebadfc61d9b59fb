import { describe, expect, it } from 'vitest'
import {
  cumulate,
  gaussLegendre,
  integrate,
  NODE,
  NODES,
  PLACE,
  WEIGHT,
} from '../../../src/stats/numerics/quadrature.ts'
import { seededRandom } from '../../support/samples/random.ts'

describe('gaussLegendre()', () => {
  it('gives the published 16-point rule (Abramowitz & Stegun 1964, table 25.4)', () => {
    const published = [
      [0.095012509837637, 0.189450610455068],
      [0.281603550779259, 0.182603415044924],
      [0.458016777657227, 0.169156519395003],
      [0.617876244402644, 0.149595988816577],
      [0.755404408355003, 0.124628971255534],
      [0.865631202387832, 0.095158511682493],
      [0.944575023073233, 0.062253523938648],
      [0.98940093499165, 0.027152459411754],
    ]
    published.forEach(([node, weight], i) => {
      expect(NODE[8 + i]).toBeCloseTo(node as number, 14)
      expect(NODE[7 - i]).toBeCloseTo(-(node as number), 14)
      expect(WEIGHT[8 + i]).toBeCloseTo(weight as number, 14)
      expect(WEIGHT[7 - i]).toBeCloseTo(weight as number, 14)
    })
  })

  it('gives rules of other sizes', () => {
    const { nodes, weights } = gaussLegendre(3)
    expect(Array.from(nodes)).toEqual([-Math.sqrt(0.6), 0, Math.sqrt(0.6)].map(x => expect.closeTo(x, 14)))
    expect(Array.from(weights)).toEqual([5 / 9, 8 / 9, 5 / 9].map(x => expect.closeTo(x, 14)))
  })
})

describe('integrate()', () => {
  it('is exact for polynomials up to degree 31, and not beyond', () => {
    for (let degree = 0; degree <= 31; degree++) {
      expect(integrate(x => x ** degree, 1) * (degree + 1)).toBeCloseTo(1, 13)
    }
    // Control: a polynomial of degree 32 that is zero at every node. On one panel it looks like
    // nothing, on two it does not.
    const square = (x: number) => NODE.reduce((product, node) => product * (2 * x - 1 - node) ** 2, 1)
    expect(integrate(square, 1)).toBeLessThan(1e-25)
    expect(integrate(square, 0.5) + integrate(x => square(x + 0.5), 0.5)).toBeGreaterThan(1e-10)
  })
})

describe('cumulate()', () => {
  it('integrates polynomials up to degree 15 from the left edge to each node', () => {
    const random = seededRandom(11)
    for (let degree = 0; degree <= 15; degree++) {
      const coefficients = Array.from({ length: degree + 1 }, () => 2 * random() - 1)
      const value = (x: number) => coefficients.reduce((sum, c, k) => sum + c * x ** k, 0)
      const integral = (x: number) => coefficients.reduce((sum, c, k) => sum + (c * x ** (k + 1)) / (k + 1), 0)
      const masses = PLACE.map((place, i) => 0.5 * (WEIGHT[i] as number) * value(place))
      const below = new Float64Array(NODES)
      expect(cumulate(masses, 0, below)).toBeCloseTo(integral(1), 14)
      below.forEach((sum, i) => {
        expect(sum).toBeCloseTo(integral(PLACE[i] as number), 14)
      })
    }
  })

  it('writes to its own panel only', () => {
    const masses = new Float64Array(3 * NODES).fill(1)
    const below = new Float64Array(3 * NODES)
    cumulate(masses, NODES, below)
    expect(below.subarray(0, NODES).every(sum => sum === 0)).toBe(true)
    expect(below.subarray(NODES, 2 * NODES).every(sum => sum > 0)).toBe(true)
    expect(below.subarray(2 * NODES).every(sum => sum === 0)).toBe(true)
  })
})
