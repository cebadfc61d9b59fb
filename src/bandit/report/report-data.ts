// What a report is made of: the numbers on one metric, arm by arm.
import type { Effects, Lift, Verdict } from '../../stats/lift/lift.ts'
import type { SampleRatio } from '../../stats/sample-ratio.ts'
import type { Status } from '../experiment/experiment.ts'
import type { Metric } from '../metrics/metric.ts'
import type { ClippedUnits, Clipping } from './clipping.ts'
import type { MissingRewards } from './missing-rewards.ts'
import type { Silence } from './silence.ts'

/** Ends of an interval around a mean; null: unbounded, or not known. */
export interface MeanInterval {
  readonly mean: number | null
  readonly lower: number | null
  readonly upper: number | null
}

/**
 * Until an interval says something, the number of units, over all arms, that usually suffices for
 * it; else null.
 */
export interface Earliness {
  readonly sufficientUnits: number | null
}

/**
 * The confidence sequence of an arm's mean. It is too early for it while it covers the whole range
 * of the metric.
 */
export interface MeanEstimate extends MeanInterval, Earliness {
  /** As the scores gave it: it may lie where no outcome can. */
  readonly rawEstimate: number | null
}

/**
 * It is too early for a lift while it covers all that is possible, or one of its two means does.
 */
export interface ArmLift extends Lift, Earliness {}

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
  /** Units whose window is still open; they are not among `units`. */
  readonly immatureUnits: number
  /** Among both. */
  readonly clippedUnits: ClippedUnits
  /** Units with an outcome of 1; null where outcomes are not 0 or 1. */
  readonly successes: number | null
  readonly sum: number
  readonly mean: number | null
  /** The share of new units that it gets now; null while it gets none. */
  readonly propensity: number | null
  /** The confidence sequence of its mean: valid at every look. */
  readonly estimate: MeanEstimate
  /** Over the control; null for the control itself. */
  readonly lift: ArmLift | null
}

/**
 * Read off the interval of the lift: `harmed` when it lies wholly beyond the margin, `safe` when
 * wholly on the good side of it.
 */
export type GuardrailVerdict = 'harmed' | 'safe' | 'undecided'

/** A lift without a verdict of its own: what counts of a guardrail is its margin. */
export type GuardrailLift = Omit<ArmLift, 'verdict'>

export interface GuardrailFinding {
  readonly metric: Metric
  readonly arm: string
  readonly margin: number
  readonly verdict: GuardrailVerdict
  readonly lift: GuardrailLift
  /** There are units, and every one is still within the window of the metric. */
  readonly isWithinWindow: boolean
}

/**
 * How much better an arm is than another one, among those that beat the control: a confidence
 * sequence.
 */
export interface PairLift {
  readonly arm: string
  readonly over: string
  readonly lower: number | null
  readonly upper: number | null
  readonly verdict: Verdict
}

/** The numbers on one metric, before anything is made of them. */
export interface ReportData {
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
  /** On the primary metric those of all guardrails, on a guardrail its own, else none. */
  readonly guardrails: readonly GuardrailFinding[]
  /** Of each arm on this metric and, on the primary one, on each guardrail. */
  readonly clippings: readonly Clipping[]
  /**
   * Arms without any reward while others have theirs; on the primary metric for each guardrail,
   * too.
   */
  readonly missing: readonly MissingRewards[]
  /** Null while rewards come; and on other metrics than the primary one. */
  readonly silence: Silence | null
  /**
   * How long the experiment runs at least, as `7d`, and until when (ms since 1970); null: as short
   * as one likes.
   */
  readonly minDuration: { readonly text: string; readonly until: number } | null
  /**
   * On the primary metric: of the best of several active arms that are better than the control,
   * over each of the others.
   */
  readonly pairs: readonly PairLift[]
}

/**
 * `ship`: give one arm to everybody. `choose`: several arms beat the control, and which is best is
 * open. `retire`: take arms out. `keep`: the control, since all others are worse. `continue`: wait.
 * `investigate`: trust no number before the cause is found.
 */
export const ACTIONS = ['ship', 'choose', 'retire', 'keep', 'continue', 'investigate', 'stopped'] as const
export type Action = (typeof ACTIONS)[number]

export interface Recommendation {
  readonly action: Action
  /** The one arm that it is about; null where there are several or none. */
  readonly arm: string | null
  /** All arms that it is about. */
  readonly arms: readonly string[]
  /** A plain sentence or two. */
  readonly why: string
}

/** The numbers, what to do about them, and what to keep in mind. */
export interface Report extends ReportData {
  /** Null on a metric that is not the primary one: decisions rest on that. */
  readonly recommendation: Recommendation | null
  /** What is missing, immature or unbounded, and why: plain sentences. */
  readonly notes: readonly string[]
  /** By key: what a section has found beyond these; see `ReportSection`. */
  readonly parts: Readonly<Record<string, unknown>>
}
