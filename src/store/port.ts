// What is asked of a database. A store must keep for every command: it is atomic by itself, and no
// transaction crosses this interface; once its promise resolves, what it has written is on disk,
// and so is what `findAssignments` and `readTotals` have read; whatever goes wrong with the engine
// is a StoreUnavailableError with its cause. Arms and metrics go by their positions in the
// definition, instants are ms since 1970.

import type { Key, KeyChange } from '../access/key.ts'
import type { Change, ExperimentState } from '../bandit/experiment/change.ts'
import type { Experiment } from '../bandit/experiment/experiment.ts'
import type { Assignment, StoredRewardStatus } from '../bandit/facts.ts'
import type { Metric } from '../bandit/metrics/metric.ts'
import type { Attribution } from '../bandit/metrics/outcome.ts'
import type { Announcement, DeliveryResult, DueMessage, Message, NewWebhook, Webhook } from '../webhooks/webhook.ts'

export type SnapshotReason = 'start' | 'refresh' | 'change'

/**
 * The policy frozen: from `createdAt` until the next snapshot, units are drawn with these
 * propensities.
 */
export interface Snapshot {
  /** Counts the snapshots of the experiment, from 1. */
  readonly number: number
  /** The version of the experiment that it was taken of. */
  readonly version: number
  readonly reason: SnapshotReason
  readonly createdAt: number
  /** By arm; null where it is not active. */
  readonly propensities: readonly (number | null)[]
  /**
   * Every active arm had a verdict on the primary metric, at this snapshot or an earlier one. It is
   * looked for only while the policy's exploration depends on it, and once true stays so.
   */
  readonly allDecided: boolean
  /** How large the ledger was when it was taken. */
  readonly ledgerSize: LedgerSize
  /**
   * Of an experiment with features: what its units are weighed by in reports, frozen before they
   * came; a few KB of JSON of the bandit's own. Absent without features.
   */
  readonly weights?: string
}

/** A snapshot as it is to be kept. */
export interface NewSnapshot extends Snapshot {
  /**
   * Of an experiment with features: the frozen rule and predictions, as JSON of the bandit's own.
   * It may have 100 KB, so no list of snapshots carries it.
   */
  readonly rule?: string
}

export interface LedgerSize {
  readonly units: number
  /** Rewards of the primary metric that were counted. */
  readonly rewards: number
}

/** A snapshot and when a unit was last assigned under it; null: none was yet. */
export interface SnapshotHead extends Snapshot {
  readonly units: number
  readonly lastAssignedAt: number | null
}

/** One cell of the ledger. */
export interface LedgerCell {
  readonly snapshot: number
  readonly arm: number
  readonly units: number
  readonly sum: number
  readonly sumOfSquares: number
  /** How many rewards were counted into it. */
  readonly rewards: number
  /** How many of these were dated long after the assignment; see `isDelayed`. */
  readonly delayedRewards: number
  /** Units whose present total lies above, or below, the metric's range; see `clippedSide`. */
  readonly unitsAbove: number
  readonly unitsBelow: number
  /**
   * The largest |outcome| that any of its units ever had, after clipping; later corrections do not
   * lower it.
   */
  readonly largestOutcome: number
}

export interface StoredLedger {
  readonly snapshots: readonly SnapshotHead[]
  /** In the order of snapshots, then arms; cells without units are absent. */
  readonly cells: readonly LedgerCell[]
}

/** What a report is computed from, all of it at one instant. */
export interface ReportFacts {
  readonly snapshots: readonly SnapshotHead[]
  /** By metric, in the order asked; of each in the order of snapshots, then arms. */
  readonly cells: readonly (readonly LedgerCell[])[]
  /** Oldest first. */
  readonly changes: readonly Change[]
  /** As `readSums` reads them. */
  readonly sums: readonly StoredSums[]
}

/** What facts that were archived, and are not here any more, came to in one cell. */
export interface ArchivedCell extends LedgerCell {
  /** Of all archived units of the snapshot. */
  readonly lastAssignedAt: number
}

/** A ledger beside what of it only an archive can still tell unit by unit. */
export interface AuditedLedger extends StoredLedger {
  /** In the order of snapshots, then arms. */
  readonly archived: readonly ArchivedCell[]
}

/** Is shown a unit, beside all snapshots of its experiment at that instant. */
export type AuditVisitor = (facts: UnitFacts, snapshots: readonly SnapshotHead[]) => void

/** How an experiment stands in the store, no matter who brought it there. */
export interface Pulse {
  readonly experimentId: number
  readonly version: number
  /** The number of its latest snapshot; 0: it has none. */
  readonly snapshot: number
  readonly units: number
  /** Counted rewards by metric position; a metric beyond the end has none. */
  readonly rewards: readonly number[]
}

