// Runs of one contextual cell, counted: the intervals over rows of scores, and two controls that
// must fail under a policy that looks at contexts.
import { policyBatch, scoredBatch, segmentBatch } from '../../src/bandit/context/scored-ledger.ts'
import { primaryMetricOf } from '../../src/bandit/experiment/experiment.ts'
import { excludes, isFalse } from '../../src/simulation/truth.ts'
import { liftScore, meanScore, type ScoredBatch } from '../../src/stats/context/batch-scores.ts'
import { RunningRowEffects } from '../../src/stats/context/row-effects.ts'
import { RunningSegment } from '../../src/stats/context/segments.ts'
import { type EffectOptions, RunningEffects } from '../../src/stats/lift/lift.ts'
import { seededChance } from '../../src/stats/numerics/chance.ts'
import { addTallies, EMPTY_TALLY, type Tally } from '../../src/stats/tally.ts'
import type { ContextCell } from './context-cells.ts'
import { type ContextBatch, playContexts } from './context-play.ts'
import { naiveIntervalCalls } from './controls.ts'
import { addCounts, type Counts, NO_COUNTS } from './run-cell.ts'

/** Runs `from` ≤ run < `end`; the same cell, run and seed give the same run. */
export function runContextCell(cell: ContextCell, seed: number, from: number, end: number): Counts {
  let counts = NO_COUNTS
  for (let run = from; run < end; run++) {
    counts = addCounts(counts, countRun(cell, seededChance(seed, cell.place * 2 ** 20 + run)))
  }
  return counts
}

/** The plain interval is spared the first looks, which would be its worst. */
const FIRST_UNITS = 100

function countRun({ isNull, world }: ContextCell, chance: () => number): Counts {
  const { arms, alpha, plannedUnits } = world.definition
  const metric = primaryMetricOf(world.definition)
  const options: EffectOptions = { arms: arms.length, control: 0, metric, alpha, plannedUnits }
  const effects = new RunningRowEffects(options)
  const averaged = new RunningEffects(options)
  const segments = new RunningSegments(options, (world.definition.features ?? []).filter(isSegmented).length)
  const truth = new RunningTruth(arms.length)
  let tallies: Tally[] = arms.map(() => EMPTY_TALLY)
  const ever = {
    ...{ absolute: false, relative: false, policyLift: false, falseVerdict: false },
    ...{ naive: false, averaged: false, segments: false },
  }
  const missedMeans = new Set<number>()
  let looks = 0
  for (const batch of playContexts(world, chance)) {
    looks++
    const scored = scoredBatch(batch.scored, 0)
    effects.add(scored, policyBatch(batch.scored, 0))
    truth.add(batch, scored)
    segments.add(batch)
    const own = talliesOf(batch)
    const propensities = Array.from(scored.row.propensities, sum => sum / scored.row.units)
    averaged.add({ snapshot: scored.snapshot, mature: true, propensities, tallies: own })
    tallies = tallies.map((tally, arm) => addTallies(tally, own[arm] as Tally))

    const trueLifts = arms.map((_, arm) => truth.lift(arm))
    effects.lifts().forEach((lift, arm) => {
      const trueLift = trueLifts[arm]
      if (lift === null || trueLift == null) return
      ever.absolute ||= excludes(lift, trueLift.absolute)
      ever.relative ||= lift.relative !== null && excludes(lift.relative, trueLift.relative)
      ever.falseVerdict ||= isFalse(lift.verdict, trueLift, metric.goal)
    })
    effects.means().forEach((mean, arm) => {
      if (excludes(mean, truth.mean(arm))) missedMeans.add(arm)
    })
    ever.policyLift ||= excludes(effects.policyLift(), truth.policyLift())
    ever.segments ||= segments.callAny()
    ever.averaged ||= averaged.lifts().some((lift, arm) => lift !== null && excludes(lift, trueLifts[arm]?.absolute))
    if (isNull && batch.unitsBefore >= FIRST_UNITS) ever.naive ||= naiveIntervalCalls(tallies, 0)
  }
  const flags = Object.entries(ever).map(([name, happened]) => [name, Number(happened)])
  return { ...NO_COUNTS, ...Object.fromEntries(flags), means: missedMeans.size / arms.length, runs: 1, looks }
}

function isSegmented(feature: object): boolean {
  return 'segment' in feature && feature.segment === true
}

/** All segments have a lift of 0, so every call is false. Features are true, false or missing. */
class RunningSegments {
  readonly #running: readonly RunningSegment[]

  constructor(options: EffectOptions, features: number) {
    const levels = 3 * features
    this.#running = Array.from({ length: levels }, () => new RunningSegment({ ...options, levels, levelsOfFeature: 3 }))
  }

  add({ scored }: ContextBatch): void {
    this.#running.forEach((running, segment) => {
      const batch = segmentBatch(scored, segment, 0)
      if (batch !== null && batch.row.units > 0) running.add(batch)
    })
  }

  callAny(): boolean {
    return this.#running.some(running => running.lifts().some(lift => lift !== null && lift.verdict !== 'undecided'))
  }
}

/**
 * What the intervals are about: expectations over the units that came, weighed as the estimates
 * weigh their batches.
 */
class RunningTruth {
  readonly #means: Sum[]
  readonly #arms: Sum[]
  readonly #controls: Sum[]
  readonly #policy = new Sum()

  constructor(arms: number) {
    const sums = () => Array.from({ length: arms }, () => new Sum())
    this.#means = sums()
    this.#arms = sums()
    this.#controls = sums()
  }

  add({ expected, expectedOfPolicy, unitsBefore }: ContextBatch, scored: ScoredBatch): void {
    const { units } = scored.row
    const control = expected[0] as number
    expected.forEach((sum, arm) => {
      this.#means[arm]?.add(meanScore(scored, arm)?.h ?? 0, sum, units)
      const h = liftScore(scored, arm, 0)?.h ?? 0
      this.#arms[arm]?.add(h, sum, units)
      this.#controls[arm]?.add(h, control, units)
    })
    if (unitsBefore >= FIRST_POLICY_UNITS) this.#policy.add(1, expectedOfPolicy - control, units)
  }

  mean(arm: number): number | null {
    return this.#means[arm]?.mean() ?? null
  }

  lift(arm: number): { readonly absolute: number; readonly relative: number | null } | null {
    const [own, control] = [this.#arms[arm]?.mean() ?? null, this.#controls[arm]?.mean() ?? null]
    if (arm === 0 || own === null || control === null) return null
    return { absolute: own - control, relative: own / control - 1 }
  }

  policyLift(): number | null {
    return this.#policy.mean()
  }
}

/** From which on the policy lift counts units, see per-unit-contrast.ts. */
const FIRST_POLICY_UNITS = 100

class Sum {
  #sum = 0
  #weight = 0

  add(h: number, sum: number, units: number): void {
    this.#sum += h * sum
    this.#weight += h * units
  }

  mean(): number | null {
    return this.#weight === 0 ? null : this.#sum / this.#weight
  }
}

function talliesOf({ scored }: ContextBatch): Tally[] {
  const { rows, outcomes } = scored.sums
  return (outcomes[0] ?? []).map(({ xy, yy }, arm) => ({
    units: rows[0]?.armUnits[arm] as number,
    sum: xy[0] as number,
    sumOfSquares: yy,
  }))
}
