// The experiments as this process knows them, so that a hot request reads nothing from the store
// but the row that decides it.

import type { LedgerStore, NewSnapshot, Snapshot, SnapshotHead, Store, StoredLedger } from '../store/port.ts'
import { ExperimentScoring } from './context/scoring.ts'
import { parseRule, type SnapshotRule } from './context/snapshot-rule.ts'
import { BanditError } from './errors.ts'
import { controlOf, type Experiment, primaryMetricOf } from './experiment/experiment.ts'
import { Growth } from './growth.ts'
import { readKnownLedger } from './known-ledger.ts'
import { type Metric, windowMsOf } from './metrics/metric.ts'
import type { Attribution } from './metrics/outcome.ts'

/** A metric of a live experiment, ready for a reward. */
export interface LiveMetric {
  readonly position: number
  readonly metric: Metric
  readonly attribution: Attribution
}

/**
 * An experiment with what is derived from it once, and its current snapshot (null while it is a
 * draft).
 */
export interface LiveExperiment {
  readonly experiment: Experiment
  readonly snapshot: Snapshot | null
  readonly growth: Growth
  readonly control: number
  readonly metrics: ReadonlyMap<string, LiveMetric>
  /** What the snapshot froze; null without features. */
  readonly rule: SnapshotRule | null
  /** Null without features. */
  readonly scoring: ExperimentScoring | null
}

export class Catalogue {
  readonly #byKey = new Map<string, LiveExperiment>()
  readonly #byMetric = new Map<string, Map<string, LiveExperiment>>()

  /** All that the store has. */
  static async load(
    store: Pick<Store, 'findExperiments' | 'findSnapshots' | 'readLedger' | 'readRule'>,
  ): Promise<Catalogue> {
    const catalogue = new Catalogue()
    for (const experiment of await store.findExperiments()) {
      const { snapshot, growth } = await recall(store, experiment)
      catalogue.keep(experiment, await withRule(store, experiment, snapshot), growth)
    }
    return catalogue
  }

  all(): LiveExperiment[] {
    return [...this.#byKey.values()]
  }

  find(key: string): LiveExperiment | undefined {
    return this.#byKey.get(key)
  }

  /** @throws BanditError `experiment_not_found` */
  get(key: string): LiveExperiment {
    const live = this.#byKey.get(key)
    if (live !== undefined) return live
    throw new BanditError('experiment_not_found', `There is no experiment "${key}"`)
  }

  /** The experiments that have this metric; undefined when none has. */
  withMetric(key: string): Iterable<LiveExperiment> | undefined {
    return this.#byMetric.get(key)?.values()
  }

  /**
   * Takes in an experiment as it is now, in place of what was known of it. Where there are features
   * a snapshot that is not the known one comes with its rule.
   */
  keep(experiment: Experiment, next: NewSnapshot | null, growth: Growth): void {
    const { definition } = experiment
    const before = this.#byKey.get(definition.key)
    if (before !== undefined && before.growth !== growth) growth.succeed(before.growth)
    for (const [key, named] of this.#byMetric)
      if (named.delete(definition.key) && named.size === 0) this.#byMetric.delete(key)
    const metrics = new Map(
      definition.metrics.map((metric, position) => [metric.key, liveMetric(experiment, metric, position)]),
    )
    const { snapshot, rule } = partsOf(next, before)
    const scoring = scoringOf(experiment, before)
    if (snapshot !== null && rule !== null) scoring?.take(snapshot.number, rule)
    const live = { experiment, snapshot, growth, control: controlOf(definition), metrics, rule, scoring }
    this.#byKey.set(definition.key, live)
    for (const key of metrics.keys()) {
      const named = this.#byMetric.get(key) ?? new Map<string, LiveExperiment>()
      this.#byMetric.set(key, named.set(definition.key, live))
    }
  }
}

/** The text of a rule may have 100 KB, and is not kept beside what was read of it. */
function partsOf(
  next: NewSnapshot | null,
  before: LiveExperiment | undefined,
): { readonly snapshot: Snapshot | null; readonly rule: SnapshotRule | null } {
  if (next === null) return { snapshot: null, rule: null }
  const { rule: text, ...snapshot } = next
  if (text !== undefined) return { snapshot, rule: parseRule(text) }
  return { snapshot, rule: before?.snapshot?.number === next.number ? before.rule : null }
}

/** It remembers rules, so it lasts: metrics and control are frozen from the start on. */
function scoringOf({ id, definition }: Experiment, before: LiveExperiment | undefined): ExperimentScoring | null {
  if (definition.features === undefined) return null
  const isFrozen = before?.experiment.id === id && before.experiment.status !== 'draft'
  return (isFrozen ? before.scoring : null) ?? new ExperimentScoring(definition)
}

/** The snapshot with its rule, where there are features. @throws StoreUnavailableError */
export async function withRule(
  store: Pick<LedgerStore, 'readRule'>,
  { id, definition }: Experiment,
  snapshot: Snapshot | null,
): Promise<NewSnapshot | null> {
  if (snapshot === null || definition.features === undefined) return snapshot
  const rule = await store.readRule(id, snapshot.number)
  return rule === null ? snapshot : { ...snapshot, rule }
}

/**
 * Grows with whatever changes in what is shown of an experiment, and never falls while this process
 * lives.
 */
export function revisionOf({ experiment, snapshot, growth }: LiveExperiment): number {
  return experiment.version + (snapshot?.number ?? 0) + growth.facts
}

/** A growth that knows nothing yet, for the primary metric of an experiment. */
export function growthOf(experiment: Experiment, heads: readonly SnapshotHead[] = [], rewards = 0): Growth {
  return new Growth(windowMsOf(primaryMetricOf(experiment.definition)), heads, rewards)
}

/**
 * What the store has of an experiment beside itself: its current snapshot, and how its ledger has
 * grown.
 */
export async function recall(
  store: Pick<LedgerStore, 'readLedger'>,
  experiment: Experiment,
): Promise<Pick<LiveExperiment, 'snapshot' | 'growth'>> {
  const stored = await readKnownLedger(store, experiment, primaryMetricOf(experiment.definition))
  return { snapshot: stored.snapshots.at(-1) ?? null, growth: growthIn(experiment, stored) }
}

/** As far as the ledger of the primary metric has grown. */
export function growthIn(experiment: Experiment, { snapshots, cells }: StoredLedger): Growth {
  const rewards = cells.reduce((sum, cell) => sum + cell.rewards, 0)
  return growthOf(experiment, snapshots, rewards)
}

/**
 * A metric without a window counts until its experiment stops; with one, the window alone decides.
 */
function liveMetric({ stoppedAt }: Experiment, metric: Metric, position: number): LiveMetric {
  const windowMs = windowMsOf(metric)
  return { position, metric, attribution: { windowMs, until: windowMs === null ? stoppedAt : null } }
}