/** What is kept of a unit whose experiment has features, as far as its scores need it. */
export interface ScoredUnit {
  readonly arm: number
  readonly propensity: number
  /** The kept values of the features as a JSON list; null: the unit came before there were any. */
  readonly context: string | null
}

/**
 * How the units of an experiment with features are summed beside the tallies: made by the bandit,
 * and pure. A store calls it within the transaction of the fact.
 */
export interface Scoring {
  /** Whether units of the snapshot can be summed; else its rule must be given first. */
  knows(snapshot: number): boolean
  give(snapshot: number, rule: string): void
  /** Empty sums for units of a snapshot that it knows. */
  newSums(snapshot: number): UnitSums
}

/** Sums over units of one snapshot, in named parts. */
export interface UnitSums {
  /** A unit that was assigned just now, and has no rewards yet. */
  addUnit(unit: ScoredUnit): void
  /** A unit whose total of a metric has changed from `before` to `after` by a counted reward. */
  moveUnit(unit: ScoredUnit, metricPosition: number, before: number, after: number): void
  /** The parts to which something was added. */
  readonly parts: readonly string[]
  /** What was added to a part and what is stored of it (null: nothing yet), summed. */
  merged(part: string, stored: Uint8Array | null): Uint8Array
}

/**
 * A part of the sums of a snapshot. Where several writers share a database, there may be several of
 * one snapshot and part; anyone who reads sums them.
 */
export interface StoredSums {
  readonly snapshot: number
  readonly part: string
  readonly sums: Uint8Array
}

/** Units to be given arms under one snapshot. */
export interface Proposal {
  readonly experimentId: number
  readonly snapshot: number
  readonly assignedAt: number
  readonly metrics: readonly Metric[]
  readonly units: readonly ProposedUnit[]
  /** Absent: the experiment has no features. */
  readonly scoring?: Scoring
}

/** A unit, and the arm that it gets unless it has one. */
export interface ProposedUnit {
  readonly unit: string
  readonly arm: number
  readonly propensity: number
  /** See `ScoredUnit`. Absent: the experiment has no features. */
  readonly context?: string
}

/** `isNew`: this very proposal was kept; otherwise the unit had its arm before. */
export interface KeptAssignment extends Assignment {
  readonly isNew: boolean
}

/** A reward for one metric of one experiment. */
export interface RewardEntry {
  readonly experimentId: number
  /** Position of the metric in the definition. */
  readonly metricPosition: number
  readonly metric: Metric
  readonly attribution: Attribution
  readonly unit: string
  readonly value: number
  readonly at: number
  /**
   * `at` is the service's own clock, which may have been set back since: then it counts as at the
   * assignment.
   */
  readonly isDatedHere: boolean
  readonly id: string | null
  /** Absent: the experiment has no features. */
  readonly scoring?: Scoring
}

/** A reward as it was stored. */
export interface StoredReward {
  readonly metricPosition: number
  /** Counts the unit's rewards of the metric, from 1. */
  readonly sequence: number
  readonly value: number
  readonly at: number
  readonly isCounted: boolean
  /** The sum of the unit's counted values up to and including this reward. */
  readonly total: number
  readonly id: string | null
}

/** A unit and what its counted rewards sum to: `totals[m]` for metric `m`. */
export interface UnitTotals extends Assignment {
  /** See `ScoredUnit`. */
  readonly context: string | null
  readonly totals: readonly number[]
}

/** A unit and every reward that was stored for it, by metric, oldest first. */
export interface UnitFacts extends Assignment {
  /** See `ScoredUnit`. */
  readonly context: string | null
  readonly rewards: readonly StoredReward[]
}

/** A key in its next state, with the entry of history that says how it came to it. */
export interface KeptKey {
  readonly key: Key
  readonly change: KeyChange
}

export interface ExperimentStore {
  /** All experiments, oldest first. */
  findExperiments(): Promise<Experiment[]>
  /** A new draft with its first entry of history; null when the key is taken. */
  createExperiment(
    experiment: Pick<Experiment, 'definition' | 'salt' | 'createdAt'>,
    change: Change,
  ): Promise<Experiment | null>
  /**
   * The experiment in its next state and version, with its entry of history and, where given, the
   * snapshot that follows `snapshot.number − 1`; null when somebody else changed the experiment, or
   * took that snapshot, first.
   */
  changeExperiment(
    experiment: Experiment,
    state: ExperimentState,
    change: Change,
    snapshot: NewSnapshot | null,
  ): Promise<Experiment | null>
  /** Oldest first. */
  findChanges(experimentId: number): Promise<Change[]>
}

