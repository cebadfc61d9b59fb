// What is believed of each arm's mean as a function of the features: a linear model for each arm,
// whose slopes are drawn towards those that all arms share, as strongly as the data say (empirical
// Bayes, MacKay 1992, Neural Computation 4). Where features are useless it becomes the model of
// belief/posterior.ts for continuous metrics by itself. context.md B.2.
import {
  choleskyFactor,
  dotProduct,
  invertFactor,
  logDeterminant,
  packedLength,
  solveLower,
  solveUpper,
  timesVector,
} from '../numerics/packed-matrix.ts'
import type { ArmMoments } from './moments.ts'

/** Vectors of d entries belong to x, of d − 1 entries to x without its leading 1. */
export interface SlopesFit {
  /** `m̄ = ΣS/N₊`, in the metric's unit. */
  readonly commonMean: number
  /** `x̄ = Σz/N₊`; begins with 1. */
  readonly meanContext: Float64Array
  /** `γ₀`, the slopes that all arms share. */
  readonly commonSlopes: Float64Array
  /** `s̄²`, what these leave unexplained: the variance of an outcome. */
  readonly commonVariance: number
  /** `ev(κ)` at each of {@link SHRINKAGES}; empty where the shrinkage was given. */
  readonly logEvidence: readonly number[]
  /** κ, 1 to 8⁶: how many units' worth of the common slopes each arm is lent. */
  readonly shrinkage: number
  readonly arms: readonly ArmFit[]
}

export interface ArmFit {
  /** `β_a` */
  readonly coefficients: Float64Array
  /** `Λ_a`, packed. */
  readonly precision: Float64Array
  /** The inverse of the Cholesky factor of Λ_a, packed: `xᵀΛ⁻¹x = |L⁻¹x|²`. */
  readonly inverseFactor: Float64Array
  /** `s_a²`, the variance of an outcome around the arm's model. */
  readonly variance: number
  /**
   * `max(0, 2γᵀg − γᵀCγ)`: by how much the slopes lessen the arm's sum of squares. Slopes that all
   * share may not suit the arm; then this is 0, while `variance` counts what they add.
   */
  readonly explained: number
}

/** The values of κ whose evidence is weighed. */
export const SHRINKAGES: readonly number[] = [0, 1, 2, 3, 4, 5, 6].map(power => 8 ** power)

/** A spread below this share of the sum of squares is rounding noise of outcomes that are alike. */
const ROUNDING_NOISE = 1e-12

const PRIOR_UNITS_OF_VARIANCE = 10

/**
 * Fits all arms, retired ones too, to their effective moments (effective-moments.ts). With
 * `N₊ = ΣN`, `W = max(0, Q − S²/N)`, `C = A − zzᵀ/N` and `g = b − zS/N` without the leading 1:
 *
 *     γ₀ = (ΣC + I)⁻¹ Σg          s̄² = max(ΣW − 2γ₀ᵀΣg + γ₀ᵀΣCγ₀, 1e-12 ΣQ)/N₊
 *     β₀ = (m̄ − x̄ᵀγ₀, γ₀)         Λ₀(κ) = x̄x̄ᵀ + κ diag(0, 1, …, 1)
 *     Λ_a = Λ₀ + A_a              β_a = Λ_a⁻¹(Λ₀β₀ + b_a)
 *     D_a = Q_a + β₀ᵀΛ₀β₀ − β_aᵀ(Λ₀β₀ + b_a)
 *     ev(κ) = Σ_a [ ½(d − 1) ln κ − ½ ln|Λ_a| − D_a/(2s̄²) ]
 *     1/κ = Σ w_j/κ_j,   w_j ∝ exp ev(κ_j)
 *     s_a² = (max(0, W_a − 2γᵀg_a + γᵀC_aγ) + 10 s̄²)/(N_a + 10),   γ = β_a without its first
 *
 * The shrinkage is averaged, not maximised: the maximum says "no difference" too early, and jumps.
 * β and D are computed from the residuals around β₀, which keeps the digits that a large common
 * mean would cost. Null while nothing is known: `N₊ < 2` or `ΣW ≤ 1e-12 ΣQ`. Against 40 digits:
 * 1e-9 (tests/golden/context/posterior.json).
 *
 * @throws RangeError when the moments are not those of any units.
 */
