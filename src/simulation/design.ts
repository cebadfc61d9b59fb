// The design of an experiment that has not begun: what is assumed of its arms, how it would be run,
// and how often to try. What makes one valid, and what it costs to simulate.

import type { Fault } from '../bandit/errors.ts'
import {
  completeDefinition,
  type DefinitionInput,
  definitionFaults,
  type Readable,
  type ReadableDefinition,
} from '../bandit/experiment/definition-input.ts'
import { controlOf, type Definition, primaryMetricOf } from '../bandit/experiment/experiment.ts'
import { fullBatch, growthStep, REFRESH_INTERVAL_MS } from '../bandit/growth.ts'
import type { Metric, MetricType } from '../bandit/metrics/metric.ts'
import type { PolicyInput, ReadablePolicy } from '../bandit/policies/policy-input.ts'
import type { Goal } from '../stats/goal.ts'
import { drawsForUnit, meanOutcome, type OutcomeLaw } from './outcome-law.ts'

/**
 * An arm and what is assumed of a unit's outcome: `rate` alone for a binary metric; for a
 * continuous one `mean` and `sd`, and with a `rate` in addition: this share buys, for lognormal
 * amounts with this mean and sd, the others nothing.
 */
export interface SimulatedArmInput {
  readonly key: string
  readonly rate?: number | undefined
  readonly mean?: number | undefined
  readonly sd?: number | undefined
}

/**
 * A design as a person writes it. What it has in common with an experiment's definition is written
 * as there.
 */
export interface SimulationInput {
  readonly arms: readonly SimulatedArmInput[]
  readonly control?: string | undefined
  /** `type`: by default that of the arms. `range`: for a continuous metric. */
  readonly metric?:
    | {
        readonly type?: MetricType | undefined
        readonly goal?: Goal | undefined
        readonly window?: string | null | undefined
        readonly range?: readonly [number, number] | undefined
      }
    | undefined
  readonly policy?: PolicyInput | undefined
  readonly alpha?: number | undefined
  readonly plannedUnits?: number | undefined
  readonly unitsPerDay?: number | undefined
  /** The horizon. */
  readonly days?: number | undefined
  readonly runs?: number | undefined
  readonly seed?: number | undefined
}

type ReadableLaw = Readable<SimulatedArmInput>

/** The parts of a design that could be read; null stands for what could not, and is not judged. */
export type ReadableSimulation = Readable<Omit<SimulationInput, 'arms' | 'metric' | 'policy'>> & {
  readonly arms?: readonly (ReadableLaw | null)[] | null | undefined
  readonly metric?: Readable<NonNullable<SimulationInput['metric']>> | null | undefined
  readonly policy?: ReadablePolicy | null | undefined
}

/** A design, completed: the experiment that would be run, and what its arms are assumed to be. */
export interface SimulationDesign {
  readonly definition: Definition
  readonly metric: Metric
  /** Place of the control. */
  readonly control: number
  /** By arm. */
  readonly laws: readonly OutcomeLaw[]
  /** The true mean outcome of each arm. */
  readonly means: readonly number[]
  readonly unitsPerDay: number
  readonly days: number
  /** The number of units in each run. */
  readonly units: number
  readonly runs: number
  readonly seed: number
}

export const DAY_MS = 86_400_000

const DEFAULTS = { unitsPerDay: 1_000, days: 30, runs: 200, seed: 1 } as const
const MOST_DAYS = 3_660
const MOST_UNITS = 1e9
const MOST_RUNS = 100_000

/** Everything that is wrong with a design beyond the shapes of its fields. */
export function simulationFaults(input: ReadableSimulation): Fault[] {
  const type = typeOf(input)
  const faults = (input.arms ?? []).flatMap((arm, place) =>
    arm === null ? [] : lawFaults(`arms[${place}]`, arm, type),
  )
  faults.push(...definitionFaults(definitionInput(input)).map(asDesignFault))
  const { unitsPerDay, days, runs, seed } = { ...DEFAULTS, ...given(input) }
  if (!(unitsPerDay > 0 && Number.isFinite(unitsPerDay))) {
    faults.push({ path: 'unitsPerDay', message: 'must be above 0' })
  }
  if (!(days > 0 && days <= MOST_DAYS)) faults.push({ path: 'days', message: `must be above 0, at most ${MOST_DAYS}` })
  const units = Math.floor(unitsPerDay * days)
  const isKnown = input.unitsPerDay !== null && input.days !== null
  if (isKnown && !(units >= 1 && units <= MOST_UNITS)) {
    faults.push({ path: 'days', message: `times unitsPerDay must be 1 to ${MOST_UNITS} units, not ${units}` })
  }
  if (!(Number.isSafeInteger(runs) && runs >= 1 && runs <= MOST_RUNS)) {
    faults.push({ path: 'runs', message: `must be a whole number from 1 to ${MOST_RUNS}` })
  }
  if (!(Number.isSafeInteger(seed) && seed >= 0)) {
    faults.push({ path: 'seed', message: 'must be a whole number of at least 0' })
  }
  return faults
}

