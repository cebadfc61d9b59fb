// Ledgers for tests: the golden ones, and random ones from a seed.

import type { Goal } from '../../../src/stats/goal.ts'
import type { Batch, Ledger } from '../../../src/stats/ledger.ts'
import type { EffectOptions, Verdict } from '../../../src/stats/lift/lift.ts'
import type { Tally } from '../../../src/stats/tally.ts'
import { readGolden } from './golden.ts'

interface GoldenInterval {
  readonly estimate: number | null
  readonly lo: number | null
  readonly hi: number | null
}
interface GoldenScore extends GoldenInterval {
  readonly H?: number
  readonly V?: number
  readonly tau?: number
  readonly batches?: number
}
interface GoldenEvidence {
  readonly logE: number
  readonly p: number
}

export interface GoldenEffects {
  readonly means: readonly (GoldenScore | null)[]
  readonly lifts: readonly ((GoldenScore & GoldenEvidence & { readonly verdict: Verdict }) | null)[]
  readonly relative: readonly (GoldenInterval | null)[] | null
  readonly policyLift: GoldenScore & GoldenEvidence & { readonly units?: number }
}

export interface ContrastCase {
  readonly name: string
  readonly arms: number
  readonly control: number
  readonly alpha: number
  readonly plannedUnits: number
  readonly metrics: Record<string, { readonly lo: number; readonly hi: number; readonly goal: Goal }>
  readonly snapshots: readonly {
    readonly p: readonly (number | null)[]
    readonly n: readonly number[]
    readonly mature: boolean
    readonly metrics: Record<string, { readonly S: readonly number[]; readonly Q: readonly number[] }>
  }[]
  readonly expected: {
    readonly metrics: Record<string, GoldenEffects>
    readonly srm: { readonly logE: readonly number[]; readonly logEMean: number; readonly level: string }
  }
}

/** The cases of contrasts.json. */
export const contrastCases = readGolden<{ cases: readonly ContrastCase[] }>('contrasts').cases

/** Every metric of every golden case with its ledger, its options and what is expected. */
export const goldenMetrics = contrastCases.flatMap(golden =>
  Object.entries(golden.metrics).map(([metric, { lo, hi, goal }]) => {
    const { arms, control, alpha, plannedUnits } = golden
    const options: EffectOptions = { arms, control, alpha, plannedUnits, metric: { range: [lo, hi], goal } }
    const expected = golden.expected.metrics[metric] as GoldenEffects
    return { where: `${golden.name} / ${metric}`, options, expected, ledger: goldenLedger(golden, metric) }
  }),
)

export function goldenLedger(golden: ContrastCase, metric: string): Ledger {
  return golden.snapshots.map(({ p, n, mature, metrics }, index) => {
    const { S, Q } = metrics[metric] ?? { S: [], Q: [] }
    const tallies = n.map((units, arm) => ({ units, sum: S[arm] ?? 0, sumOfSquares: Q[arm] ?? 0 }))
    return { snapshot: index + 1, mature, propensities: p, tallies }
  })
}

/** A batch whose arms are all active. */
export function batch(snapshot: number, propensities: readonly (number | null)[], tallies: readonly Tally[]): Batch {
  return { snapshot, mature: true, propensities, tallies }
}

/** A tally of a binary metric. */
export function successes(units: number, sum: number): Tally {
  return { units, sum, sumOfSquares: sum }
}

/**
 * Binary outcomes with a rate for each arm, drawn under propensities that wander between 0.1/K and
 * about 1; now and then an arm (never the first) is not active.
 */
export function randomLedger(
  random: () => number,
  rates: readonly number[],
  batches: number,
  unitsABatch: number,
): Ledger {
  return Array.from({ length: batches }, (_, index) => {
    const weights = rates.map((_, arm) => (arm > 0 && rates.length > 2 && random() < 0.1 ? null : 0.1 + random() ** 3))
    const total = weights.reduce<number>((sum, weight) => sum + (weight ?? 0), 0)
    const propensities = weights.map(weight => (weight === null ? null : weight / total))
    return batch(index + 1, propensities, drawUnits(random, propensities, rates, unitsABatch))
  })
}

/** Assigns `count` units by the propensities and draws their outcomes. */
export function drawUnits(
  random: () => number,
  propensities: readonly (number | null)[],
  rates: readonly number[],
  count: number,
): Tally[] {
  const units = rates.map(() => 0)
  const sums = rates.map(() => 0)
  for (let unit = 0; unit < count; unit++) {
    const arm = drawArm(random(), propensities)
    units[arm] = (units[arm] ?? 0) + 1
    if (random() < (rates[arm] ?? 0)) sums[arm] = (sums[arm] ?? 0) + 1
  }
  return units.map((n, arm) => successes(n, sums[arm] ?? 0))
}

export function drawArm(draw: number, propensities: readonly (number | null)[]): number {
  let running = 0
  const arm = propensities.findIndex(propensity => {
    running += propensity ?? 0
    return draw < running
  })
  return arm === -1 ? propensities.findLastIndex(propensity => (propensity ?? 0) > 0) : arm
}