export function fitSlopes(arms: readonly ArmMoments[], shrinkage: number | null = null): SlopesFit | null {
  const centred = arms.map(centredOf)
  const units = sumOver(centred, ({ units }) => units)
  const spread = sumOver(centred, ({ spread }) => spread)
  const squares = sumOver(arms, ({ yy }) => yy)
  if (units < 2 || !(spread > ROUNDING_NOISE * Math.max(0, squares))) return null
  const dimension = arms[0]?.xy.length ?? 1
  const commonMean = sumOver(arms, ({ xy }) => xy[0] as number) / units
  const meanContext = Float64Array.from({ length: dimension }, (_, row) =>
    row === 0 ? 1 : sumOver(arms, ({ xx }) => xx[packedLength(row)] as number) / units,
  )
  const total = addUp(centred, dimension - 1)
  const commonSlopes = solve(withDiagonal(total.matrix, dimension - 1, 1), total.products)
  const unexplained = spread - explainedBy(commonSlopes, total)
  const commonVariance = Math.max(unexplained, ROUNDING_NOISE * squares) / units

  const slopesAtMean = dotProduct(meanContext.subarray(1), commonSlopes)
  const prior = Float64Array.from([commonMean - slopesAtMean, ...commonSlopes])
  const residuals = centred.map((arm, place) => residualsOf(arm, arms[place] as ArmMoments, prior))
  const posteriorAt = (kappa: number) =>
    arms.map(({ xx }, place) => {
      const precision = precisionOf(xx, meanContext, kappa)
      const factor = choleskyFactor(precision, dimension)
      const solved = solveLower(factor, (residuals[place] as Residuals).products)
      return { precision, factor, solved }
    })
  const evidenceAt = (kappa: number) =>
    sumOver(posteriorAt(kappa), ({ factor, solved }, place) => {
      const distance = (residuals[place] as Residuals).squares - dotProduct(solved, solved)
      return (
        0.5 * (dimension - 1) * Math.log(kappa) -
        0.5 * logDeterminant(factor, dimension) -
        distance / (2 * commonVariance)
      )
    })
  const logEvidence = shrinkage === null ? SHRINKAGES.map(evidenceAt) : []
  const kappa = shrinkage ?? averageShrinkage(logEvidence)
  const fits = posteriorAt(kappa).map(({ precision, factor, solved }, place): ArmFit => {
    const change = solveUpper(factor, solved)
    const coefficients = prior.map((value, row) => value + (change[row] as number))
    const own = centred[place] as Centred
    const reduction = explainedBy(coefficients.subarray(1), own)
    const variance =
      (Math.max(0, own.spread - reduction) + PRIOR_UNITS_OF_VARIANCE * commonVariance) /
      (own.units + PRIOR_UNITS_OF_VARIANCE)
    return {
      coefficients,
      precision,
      inverseFactor: invertFactor(factor, dimension),
      variance,
      explained: Math.max(0, reduction),
    }
  })
  return { commonMean, meanContext, commonSlopes, commonVariance, logEvidence, shrinkage: kappa, arms: fits }
}

/** Within an arm, around its own means: `W`, `C` packed and `g`, without the leading 1. */
interface Centred {
  readonly units: number
  readonly spread: number
  readonly matrix: Float64Array
  readonly products: Float64Array
}

function centredOf({ xx, xy, yy }: ArmMoments): Centred {
  const units = xx[0] as number
  const dimension = xy.length - 1
  const matrix = new Float64Array(packedLength(dimension))
  const products = new Float64Array(dimension)
  if (units === 0) return { units, spread: 0, matrix, products }
  const sum = xy[0] as number
  for (let row = 0, at = 0; row < dimension; row++) {
    const from = packedLength(row + 1)
    const mean = (xx[from] as number) / units
    for (let column = 0; column <= row; column++, at++) {
      matrix[at] = (xx[from + column + 1] as number) - mean * (xx[packedLength(column + 1)] as number)
    }
    products[row] = (xy[row + 1] as number) - mean * sum
  }
  return { units, spread: Math.max(0, yy - (sum * sum) / units), matrix, products }
}

function addUp(parts: readonly Centred[], dimension: number): Pick<Centred, 'matrix' | 'products'> {
  const matrix = new Float64Array(packedLength(dimension))
  const products = new Float64Array(dimension)
  for (const part of parts) {
    for (let at = 0; at < matrix.length; at++) matrix[at] = (matrix[at] as number) + (part.matrix[at] as number)
    for (let at = 0; at < dimension; at++) products[at] = (products[at] as number) + (part.products[at] as number)
  }
  return { matrix, products }
}

/** `2γᵀg − γᵀCγ` */
function explainedBy(slopes: Float64Array, { matrix, products }: Pick<Centred, 'matrix' | 'products'>): number {
  return 2 * dotProduct(slopes, products) - dotProduct(slopes, timesVector(matrix, slopes))
}

/** Around the prior's β₀: `Σ (y − xᵀβ₀)²` and `Σ x (y − xᵀβ₀)`. */
interface Residuals {
  readonly squares: number
  readonly products: Float64Array
}

function residualsOf(centred: Centred, { xx, xy }: ArmMoments, prior: Float64Array): Residuals {
  if (centred.units === 0) return { squares: 0, products: new Float64Array(xy.length) }
  const fitted = timesVector(xx, prior)
  const products = xy.map((value, row) => value - (fitted[row] as number))
  const within = centred.spread - explainedBy(prior.subarray(1), centred)
  return { squares: within + (products[0] as number) ** 2 / centred.units, products }
}

/** `Λ_a = A_a + x̄x̄ᵀ + κ diag(0, 1, …, 1)` */
function precisionOf(xx: Float64Array, meanContext: Float64Array, kappa: number): Float64Array {
  const precision = xx.slice()
  for (let row = 0, at = 0; row < meanContext.length; row++) {
    const own = meanContext[row] as number
    for (let column = 0; column <= row; column++, at++) {
      const ridge = column === row && row > 0 ? kappa : 0
      precision[at] = (precision[at] as number) + (own * (meanContext[column] as number) + ridge)
    }
  }
  return precision
}

/** `1/κ = Σ w_j/κ_j`, `w_j ∝ exp ev(κ_j)` */
function averageShrinkage(logEvidence: readonly number[]): number {
  const largest = Math.max(...logEvidence)
  const weights = logEvidence.map(log => Math.exp(log - largest))
  const inverse = sumOver(weights, (weight, place) => weight / (SHRINKAGES[place] as number))
  return sumOver(weights, weight => weight) / inverse
}

function withDiagonal(matrix: Float64Array, dimension: number, value: number): Float64Array {
  const sum = matrix.slice()
  for (let row = 0; row < dimension; row++) {
    const at = packedLength(row) + row
    sum[at] = (sum[at] as number) + value
  }
  return sum
}

function solve(matrix: Float64Array, vector: Float64Array): Float64Array {
  const factor = choleskyFactor(matrix, vector.length)
  return solveUpper(factor, solveLower(factor, vector))
}

function sumOver<Item>(items: readonly Item[], value: (item: Item, place: number) => number): number {
  let sum = 0
  items.forEach((item, place) => {
    sum += value(item, place)
  })
  return sum
}