export interface AssignmentStore {
  /**
   * Keeps each proposed arm unless its unit has one already (first writer wins), counted in the
   * ledger. In the order proposed.
   */
  keepAssignments(proposal: Proposal): Promise<KeptAssignment[]>
  /** In the order asked; null for a unit without one. */
  findAssignments(experimentId: number, units: readonly string[]): Promise<(Assignment | null)[]>
  /** Stores each reward at most once and counts those that are attributed. In the order given. */
  recordRewards(entries: readonly RewardEntry[]): Promise<StoredRewardStatus[]>
  /**
   * At most `limit` units that come after `after` (null: from the first) in the store's own order.
   */
  readTotals(
    experimentId: number,
    page: { readonly after: string | null; readonly limit: number; readonly metricCount: number },
  ): Promise<UnitTotals[]>
}

/** Snapshots, and what the facts come to under each. */
export interface LedgerStore {
  /** The snapshots in order, without their tallies. */
  findSnapshots(experimentId: number): Promise<SnapshotHead[]>
  /**
   * Keeps the snapshot if it is still the next one, of the present version; false when somebody
   * else was first.
   */
  takeSnapshot(experimentId: number, snapshot: NewSnapshot): Promise<boolean>
  /** The rule that a snapshot was kept with; null: none. */
  readRule(experimentId: number, snapshot: number): Promise<string | null>
  /** All sums of an experiment with features, in the order of snapshots, then parts. */
  readSums(experimentId: number): Promise<StoredSums[]>
  /** Snapshots and tallies of one metric, at one instant. */
  readLedger(experimentId: number, metricPosition: number): Promise<StoredLedger>
  /** Snapshots, the tallies of these metrics, and the history, at one instant. */
  readReportFacts(experimentId: number, metricPositions: readonly number[]): Promise<ReportFacts>
  /**
   * Shows every unit to `visit`; resolves to the ledger of each metric as it was at the same
   * instant.
   */
  audit(experimentId: number, metricCount: number, visit: AuditVisitor): Promise<AuditedLedger[]>
  /** Every experiment's pulse; null when nobody else has written since this was last asked. */
  readPulse(): Promise<Pulse[] | null>
}

export interface KeyStore {
  /**
   * Every key that there ever was, oldest first, and the number of the last change to any of them
   * (0: there was none).
   */
  readKeys(): Promise<{ keys: Key[]; lastChange: number }>
  lastKeyChange(): Promise<number>
  /**
   * Keeps keys, new ones and known ones, all of them or, when any key was changed after the change
   * with number `after`, none (false).
   */
  keepKeys(after: number, kept: readonly KeptKey[]): Promise<boolean>
  /** Oldest first. */
  findKeyChanges(): Promise<KeyChange[]>
}

/** Webhooks, what was announced, and the messages that wait. */
export interface WebhookStore {
  /** False when there are `MAX_WEBHOOKS` already, no matter who made them. */
  createWebhook(webhook: NewWebhook): Promise<boolean>
  /** Oldest first. */
  findWebhooks(): Promise<Webhook[]>
  /** With the messages that wait for it; false when there is none. */
  deleteWebhook(id: string): Promise<boolean>
  /** What was announced last of each subject of an experiment. */
  findAnnouncements(experimentId: number): Promise<Announcement[]>
  /**
   * Keeps `announcement` if the subject's last state is still `before` (null: none), and queues the
   * message, if there is one, for each webhook that wants it; else changes nothing: false.
   */
  announce(
    experimentId: number,
    before: string | null,
    announcement: Announcement,
    message: Message | null,
  ): Promise<boolean>
  /** The first message of each webhook that may be tried at `now`, oldest first. */
  findDueMessages(now: number, limit: number): Promise<DueMessage[]>
  /** Puts the webhook's next attempt off until `until`; false when somebody else did so first. */
  claimMessage(message: DueMessage, until: number): Promise<boolean>
  /**
   * Takes the message out when it was delivered; else notes the failure, and drops what is too old.
   */
  settleMessage(message: DueMessage, result: DeliveryResult): Promise<void>
}

export interface Store extends ExperimentStore, AssignmentStore, LedgerStore, KeyStore, WebhookStore {
  /** Fails when the store cannot answer. */
  ping(): Promise<void>
  readSize(): Promise<StoreSize>
  /** How many commands were asked and are not answered. */
  countWaiting(): Promise<number>
  close(): Promise<void>
}

export interface StoreSize {
  readonly databaseBytes: number
  /** Of the log of what is not yet in the database itself. */
  readonly logBytes: number
}

/** One commit: how long it took, and how many commands shared it. */
export interface Commit {
  readonly ms: number
  readonly commands: number
}
