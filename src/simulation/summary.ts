// Many runs of one design, summarized in the numbers that decide on an experiment.
import { min, sum } from 'd3-array'
import type { SimulationDesign } from './design.ts'
import { bestMean } from './outcome-law.ts'
import { type ArmRecord, curveUnits, type RunRecord } from './run-record.ts'
import { trueLifts } from './truth.ts'

/** A share of the runs, 0–1, and its Monte-Carlo standard error. */
export interface RunShare {
  readonly share: number
  readonly error: number
}

/** Quantiles over all runs; null: at this quantile it never came. */
export interface UnitsUntil {
  /** Of the runs in which it came at all. */
  readonly share: number
  readonly p10: number | null
  readonly median: number | null
  readonly p90: number | null
}

export interface SimulatedArm {
  readonly arm: string
  readonly isControl: boolean
  /** As assumed, clipped to the range. */
  readonly mean: number
  readonly lift: number | null
  readonly relativeLift: number | null
  /** Of the mature units, on the average. */
  readonly unitsShare: number
  /** What follows is null for the control. */
  readonly better: number | null
  readonly worse: number | null
  readonly unitsUntilVerdict: UnitsUntil | null
  /** Of runs in which a false one was shown at any look. */
  readonly falseVerdicts: RunShare | null
  /** The median width of the interval at the end; null also where that is unbounded. */
  readonly width: number | null
  readonly relativeWidth: number | null
}

export interface CurvePoint {
  readonly units: number
  /** On the average over the runs. */
  readonly regret: number
  /** What giving every arm the same share would have cost. */
  readonly uniformRegret: number
  /** The median of the lifts' mean width; null while it is unbounded. */
  readonly width: number | null
}

export interface SimulationResult {
  readonly runs: number
  readonly seed: number
  /** Of each run. */
  readonly units: number
  /** Of a run, on the average. */
  readonly looks: number
  /** Summed over a run's units, in the metric's unit: against giving everyone the best arm. */
  readonly regret: {
    readonly mean: number
    /** Monte-Carlo standard error of the mean. */
    readonly error: number
    readonly uniform: number
    /** What the policy earns more than uniform shares would. */
    readonly savedOverUniform: number
  }
  readonly arms: readonly SimulatedArm[]
  /** Until the first verdict on any arm. */
  readonly unitsUntilVerdict: UnitsUntil
  /** Runs in which any arm was falsely called at any look. */
  readonly falseVerdicts: RunShare
  /** Runs with the truth inside at all looks, for all lifts at once; null where there are none. */
  readonly coverage: {
    readonly absolute: RunShare
    readonly relative: RunShare | null
    readonly policyLift: RunShare
  }
  readonly curve: readonly CurvePoint[]
}

/** The records are those of all runs. */
export function summarizeRuns(design: SimulationDesign, records: readonly RunRecord[]): SimulationResult {
  const regrets = records.map(({ regret }) => regret)
  const uniform = design.units * uniformRegret(design)
  const inside = (family: keyof RunRecord['missed']) => shareOf(records, ({ missed }) => !missed[family])
  const verdictsOf = ({ arms }: RunRecord) => arms.filter(arm => arm !== null)
  const isRelative = design.metric.range[0] >= 0 && design.means[design.control] !== 0
  return {
    runs: records.length,
    seed: design.seed,
    units: design.units,
    looks: meanOf(records.map(({ looks }) => looks)),
    regret: { mean: meanOf(regrets), error: errorOf(regrets), uniform, savedOverUniform: uniform - meanOf(regrets) },
    arms: design.definition.arms.map(({ key }, arm) => summarizeArm(design, records, key, arm)),
    unitsUntilVerdict: unitsUntil(records.map(run => min(verdictsOf(run), ({ verdictAt }) => verdictAt) ?? null)),
    falseVerdicts: shareOf(records, run => verdictsOf(run).some(({ wasFalse }) => wasFalse)),
    coverage: {
      absolute: inside('absolute'),
      relative: isRelative ? inside('relative') : null,
      policyLift: inside('policyLift'),
    },
    curve: curveUnits(design).map((units, point) => ({
      units,
      regret: meanOf(records.map(({ curve }) => curve[point]?.regret ?? 0)),
      uniformRegret: units * uniformRegret(design),
      width: medianOf(records.map(({ curve }) => curve[point]?.width ?? null)),
    })),
  }
}

function summarizeArm(design: SimulationDesign, records: readonly RunRecord[], key: string, arm: number): SimulatedArm {
  const truth = trueLifts(design)[arm] ?? null
  const shares = records.map(({ units }) => (units[arm] ?? 0) / Math.max(1, sum(units)))
  const known = { arm: key, mean: design.means[arm] as number, unitsShare: meanOf(shares) }
  const own = records.flatMap(({ arms }) => arms[arm] ?? [])
  if (truth === null) return { ...known, isControl: true, ...NO_VERDICTS }
  const callsOf = (verdict: ArmRecord['verdict']) => shareOf(own, each => each.verdict === verdict).share
  return {
    ...known,
    isControl: false,
    lift: truth.absolute,
    relativeLift: truth.relative,
    better: callsOf('better'),
    worse: callsOf('worse'),
    unitsUntilVerdict: unitsUntil(own.map(({ verdictAt }) => verdictAt)),
    falseVerdicts: shareOf(own, ({ wasFalse }) => wasFalse),
    width: medianOf(own.map(({ width }) => width)),
    relativeWidth: medianOf(own.map(({ relativeWidth }) => relativeWidth)),
  }
}

const NO_VERDICTS = {
  lift: null,
  relativeLift: null,
  better: null,
  worse: null,
  unitsUntilVerdict: null,
  falseVerdicts: null,
  width: null,
  relativeWidth: null,
} as const

/** Of a unit whose arm is drawn with equal shares. */
function uniformRegret({ means, metric }: SimulationDesign): number {
  return Math.abs(bestMean(means, metric.goal) - meanOf(means))
}

function unitsUntil(counts: readonly (number | null)[]): UnitsUntil {
  const at = (level: number) => quantileOf(counts, level)
  return { share: shareOf(counts, count => count !== null).share, p10: at(0.1), median: at(0.5), p90: at(0.9) }
}

function shareOf<T>(items: readonly T[], holds: (item: T) => boolean): RunShare {
  const share = items.filter(holds).length / items.length
  return { share, error: Math.sqrt((share * (1 - share)) / items.length) }
}

function medianOf(values: readonly (number | null)[]): number | null {
  return quantileOf(values, 0.5)
}

/** The smallest value that this share of the values does not exceed; null is above all numbers. */
function quantileOf(values: readonly (number | null)[], level: number): number | null {
  const sorted = values.map(value => value ?? Infinity).sort((a, b) => a - b)
  const value = sorted[Math.max(0, Math.ceil(level * sorted.length) - 1)] ?? Infinity
  return value === Infinity ? null : value
}

function meanOf(values: readonly number[]): number {
  return sum(values) / values.length
}

/** The standard error of a mean. */
function errorOf(values: readonly number[]): number {
  const mean = meanOf(values)
  const squares = sum(values.map(value => (value - mean) ** 2))
  return Math.sqrt(squares / Math.max(1, values.length - 1) / values.length)
}
