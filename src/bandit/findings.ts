// What a report is made of: the numbers on one metric, arm by arm.
import type { Effects, Lift } from '../stats/lift.ts'
import type { SampleRatio } from '../stats/sample-ratio.ts'
import type { Status } from './experiment.ts'
import type { GuardrailFinding } from './guardrail.ts'
import type { Metric } from './metric.ts'

/** Ends of an interval around a mean; null: unbounded, or not known. */
export interface MeanInterval {
  readonly mean: number | null
  readonly lower: number | null
  readonly upper: number | null
}

/** Where an arm stands in the policy's belief. */
export interface Standing {
  /** A 95 % credible interval, from effective counts. No evidence. */
  readonly posterior: MeanInterval | null
  readonly probabilityBest: number | null
  /** Null for the control itself, and where it is not active. */
  readonly probabilityBeatsControl: number | null
  readonly expectedLoss: number | null
}

export interface ArmReport extends Standing {
  readonly arm: string
  readonly isControl: boolean
  readonly status: 'active' | 'retired'
  /** Mature units, and what they showed. */
  readonly units: number
  /** Units with an outcome of 1; null for a continuous metric. */
  readonly successes: number | null
  readonly sum: number
  readonly mean: number | null
  /** The share of new units that it gets now; null while it gets none. */
  readonly propensity: number | null
  /** The confidence sequence of its mean: valid at every look. */
  readonly estimate: MeanInterval
  /** Over the control; null for the control itself. */
  readonly lift: Lift | null
}

/** The findings on one metric, before anything is made of them. */
export interface Findings {
  readonly experiment: string
  readonly description: string
  readonly status: Status
  readonly version: number
  readonly winner: string | null
  /** Instants, ms since 1970. */
  readonly generatedAt: number
  readonly startedAt: number | null
  readonly metric: Metric
  readonly control: string
  /** All units, those whose window is still open included. */
  readonly units: number
  readonly immatureUnits: number
  readonly snapshots: number
  readonly alpha: number
  readonly arms: readonly ArmReport[]
  /** What the policy earned per unit over giving everyone the control. */
  readonly policyLift: Effects['policyLift']
  readonly sampleRatio: SampleRatio
  readonly guardrails: readonly GuardrailFinding[]
}
