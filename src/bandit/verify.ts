// Proves an experiment's books: recomputes every tally from the assignments and rewards themselves and compares. The ledger is
// kept in the same transaction as the facts it counts, so any difference is a defect.
import { chooseArm, drawOf } from './draw.ts'
import type { Experiment } from './experiment.ts'
import { windowMsOf } from './metric.ts'
import { isAttributed, isDelayed, outcomeOf } from './outcome.ts'
import type { LedgerCell, SnapshotHead, Store, StoredLedger, StoredReward, UnitFacts } from './store.ts'

/** Something that should be as recomputed and is not. */
export interface Discrepancy {
  /** Which cell: `tally visit, snapshot 3, arm mens, units` or `unit u-17, arm`. */
  readonly cell: string
  readonly recomputed: unknown
  readonly kept: unknown
}

export interface Verification {
  readonly units: number
  readonly rewards: number
  readonly cells: number
  readonly discrepancies: readonly Discrepancy[]
}

/** Sums of continuous outcomes are added in another order here, so their last digits may differ; counts may not. */
const TOLERANCE = 1e-9

/** A broken book may be broken everywhere: no more than so many differences are kept. */
const MOST = 1_000

export async function verify(
  { store }: { store: Pick<Store, 'audit' | 'findSnapshots'> },
  experiment: Experiment,
): Promise<Verification> {
  const audit = new Audit(experiment, await store.findSnapshots(experiment.id))
  const ledgers = await store.audit(experiment.id, experiment.definition.metrics.length, facts => audit.add(facts))
  return audit.compare(ledgers)
}

type Sums = Omit<LedgerCell, 'snapshot' | 'arm'>
type MutableSums = { -readonly [Name in keyof Sums]: number }

class Audit {
  readonly #experiment: Experiment
  readonly #propensities: Map<number, SnapshotHead['propensities']>
  /** By metric, then by snapshot and arm. */
  readonly #cells: Map<string, MutableSums>[]
  readonly #snapshots = new Map<number, { units: number; lastAssignedAt: number }>()
  readonly #discrepancies: Discrepancy[] = []
  #units = 0
  #rewards = 0

  constructor(experiment: Experiment, heads: readonly SnapshotHead[]) {
    this.#experiment = experiment
    this.#propensities = new Map(heads.map(({ number, propensities }) => [number, propensities]))
    this.#cells = experiment.definition.metrics.map(() => new Map())
  }

  add(facts: UnitFacts): void {
    this.#units += 1
    this.#rewards += facts.rewards.length
    this.#checkDraw(facts)
    const snapshot = this.#snapshots.get(facts.snapshot) ?? { units: 0, lastAssignedAt: 0 }
    snapshot.units += 1
    snapshot.lastAssignedAt = Math.max(snapshot.lastAssignedAt, facts.assignedAt)
    this.#snapshots.set(facts.snapshot, snapshot)
    for (const metricPosition of this.#cells.keys()) this.#addOutcome(facts, metricPosition)
  }

  compare(ledgers: readonly StoredLedger[]): Verification {
    for (const [metricPosition, ledger] of ledgers.entries()) this.#compareCells(metricPosition, ledger)
    for (const { number, units, lastAssignedAt } of ledgers[0]?.snapshots ?? []) {
      const recomputed = this.#snapshots.get(number)
      this.#expect(`snapshot ${number}, units`, recomputed?.units ?? 0, units)
      this.#expect(`snapshot ${number}, lastAssignedAt`, recomputed?.lastAssignedAt ?? null, lastAssignedAt)
    }
    const cells = this.#cells.reduce((sum, byKey) => sum + byKey.size, 0)
    return { units: this.#units, rewards: this.#rewards, cells, discrepancies: this.#discrepancies }
  }

  #checkDraw({ unit, arm, snapshot, propensity }: UnitFacts): void {
    const propensities = this.#propensities.get(snapshot)
    if (propensities === undefined) {
      this.#expect(`unit ${unit}, snapshot`, 'one that was taken', snapshot)
      return
    }
    this.#expect(`unit ${unit}, arm`, chooseArm(propensities, drawOf(this.#experiment.salt, unit)), arm)
    this.#expect(`unit ${unit}, propensity`, propensities[arm] ?? null, propensity)
  }

  #addOutcome({ unit, arm, snapshot, assignedAt, rewards }: UnitFacts, metricPosition: number): void {
    const metric = this.#experiment.definition.metrics[metricPosition]
    const cells = this.#cells[metricPosition]
    if (metric === undefined || cells === undefined) return
    const cell = cells.get(cellKey(snapshot, arm)) ?? {
      units: 0,
      sum: 0,
      sumOfSquares: 0,
      rewards: 0,
      delayedRewards: 0,
    }
    let total = 0
    for (const reward of rewards) {
      if (reward.metricPosition !== metricPosition) continue
      this.#checkAttribution(unit, assignedAt, reward, windowMsOf(metric))
      if (reward.isCounted) {
        total += reward.value
        cell.rewards += 1
        cell.delayedRewards += isDelayed(assignedAt, reward.at) ? 1 : 0
      }
      this.#expect(`unit ${unit}, ${metric.key}, total`, total, reward.total)
    }
    const outcome = outcomeOf(metric, total)
    cell.units += 1
    cell.sum += outcome
    cell.sumOfSquares += outcome ** 2
    cells.set(cellKey(snapshot, arm), cell)
  }

  /** A stop ends the counting of a metric without a window, so what is dated after it may have come before or after the stop. */
  #checkAttribution(unit: string, assignedAt: number, { at, isCounted }: StoredReward, windowMs: number | null): void {
    const { stoppedAt } = this.#experiment
    if (windowMs === null && stoppedAt !== null && at > stoppedAt) return
    const recomputed = isAttributed({ windowMs, until: null }, assignedAt, at)
    this.#expect(`unit ${unit}, reward of ${new Date(at).toISOString()}, counted`, recomputed, isCounted)
  }

  #compareCells(metricPosition: number, { cells }: StoredLedger): void {
    const { definition } = this.#experiment
    const metric = definition.metrics[metricPosition]
    const recomputed = this.#cells[metricPosition]
    if (metric === undefined || recomputed === undefined) return
    const kept = new Map(cells.map(({ snapshot, arm, ...sums }) => [cellKey(snapshot, arm), sums]))
    for (const key of new Set([...recomputed.keys(), ...kept.keys()])) {
      const [snapshot, arm] = key.split('/').map(Number)
      const place = `tally ${metric.key}, snapshot ${snapshot}, arm ${definition.arms[arm as number]?.key ?? arm}`
      for (const name of ['units', 'sum', 'sumOfSquares', 'rewards', 'delayedRewards'] as const) {
        const [here, there] = [recomputed.get(key)?.[name] ?? 0, kept.get(key)?.[name] ?? 0]
        const isExact = metric.type === 'binary' || !name.startsWith('sum')
        this.#expect(`${place}, ${name}`, here, there, isExact ? 0 : TOLERANCE)
      }
    }
  }

  #expect(cell: string, recomputed: unknown, kept: unknown, tolerance = 0): void {
    if (Object.is(recomputed, kept) || this.#discrepancies.length >= MOST) return
    if (typeof recomputed === 'number' && typeof kept === 'number') {
      if (Math.abs(recomputed - kept) <= tolerance * Math.max(1, Math.abs(recomputed))) return
    }
    this.#discrepancies.push({ cell, recomputed, kept })
  }
}

function cellKey(snapshot: number, arm: number): string {
  return `${snapshot}/${arm}`
}
