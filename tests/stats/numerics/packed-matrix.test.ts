import { describe, expect, it } from 'vitest'
import {
  choleskyFactor,
  dotProduct,
  invertFactor,
  logDeterminant,
  packedLength,
  solveLower,
  solveUpper,
  timesVector,
} from '../../../src/stats/numerics/packed-matrix.ts'
import { seededRandom } from '../../support/samples/random.ts'

/** B Bᵀ + I for a random B, packed. */
function randomMatrix(random: () => number, dimension: number): Float64Array {
  const rows = Array.from({ length: dimension }, () => Float64Array.from({ length: dimension }, () => 2 * random() - 1))
  return Float64Array.from(
    rows.flatMap((row, i) => rows.slice(0, i + 1).map((other, j) => dotProduct(row, other) + (i === j ? 1 : 0))),
  )
}

describe('packed matrices', () => {
  it('are factorised, solved and inverted: M u = v comes back', () => {
    const random = seededRandom(11)
    for (const dimension of [1, 2, 5, 32]) {
      const matrix = randomMatrix(random, dimension)
      const vector = Float64Array.from({ length: dimension }, () => random())
      const factor = choleskyFactor(matrix, dimension)
      const solved = solveUpper(factor, solveLower(factor, vector))
      timesVector(matrix, solved).forEach((value, row) => {
        expect(value).toBeCloseTo(vector[row] as number, 12)
      })
      const inverse = invertFactor(factor, dimension)
      const forward = solveLower(factor, vector)
      for (let row = 0; row < dimension; row++) {
        const product = dotProduct(inverse.slice(packedLength(row), packedLength(row + 1)), vector.slice(0, row + 1))
        expect(product).toBeCloseTo(forward[row] as number, 12)
      }
    }
  })

  it('have the determinant of a closed form', () => {
    // Ones everywhere and κ added to the diagonal: κ^(d − 1) (κ + d).
    const matrix = Float64Array.from([4, 1, 4, 1, 1, 4])
    expect(logDeterminant(choleskyFactor(matrix, 3), 3)).toBeCloseTo(Math.log(9 * 6), 14)
  })

  it('are refused when they are not positive definite', () => {
    expect(() => choleskyFactor(Float64Array.of(1, 2, 1), 2)).toThrow('pivot 1 is -3')
    expect(() => choleskyFactor(Float64Array.of(Number.NaN), 1)).toThrow('pivot 0')
  })
})
