// Runs of one cell, counted: in how many the truth was ever outside, a verdict was ever false, and
// each control failed.

import type { SimulationDesign } from '../../src/simulation/design.ts'
import { type Look, simulateRun } from '../../src/simulation/run.ts'
import { isFalse, missesOf, type TrueLift, trueLifts } from '../../src/simulation/truth.ts'
import type { Goal } from '../../src/stats/goal.ts'
import { seededChance } from '../../src/stats/numerics/chance.ts'
import type { Cell } from './cells.ts'
import { naiveIntervalCalls, pooledBeliefCalls } from './controls.ts'
import { widthOverKnownVariances, widthRatios } from './hindsight.ts'

/**
 * Numbers of runs, but for sums over all runs: `looks` and the widths. Counts of disjoint runs add.
 */
export interface Counts {
  readonly runs: number
  readonly looks: number
  /** The truth was outside of an interval at some look. */
  readonly absolute: number
  readonly relative: number
  readonly policyLift: number
  readonly falseVerdict: number
  /**
   * The controls called an arm. Counted where all arms are alike, so that any call is false;
   * `belief` for two arms only.
   */
  readonly naive: number
  readonly belief: number
  /**
   * Counted in contextual cells alone: the share of the arms whose true mean was outside, a segment
   * that was falsely called, a true lift that the control with averaged propensities missed.
   */
  readonly means: number
  readonly segments: number
  readonly averaged: number
  /**
   * Summed where it is promised: the policy lift's width over hindsight at `plannedUnits` and at
   * the end, that of the control at the end, and at the end over known variances.
   */
  readonly widthAtPlan: number
  readonly widthAtEnd: number
  readonly widthTunedToRange: number
  readonly widthOverKnown: number
}

const NAMES = [
  ...(['runs', 'looks', 'absolute', 'relative', 'policyLift', 'falseVerdict', 'naive', 'belief'] as const),
  ...(['means', 'segments', 'averaged'] as const),
  ...(['widthAtPlan', 'widthAtEnd', 'widthTunedToRange', 'widthOverKnown'] as const),
]

export const NO_COUNTS = Object.fromEntries(NAMES.map(name => [name, 0])) as unknown as Counts

export function addCounts(a: Counts, b: Counts): Counts {
  return Object.fromEntries(NAMES.map(name => [name, a[name] + b[name]])) as unknown as Counts
}

/**
 * Runs `from` ≤ run < `end`. The same cell, run and seed give the same run, no matter who else runs
 * what.
 */
export function runCell(cell: Cell, seed: number, from: number, end: number): Counts {
  let counts = NO_COUNTS
  for (let run = from; run < end; run++) {
    const chance = seededChance(seed, cell.place * 2 ** 20 + run)
    counts = addCounts(counts, countRun(cell, simulateRun(cell.design, chance, cell.world)))
  }
  return counts
}

/** The controls are spared the first looks, which would be their worst. */
const FIRST_UNITS = 100

function countRun({ design, isNull, isAbsoluteKnown, isWidthPromised, arms }: Cell, looks: Iterable<Look>): Counts {
  const truth = trueLifts(design)
  let widths = { widthAtPlan: 0, widthAtEnd: 0, widthTunedToRange: 0, widthOverKnown: 0 }
  const ever = { absolute: false, relative: false, policyLift: false, falseVerdict: false, naive: false, belief: false }
  let count = 0
  for (const look of looks) {
    count++
    const misses = missesOf(look, truth)
    ever.absolute ||= isAbsoluteKnown && misses.absolute
    ever.relative ||= misses.relative
    ever.policyLift ||= misses.policyLift
    ever.falseVerdict ||= showsFalseVerdict(look, truth, design.metric.goal)
    if (isWidthPromised) widths = addWidths(widths, look, design)
    if (!isNull || look.tallies.reduce((units, tally) => units + tally.units, 0) < FIRST_UNITS) continue
    ever.naive ||= naiveIntervalCalls(look.tallies, design.control)
    if (arms === 2) ever.belief ||= pooledBeliefCalls(look.tallies, design)
  }
  const flags = Object.entries(ever).map(([name, happened]) => [name, Number(happened)])
  return { ...NO_COUNTS, ...Object.fromEntries(flags), ...widths, runs: 1, looks: count }
}

type Widths = Pick<Counts, 'widthAtPlan' | 'widthAtEnd' | 'widthTunedToRange' | 'widthOverKnown'>

/** With those of this look, if it is the first at `plannedUnits`, or the last. */
function addWidths(widths: Widths, look: Look, design: SimulationDesign): Widths {
  const isAtPlan = widths.widthAtPlan === 0 && look.units >= design.definition.plannedUnits
  if (!isAtPlan && look.units < design.units) return widths
  const { shown, tunedToRange } = widthRatios(look, design)
  return {
    ...widths,
    ...(isAtPlan && { widthAtPlan: shown }),
    ...(look.units >= design.units && {
      widthAtEnd: shown,
      widthTunedToRange: tunedToRange,
      widthOverKnown: widthOverKnownVariances(look, design),
    }),
  }
}

function showsFalseVerdict({ lifts }: Look, truth: readonly (TrueLift | null)[], goal: Goal): boolean {
  return lifts.some((lift, arm) => {
    const trueLift = truth[arm]
    return lift !== null && trueLift != null && isFalse(lift.verdict, trueLift, goal)
  })
}
