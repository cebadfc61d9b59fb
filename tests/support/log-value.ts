// A second implementation of the values of a target policy on a log: plain loops over the formulas
// of docs/theory/inference.md, for each row anew from all rows before it. It shares no code with
// src/stats, on purpose.

interface Row {
  readonly arm: number
  readonly propensity: number | null
  readonly reward: number
}

interface Options {
  readonly target: readonly number[]
  readonly range: readonly [lo: number, hi: number]
  readonly alpha: number
  readonly plannedUnits: number
}

interface Value {
  readonly estimate: number
  readonly lower: number
  readonly upper: number
}

/** Of each row: its weight ω, m and σ² of its arm, and d of the target, from the rows before it. */
function predictRows(rows: readonly Row[], { target, range: [lo, hi] }: Options) {
  return rows.map((row, index) => {
    const before = rows.slice(0, index)
    const N = before.length
    let [S, Q] = [0, 0]
    for (const { reward } of before) {
      S += reward
      Q += reward * reward
    }
    let [l, g] = [lo, hi]
    const spread = Q / N - (S / N) ** 2
    if (N >= 100 && spread > (1e-12 * Q) / N) {
      if (S - lo * N > 0) g = Math.min(hi, (Q - lo * S) / (S - lo * N) + 3 * Math.sqrt(spread))
      if (hi * N - S > 0) l = Math.max(lo, (hi * S - Q) / (hi * N - S) - 3 * Math.sqrt(spread))
    }
    const pool = (S + l + g) / (N + 2)
    const tP = (S + 3 * (l + g)) / (N + 6)
    const varianceP = (Q + 3 * (l * l + g * g)) / (N + 6) - tP * tP
    const armsBefore = target.map((_, arm) => {
      let [n, s, q] = [0, 0, 0]
      for (const earlier of before) {
        if (earlier.arm !== arm) continue
        n += 1
        s += earlier.reward
        q += earlier.reward * earlier.reward
      }
      return { n, s, q, m: (s + 2 * pool) / (n + 2) }
    })
    let d = 0
    for (const [arm, { m }] of armsBefore.entries()) d += (target[arm] ?? 0) * m
    const own = armsBefore[row.arm]
    if (own === undefined) throw new Error(`row ${index} has an unknown arm`)
    const varianceOwn = own.n === 0 ? 0 : own.q / own.n - (own.s / own.n) ** 2
    const varianceS = (own.n * varianceOwn + 6 * varianceP) / (own.n + 6)
    const weight = (target[row.arm] ?? 0) / (row.propensity ?? Number.NaN)
    return { y: row.reward, weight, m: own.m, d, variance: Math.max(varianceS, varianceP) }
  })
}

export function valueByLoops(rows: readonly Row[], options: Options): Record<'ips' | 'snips' | 'doublyRobust', Value> {
  const { alpha, plannedUnits, range } = options
  const [lo, hi] = range
  const predicted = predictRows(rows, options)
  const n = rows.length
  const twoLog = -2 * Math.log(alpha)
  const tuned = (twoLog + Math.log(1 + twoLog)) / ((plannedUnits * (hi - lo) ** 2) / 4)
  const eValue = (M: number, V: number) => {
    let sum = 0
    for (let j = -2; j <= 4; j++) {
      const rhoSquared = tuned * 16 ** j
      sum += Math.exp((M * M) / (2 * (V + 1 / rhoSquared)) - 0.5 * Math.log(1 + rhoSquared * V))
    }
    return sum / 7
  }
  const meanOf = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / n
  const squaresOf = (values: readonly number[]) => {
    const mean = meanOf(values)
    return values.reduce((sum, value) => sum + (value - mean) ** 2, 0)
  }
  /** From a point inside outwards, where `isInside` ends; at most to the end of the range. */
  const edge = (isInside: (theta: number) => boolean, from: number, end: number) => {
    if (isInside(end)) return end
    let [inside, outside] = [from, end]
    for (let step = 0; step < 200; step++) {
      const middle = (inside + outside) / 2
      if (isInside(middle)) inside = middle
      else outside = middle
    }
    return inside
  }
  const intervalOf = (estimate: number, isInside: (theta: number) => boolean): Value => {
    const from = Math.min(hi, Math.max(lo, estimate))
    return { estimate, lower: edge(isInside, from, lo), upper: edge(isInside, from, hi) }
  }

  const robustScores = predicted.map(({ y, weight, m, d }) => d + weight * (y - m))
  let robustVariance = 0
  for (const { weight, variance } of predicted) robustVariance += weight ** 2 * variance
  robustVariance = Math.max(robustVariance, squaresOf(robustScores))
  const robust = meanOf(robustScores)

  const ipsScores = predicted.map(({ y, weight }) => weight * y)
  let ipsVariance = 0
  for (const { weight, variance, m } of predicted) ipsVariance += weight ** 2 * (variance + m ** 2)
  ipsVariance = Math.max(ipsVariance, squaresOf(ipsScores))
  const ips = meanOf(ipsScores)

  const isSnipsInside = (theta: number) => {
    const scores = predicted.map(({ y, weight }) => weight * (y - theta))
    let variance = 0
    for (const row of predicted) variance += row.weight ** 2 * (row.variance + (row.m - theta) ** 2)
    return eValue(n * meanOf(scores), Math.max(variance, squaresOf(scores))) < 1 / alpha
  }
  const snips = meanOf(ipsScores) / meanOf(predicted.map(({ weight }) => weight))

  return {
    ips: intervalOf(ips, theta => eValue(n * (ips - theta), ipsVariance) < 1 / alpha),
    snips: intervalOf(snips, isSnipsInside),
    doublyRobust: intervalOf(robust, theta => eValue(n * (robust - theta), robustVariance) < 1 / alpha),
  }
}
