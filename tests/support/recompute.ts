// An outside program: recomputes a report from what the service hands out, by the letter of the
// published formulas, slowly, and sharing no line with the service. If both agree, neither misread
// the text in the same way twice.

export interface PublishedSnapshot {
  readonly mature: boolean
  readonly propensities: Readonly<Record<string, number>>
  readonly tallies: Readonly<Record<string, { units: number; sum: number; sumOfSquares: number }>>
}

export interface Question {
  readonly arms: readonly string[]
  readonly control: string
  readonly alpha: number
  readonly plannedUnits: number
  readonly range: readonly [number, number]
}

interface Sequence {
  readonly estimate: number
  readonly lower: number
  readonly upper: number
  readonly logE: number
}

/** The mean of an arm, level alpha. */
export function meanOf(snapshots: readonly PublishedSnapshot[], question: Question, arm: string): Sequence | null {
  return contrast(snapshots, question, { [arm]: 1 }, question.alpha)
}

/** The lift of an arm over the control, level alpha/(K − 1). */
export function liftOf(snapshots: readonly PublishedSnapshot[], question: Question, arm: string): Sequence | null {
  const level = question.alpha / (question.arms.length - 1)
  return contrast(snapshots, question, { [arm]: 1, [question.control]: -1 }, level)
}

function contrast(
  snapshots: readonly PublishedSnapshot[],
  { arms, plannedUnits, range: [lo, hi] }: Question,
  weights: Readonly<Record<string, number>>,
  alpha: number,
): Sequence | null {
  const c = (arm: string) => weights[arm] ?? 0
  const before = new Map(arms.map(arm => [arm, { N: 0, S: 0, Q: 0 }]))
  const used: { h: number; n: number; psi: number; energy: (theta: number) => number }[] = []
  for (const snapshot of snapshots) {
    if (!snapshot.mature) break
    const tally = (arm: string) => snapshot.tallies[arm] ?? { units: 0, sum: 0, sumOfSquares: 0 }
    const n = arms.reduce((sum, arm) => sum + tally(arm).units, 0)
    if (n > 0 && arms.every(arm => c(arm) === 0 || snapshot.propensities[arm] !== undefined)) {
      const all = [...before.values()]
      const [N, S, Q] = [
        all.reduce((s, t) => s + t.N, 0),
        all.reduce((s, t) => s + t.S, 0),
        all.reduce((s, t) => s + t.Q, 0),
      ]
      const variance = N === 0 ? 0 : Q / N - (S / N) ** 2
      let [l, g] = [lo, hi]
      if (N >= 100 && variance > (1e-12 * Q) / N) {
        g = S - lo * N <= 0 ? hi : Math.min(hi, (Q - lo * S) / (S - lo * N) + 3 * Math.sqrt(variance))
        l = hi * N - S <= 0 ? lo : Math.max(lo, (hi * S - Q) / (hi * N - S) - 3 * Math.sqrt(variance))
      }
      const pool = (S + l + g) / (N + 2)
      const known = (arm: string) => before.get(arm) ?? { N: 0, S: 0, Q: 0 }
      const m = (arm: string) => (known(arm).S + 2 * pool) / (known(arm).N + 2)
      const sigma2 = (arm: string) => {
        const t = (known(arm).S + 3 * (l + g)) / (known(arm).N + 6)
        return (known(arm).Q + 3 * (l ** 2 + g ** 2)) / (known(arm).N + 6) - t ** 2
      }
      const p = (arm: string) => snapshot.propensities[arm] ?? Number.NaN
      const involved = arms.filter(arm => c(arm) !== 0)
      const v = involved.reduce((sum, arm) => sum + (c(arm) ** 2 * sigma2(arm)) / p(arm), 0)
      const r = (arm: string) => (tally(arm).sum - tally(arm).units * m(arm)) / p(arm)
      const k = (arm: string) =>
        (tally(arm).sumOfSquares - 2 * m(arm) * tally(arm).sum + tally(arm).units * m(arm) ** 2) / p(arm) ** 2
      const d = involved.reduce((sum, arm) => sum + c(arm) * m(arm), 0)
      const rows = arms.map(arm =>
        c(arm) === 0 ? [tally(arm).units, 0, 0] : [tally(arm).units, c(arm) * r(arm), c(arm) ** 2 * k(arm)],
      )
      const energy = (theta: number) =>
        rows.reduce((sum, [own = 0, cr = 0, ck = 0]) => sum + own * (d - theta) ** 2 + 2 * (d - theta) * cr + ck, 0)
      const psi = involved.reduce((sum, arm) => sum + c(arm) * (n * m(arm) + r(arm)), 0)
      used.push({ h: 1 / Math.sqrt(v), n, psi, energy })
    }
    for (const arm of arms) {
      const sums = before.get(arm)
      if (sums === undefined) continue
      sums.N += tally(arm).units
      sums.S += tally(arm).sum
      sums.Q += tally(arm).sumOfSquares
    }
  }
  if (used.length === 0) return null
  const H = used.reduce((sum, { h, n }) => sum + h * n, 0)
  const estimate = used.reduce((sum, { h, psi }) => sum + h * psi, 0) / H
  const V = Math.max(
    used.reduce((sum, { n }) => sum + n, 0),
    used.reduce((sum, { h, energy }) => sum + h ** 2 * energy(estimate), 0),
  )
  const rho2 = (-2 * Math.log(alpha) + Math.log(1 - 2 * Math.log(alpha))) / plannedUnits
  const B = Math.sqrt((V + 1 / rho2) * Math.log((rho2 * V + 1) / alpha ** 2))
  const logE = (H * estimate) ** 2 / (2 * (V + 1 / rho2)) - 0.5 * Math.log(1 + rho2 * V)
  return { estimate, lower: estimate - B / H, upper: estimate + B / H, logE }
}

/**
 * P(best) and the 95 % credible intervals of Beta posteriors, by a midpoint rule with so many cells
 * that it cannot be wrong.
 */
export function bruteForceBest(posteriors: readonly { alpha: number; beta: number }[]) {
  const cells = 400_000
  const densities = posteriors.map(({ alpha, beta }) => {
    const logs = Float64Array.from({ length: cells }, (_, cell) => {
      const x = (cell + 0.5) / cells
      return (alpha - 1) * Math.log(x) + (beta - 1) * Math.log1p(-x)
    })
    const highest = logs.reduce((a, b) => Math.max(a, b))
    const density = logs.map(log => Math.exp(log - highest))
    const total = density.reduce((a, b) => a + b)
    return density.map(value => value / total)
  })
  const below = densities.map(density => {
    let sum = 0
    return density.map(mass => {
      sum += mass
      return sum - mass / 2
    })
  })
  return densities.map((density, arm) => ({
    probabilityBest: density.reduce(
      (sum, mass, cell) =>
        sum +
        mass * below.reduce((product, cdf, other) => (other === arm ? product : product * (cdf[cell] as number)), 1),
      0,
    ),
    lower: quantile(below[arm] as Float64Array, 0.025, cells),
    upper: quantile(below[arm] as Float64Array, 0.975, cells),
  }))
}

function quantile(below: Float64Array, p: number, cells: number): number {
  const cell = below.findIndex(cdf => cdf >= p)
  const [left, right] = [below[cell - 1] ?? 0, below[cell] as number]
  return (cell - 0.5 + (p - left) / (right - left)) / cells
}
