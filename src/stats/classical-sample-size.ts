// How many units classical tests need, with one look, a size fixed in advance and equal shares: for
// comparison.
import jStat from 'jstat'

/**
 * Of a two-sided test: how often it may find a difference where there is none, 0–1, and how often
 * it finds this one.
 */
export interface TestLevels {
  readonly alpha: number
  readonly power: number
}

/**
 * Units an arm for the z-test of two proportions, without continuity correction (Fleiss, Levin &
 * Paik 2003, Statistical Methods for Rates and Proportions, eq. 4.14); null where the rates are the
 * same. Against R's `power.prop.test`: equal when rounded up (tests/stats).
 *
 * @throws RangeError for rates outside 0–1 and levels outside (0, 1)
 */
export function unitsForProportions(one: number, other: number, levels: TestLevels): number | null {
  expectLevels(levels)
  if (!(one >= 0 && one <= 1 && other >= 0 && other <= 1)) throw new RangeError('Rates must lie in 0 to 1')
  if (one === other) return null
  const pooled = (one + other) / 2
  const [zAlpha, zPower] = quantilesOf(levels)
  const spread =
    zAlpha * Math.sqrt(2 * pooled * (1 - pooled)) + zPower * Math.sqrt(one * (1 - one) + other * (1 - other))
  return Math.ceil((spread / (one - other)) ** 2)
}

/**
 * Units an arm for Student's t-test of two means that differ by `difference` and have these
 * variances; null where they do not differ. The number at which quantiles of t with 2 n − 2 degrees
 * of freedom stand in for those of the noncentral t. Against R's `power.t.test`: at most one unit
 * apart (tests/stats).
 *
 * @throws RangeError for variances below 0 and levels outside (0, 1)
 */
export function unitsForMeans(
  difference: number,
  variances: readonly [number, number],
  levels: TestLevels,
): number | null {
  expectLevels(levels)
  if (!variances.every(variance => variance >= 0)) throw new RangeError('Variances must not be negative')
  if (difference === 0) return null
  const noise = (variances[0] + variances[1]) / difference ** 2
  const unitsAt = (quantiles: readonly [number, number]) => Math.max(2, noise * (quantiles[0] + quantiles[1]) ** 2)
  let units = unitsAt(quantilesOf(levels))
  for (let round = 0; round < ROUNDS; round++) units = unitsAt(studentQuantilesOf(levels, 2 * units - 2))
  return Math.ceil(units)
}

/**
 * Each brings it ten times as near or more; from ten units on five are enough for a whole number.
 */
const ROUNDS = 8

function quantilesOf({ alpha, power }: TestLevels): readonly [number, number] {
  return [jStat.normal.inv(1 - alpha / 2, 0, 1), jStat.normal.inv(power, 0, 1)]
}

function studentQuantilesOf({ alpha, power }: TestLevels, degreesOfFreedom: number): readonly [number, number] {
  return [jStat.studentt.inv(1 - alpha / 2, degreesOfFreedom), jStat.studentt.inv(power, degreesOfFreedom)]
}

function expectLevels({ alpha, power }: TestLevels): void {
  if (!(alpha > 0 && alpha < 1 && power > 0 && power < 1)) throw new RangeError('Levels must lie between 0 and 1')
}
