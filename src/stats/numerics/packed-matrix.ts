// Symmetric positive definite matrices, packed by rows of the lower triangle: (0,0), (1,0), (1,1),
// (2,0), … Entry (i, j), j ≤ i, stands at i(i + 1)/2 + j. Small ones: up to some hundred columns.

export function packedLength(dimension: number): number {
  return (dimension * (dimension + 1)) / 2
}

/**
 * The Cholesky factor L of `M = L Lᵀ`, packed. Backward error: some d roundings of the largest
 * diagonal entry (Higham 2002, Accuracy and Stability, theorem 10.3).
 *
 * @throws RangeError when the matrix is not positive definite in doubles.
 */
export function choleskyFactor(matrix: Float64Array, dimension: number): Float64Array {
  const factor = new Float64Array(matrix.length)
  for (let row = 0, at = 0; row < dimension; row++) {
    for (let column = 0, other = 0; column <= row; column++) {
      let rest = matrix[at + column] as number
      for (let k = 0; k < column; k++) rest -= (factor[at + k] as number) * (factor[other + k] as number)
      if (column < row) factor[at + column] = rest / (factor[other + column] as number)
      else if (rest > 0 && rest < Infinity) factor[at + row] = Math.sqrt(rest)
      else throw new RangeError(`Cannot factorise the matrix: pivot ${row} is ${rest}, not above 0`)
      other += column + 1
    }
    at += row + 1
  }
  return factor
}

/** L⁻¹, packed, of a packed lower triangular L. */
export function invertFactor(factor: Float64Array, dimension: number): Float64Array {
  const inverse = new Float64Array(factor.length)
  for (let row = 0, at = 0; row < dimension; row++) {
    const pivot = factor[at + row] as number
    for (let column = 0; column < row; column++) {
      let sum = 0
      for (let k = column, other = packedLength(column); k < row; k++) {
        sum -= (factor[at + k] as number) * (inverse[other + column] as number)
        other += k + 1
      }
      inverse[at + column] = sum / pivot
    }
    inverse[at + row] = 1 / pivot
    at += row + 1
  }
  return inverse
}

/** `ln |M|` of `M = L Lᵀ`. */
export function logDeterminant(factor: Float64Array, dimension: number): number {
  let sum = 0
  for (let row = 0, at = 0; row < dimension; row++, at += row + 1) sum += Math.log(factor[at] as number)
  return 2 * sum
}

/** The u with `L u = vector`; its squared length is `vectorᵀ M⁻¹ vector`. */
export function solveLower(factor: Float64Array, vector: Float64Array): Float64Array {
  const solved = new Float64Array(vector.length)
  for (let row = 0, at = 0; row < vector.length; row++) {
    let rest = vector[row] as number
    for (let k = 0; k < row; k++) rest -= (factor[at + k] as number) * (solved[k] as number)
    solved[row] = rest / (factor[at + row] as number)
    at += row + 1
  }
  return solved
}

/** The u with `Lᵀ u = vector`. */
export function solveUpper(factor: Float64Array, vector: Float64Array): Float64Array {
  const solved = Float64Array.from(vector)
  for (let row = vector.length - 1; row >= 0; row--) {
    const at = packedLength(row)
    const value = (solved[row] as number) / (factor[at + row] as number)
    solved[row] = value
    for (let k = 0; k < row; k++) solved[k] = (solved[k] as number) - (factor[at + k] as number) * value
  }
  return solved
}

/** The product of a packed symmetric matrix and a vector. */
export function timesVector(matrix: Float64Array, vector: Float64Array): Float64Array {
  const product = new Float64Array(vector.length)
  for (let row = 0, at = 0; row < vector.length; row++) {
    const own = vector[row] as number
    let sum = (matrix[at + row] as number) * own
    for (let k = 0; k < row; k++) {
      const entry = matrix[at + k] as number
      sum += entry * (vector[k] as number)
      product[k] = (product[k] as number) + entry * own
    }
    product[row] = (product[row] as number) + sum
    at += row + 1
  }
  return product
}

export function dotProduct(a: Float64Array, b: Float64Array): number {
  let sum = 0
  for (let k = 0; k < a.length; k++) sum += (a[k] as number) * (b[k] as number)
  return sum
}
