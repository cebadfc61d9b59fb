// An experiment: its arms, its metrics, its policy, and what became of it.
import type { Feature } from '../features/feature.ts'
import { type Metric, parseWindow } from '../metrics/metric.ts'
import type { Policy } from '../policies/policy.ts'

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json }

export const STATUSES = ['draft', 'running', 'paused', 'stopped'] as const
export type Status = (typeof STATUSES)[number]

export interface Arm {
  readonly key: string
  /** What product code gets with the arm; null: nothing. */
  readonly payload: Json
  /** A retired arm keeps its units and gets no new ones. */
  readonly retired: boolean
}

/** What Pinwheel does by itself when a guardrail says that an arm does harm. */
export const HARM_RESPONSES = ['pause-arm', 'pause'] as const
export type HarmResponse = (typeof HARM_RESPONSES)[number]

/**
 * What a person decides. Arms keep their positions for ever: later ones are added behind, none is
 * taken out once units have it.
 */
export interface Definition {
  readonly key: string
  readonly description: string
  readonly arms: readonly Arm[]
  /** The key of the arm that the others are compared with. */
  readonly control: string
  readonly metrics: readonly Metric[]
  readonly policy: Policy
  /**
   * What units bring: see features/. Absent: nothing. They keep their positions for ever, as arms
   * do.
   */
  readonly features?: readonly Feature[]
  /** Whether predictions from features narrow the intervals; absent without features. */
  readonly adjust?: boolean
  /** All confidence statements of a family hold together with probability 1 − alpha. */
  readonly alpha: number
  /** The number of units at which the confidence sequences are tightest. */
  readonly plannedUnits: number
  /**
   * Absent: nothing. `pause-arm`: the arm is retired; see `retirement`. `pause`: the whole
   * experiment is paused.
   */
  readonly onHarm?: HarmResponse
  /**
   * How long it shall run before advice calls a winner, as `7d`; absent: no matter how long. See
   * `minDurationMsOf`.
   */
  readonly minDuration?: string
}

/** A definition and what became of it. Instants are ms since 1970. */
export interface Experiment {
  readonly id: number
  readonly definition: Definition
  /** Makes the draws of this experiment its own. */
  readonly salt: string
  readonly status: Status
  /** Counts the changes, from 1. */
  readonly version: number
  /**
   * The key of the arm that answers every assignment once the experiment is stopped; null: none.
   */
  readonly winner: string | null
  readonly createdAt: number
  readonly startedAt: number | null
  readonly stoppedAt: number | null
}

/**
 * How long an experiment shall run before advice calls a winner, ms; 0 where its definition does
 * not say.
 */
export function minDurationMsOf({ minDuration }: Pick<Definition, 'minDuration'>): number {
  const durationMs = minDuration === undefined ? 0 : parseWindow(minDuration)
  if (durationMs === null) throw new RangeError(`Cannot read the duration "${minDuration}"`)
  return durationMs
}

/** Position of the control among the arms. */
export function controlOf(definition: Definition): number {
  return armPosition(definition, definition.control)
}

/** The metric that the policy learns from. */
export function primaryMetricOf(definition: Definition): Metric {
  const primary = definition.metrics.find(metric => metric.role === 'primary')
  if (primary === undefined) throw new TypeError(`Experiment "${definition.key}" has no primary metric`)
  return primary
}

/** Position of an arm, which the caller knows to exist. */
export function armPosition(definition: Definition, key: string): number {
  const position = definition.arms.findIndex(arm => arm.key === key)
  if (position === -1) throw new TypeError(`Experiment "${definition.key}" has no arm "${key}"`)
  return position
}

/** The arm at a position, which the caller knows to exist. */
export function armAt(definition: Definition, position: number): Arm {
  const arm = definition.arms[position]
  if (arm === undefined) throw new TypeError(`Experiment "${definition.key}" has no arm at position ${position}`)
  return arm
}