/** Fills in the defaults. The input must be without faults. */
export function completeSimulation(input: SimulationInput): SimulationDesign {
  const definition = completeDefinition(definitionInput(input) as DefinitionInput)
  const metric = primaryMetricOf(definition)
  const { unitsPerDay, days, runs, seed } = { ...DEFAULTS, ...given(input) }
  const laws = input.arms.map(lawOf)
  return {
    definition,
    metric,
    control: controlOf(definition),
    laws,
    means: laws.map(law => meanOutcome(law, metric.range)),
    unitsPerDay,
    days,
    units: Math.floor(unitsPerDay * days),
    runs,
    seed,
  }
}

/**
 * About how much there is to do, over all runs: looks times arms and two more, and single outcomes
 * where they have to be drawn one by one. Measured at 40 to 50 µs for each, from 2 to 50 arms.
 */
export function simulationWork(design: SimulationDesign): number {
  const draws = design.laws.reduce((sum, law) => sum + drawsForUnit(law, design.metric.range), 0) / design.laws.length
  const perRun = looksIn(design) * (design.laws.length + 2) + (draws * design.units) / DRAWS_PER_WORK
  return Math.ceil(design.runs * perRun)
}

const DRAWS_PER_WORK = 1_000

/** How many looks the growth of units brings; rewards bring some more. */
function looksIn({ units, unitsPerDay }: SimulationDesign): number {
  const perInterval = (unitsPerDay * REFRESH_INTERVAL_MS) / DAY_MS
  let looks = 1
  for (let seen = 0; seen < units; looks++) seen += Math.min(Math.max(growthStep(seen), perInterval), fullBatch(seen))
  return looks
}

function given(input: ReadableSimulation): Partial<Record<keyof typeof DEFAULTS, number>> {
  return Object.fromEntries(
    Object.keys(DEFAULTS).flatMap(name => {
      const value = input[name as keyof typeof DEFAULTS]
      return value == null ? [] : [[name, value]]
    }),
  )
}

function definitionInput(input: ReadableSimulation): ReadableDefinition {
  const { arms, control, metric, policy, alpha, plannedUnits } = input
  return {
    key: 'simulation',
    arms: arms?.map(arm => arm && { key: arm.key }),
    control,
    metrics: [{ ...metric, key: 'outcome', role: 'primary', type: typeOf(input) }],
    policy,
    alpha,
    plannedUnits,
  }
}

/** Null if the readable part does not determine it. */
function typeOf({ arms, metric }: ReadableSimulation): MetricType | null {
  if (metric === null || metric?.type !== undefined) return metric?.type ?? null
  if (arms?.some(arm => arm?.mean !== undefined)) return 'continuous'
  return arms == null || arms.includes(null) ? null : 'binary'
}

function asDesignFault({ path, message }: Fault): Fault {
  return { path: path.replace(/^metrics\[0\]/, 'metric'), message }
}

function lawOf({ rate, mean, sd }: SimulatedArmInput): OutcomeLaw {
  if (mean === undefined || sd === undefined) return { kind: 'binary', rate: rate ?? 0 }
  return rate === undefined ? { kind: 'normal', mean, sd } : { kind: 'purchases', rate, mean, sd }
}

function lawFaults(path: string, { rate, mean, sd }: ReadableLaw, type: MetricType | null): Fault[] {
  const faults: Fault[] = []
  if (rate != null && !(rate >= 0 && rate <= 1)) {
    faults.push({ path: `${path}.rate`, message: 'must be between 0 and 1' })
  }
  if (type === null) return faults
  if (type === 'binary') {
    if (rate === undefined) faults.push({ path: `${path}.rate`, message: 'is required for a binary metric' })
    for (const [name, value] of Object.entries({ mean, sd })) {
      if (value != null) faults.push({ path: `${path}.${name}`, message: 'belongs to a continuous metric' })
    }
    return faults
  }
  const least = rate === undefined ? 'be a number' : 'be above 0, since amounts are lognormal'
  if (mean !== null && !(mean !== undefined && Number.isFinite(mean) && (rate === undefined || mean > 0))) {
    faults.push({ path: `${path}.mean`, message: `must ${least}` })
  }
  if (sd !== null && !(sd !== undefined && sd >= 0 && Number.isFinite(sd))) {
    faults.push({ path: `${path}.sd`, message: 'must be 0 or more' })
  }
  return faults
}
