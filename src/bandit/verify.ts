// Proves an experiment's books: recomputes every tally from the assignments and rewards themselves
// and compares. The ledger is kept in the same transaction as the facts it counts, so any
// difference is a defect. Facts that were archived count as what they came to when they went.

import type {
  ArchivedCell,
  AuditedLedger,
  LedgerCell,
  LedgerStore,
  SnapshotHead,
  StoredLedger,
  StoredReward,
  UnitFacts,
} from '../store/port.ts'
import { ContextAudit, type ContextVerification, DRAW_TOLERANCE } from './context/context-audit.ts'
import { chooseArm, drawOf } from './draw.ts'
import type { Experiment } from './experiment/experiment.ts'
import { windowMsOf } from './metrics/metric.ts'
import { clippedSide, isAttributed, isDelayed, outcomeOf } from './metrics/outcome.ts'
import { kindOf } from './metrics/registry.ts'

/** Something that should be as recomputed and is not. */
export interface Discrepancy {
  /** Which cell: `tally visit, snapshot 3, arm mens, units` or `unit u-17, arm`. */
  readonly cell: string
  readonly recomputed: unknown
  readonly kept: unknown
}

export interface Verification {
  readonly units: number
  /** Units that are in an archive, and were not looked at. */
  readonly archived: number
  readonly rewards: number
  readonly cells: number
  readonly discrepancies: readonly Discrepancy[]
  /** Absent without features. */
  readonly contexts?: ContextVerification
}

/**
 * Sums of outcomes that are no whole numbers are added in another order here, so their last digits
 * may differ; counts may not.
 */
const TOLERANCE = 1e-9

/** A broken book may be broken everywhere: no more than so many differences are kept. */
const MOST = 1_000

export async function verify(
  { store }: { store: Pick<LedgerStore, 'audit' | 'findSnapshots' | 'readRule' | 'readSums'> },
  experiment: Experiment,
): Promise<Verification> {
  const contexts = await ContextAudit.begin(store, experiment)
  const audit = new Audit(experiment, contexts)
  const { id, definition } = experiment
  const ledgers = await store.audit(id, definition.metrics.length, (facts, heads) => audit.add(facts, heads))
  const compared = await contexts?.compare(ledgers, audit.expect)
  const verification = audit.compare(ledgers)
  return compared === undefined ? verification : { ...verification, contexts: compared }
}

type Sums = Omit<LedgerCell, 'snapshot' | 'arm'>
const SUMS = ['units', 'sum', 'sumOfSquares', 'rewards', 'delayedRewards', 'unitsAbove', 'unitsBelow'] as const
const NUMBERS = [...SUMS, 'largestOutcome'] as const
type MutableSums = { -readonly [Name in keyof Sums]: number }

/** Takes in units one by one, and recomputes from them what the ledger should be. */
export class Audit {
  readonly #experiment: Experiment
  readonly #contexts: ContextAudit | null
  /** By metric, then by snapshot and arm. */
  readonly #cells: Map<string, MutableSums>[]
  readonly #snapshots = new Map<number, { units: number; lastAssignedAt: number }>()
  readonly #discrepancies: Discrepancy[] = []
  #units = 0
  #archived = 0
  #rewards = 0

  /** `contexts`: null where there are no features, or draws and sums are not to be recomputed. */
  constructor(experiment: Experiment, contexts: ContextAudit | null = null) {
    this.#experiment = experiment
    this.#contexts = contexts
    this.#cells = experiment.definition.metrics.map(() => new Map())
  }

  /** `heads`: all snapshots of the experiment, from the first. */
  add(facts: UnitFacts, heads: readonly SnapshotHead[]): void {
    this.#units += 1
    this.#rewards += facts.rewards.length
    this.#checkDraw(facts, findHead(heads, facts.snapshot))
    this.#countUnits(facts.snapshot, 1, facts.assignedAt)
    const totals = this.#cells.map((_, metricPosition) => this.#addOutcome(facts, metricPosition))
    this.#contexts?.add(facts, totals)
  }

  /** What the units so far come to, by metric. */
  get cells(): ArchivedCell[][] {
    return this.#cells.map(byKey =>
      [...byKey].map(([key, sums]) => {
        const [snapshot = 0, arm = 0] = key.split('/').map(Number)
        return { snapshot, arm, ...sums, lastAssignedAt: this.#snapshots.get(snapshot)?.lastAssignedAt ?? 0 }
      }),
    )
  }

  /** What was found wrong so far. */
  get discrepancies(): readonly Discrepancy[] {
    return this.#discrepancies
  }

  compare(ledgers: readonly AuditedLedger[]): Verification {
    for (const [metricPosition, { archived }] of ledgers.entries()) this.#addArchived(metricPosition, archived)
    for (const [metricPosition, ledger] of ledgers.entries()) this.#compareCells(metricPosition, ledger)
    for (const { number, units, lastAssignedAt } of ledgers[0]?.snapshots ?? []) {
      const recomputed = this.#snapshots.get(number)
      this.expect(`snapshot ${number}, units`, recomputed?.units ?? 0, units)
      this.expect(`snapshot ${number}, lastAssignedAt`, recomputed?.lastAssignedAt ?? null, lastAssignedAt)
    }
    const cells = this.#cells.reduce((sum, byKey) => sum + byKey.size, 0)
    const counts = { units: this.#units, archived: this.#archived, rewards: this.#rewards, cells }
    return { ...counts, discrepancies: this.#discrepancies }
  }

  #addArchived(metricPosition: number, archived: readonly ArchivedCell[]): void {
    const cells = this.#cells[metricPosition]
    for (const { snapshot, arm, lastAssignedAt, ...sums } of archived) {
      const cell = cells?.get(cellKey(snapshot, arm)) ?? emptySums()
      for (const name of SUMS) cell[name] += sums[name]
      cell.largestOutcome = Math.max(cell.largestOutcome, sums.largestOutcome)
      cells?.set(cellKey(snapshot, arm), cell)
      // Every metric counts all units.
      if (metricPosition > 0) continue
      this.#archived += sums.units
      this.#countUnits(snapshot, sums.units, lastAssignedAt)
    }
  }

  #countUnits(number: number, units: number, lastAssignedAt: number): void {
    const snapshot = this.#snapshots.get(number) ?? { units: 0, lastAssignedAt: 0 }
    snapshot.units += units
    snapshot.lastAssignedAt = Math.max(snapshot.lastAssignedAt, lastAssignedAt)
    this.#snapshots.set(number, snapshot)
  }

  #checkDraw(facts: UnitFacts, head: SnapshotHead | undefined): void {
    const { unit, arm, snapshot, propensity } = facts
    if (head === undefined) {
      this.expect(`unit ${unit}, snapshot`, 'one that was taken', snapshot)
      return
    }
    if (this.#experiment.definition.features !== undefined) {
      const drawn = this.#contexts?.draw(facts) ?? null
      if (drawn === null) return
      this.expect(`unit ${unit}, arm`, drawn.arm, arm)
      this.expect(`unit ${unit}, propensity`, drawn.propensity, propensity, DRAW_TOLERANCE)
      return
    }
    const { propensities } = head
    this.expect(`unit ${unit}, arm`, chooseArm(propensities, drawOf(this.#experiment.salt, unit)), arm)
    this.expect(`unit ${unit}, propensity`, propensities[arm] ?? null, propensity)
  }

  /** What the unit's counted rewards sum to. */
  #addOutcome({ unit, arm, snapshot, assignedAt, rewards }: UnitFacts, metricPosition: number): number {
    const metric = this.#experiment.definition.metrics[metricPosition]
    const cells = this.#cells[metricPosition]
    if (metric === undefined || cells === undefined) return 0
    const cell = cells.get(cellKey(snapshot, arm)) ?? emptySums()
    let total = 0
    cell.largestOutcome = Math.max(cell.largestOutcome, Math.abs(outcomeOf(metric, 0)))
    for (const reward of rewards) {
      if (reward.metricPosition !== metricPosition) continue
      this.#checkAttribution(unit, assignedAt, reward, windowMsOf(metric))
      if (reward.isCounted) {
        total += reward.value
        cell.largestOutcome = Math.max(cell.largestOutcome, Math.abs(outcomeOf(metric, total)))
        cell.rewards += 1
        cell.delayedRewards += isDelayed(assignedAt, reward.at) ? 1 : 0
      }
      this.expect(`unit ${unit}, ${metric.key}, total`, total, reward.total)
    }
    const outcome = outcomeOf(metric, total)
    const side = clippedSide(metric, total)
    cell.units += 1
    cell.unitsAbove += side === 'above' ? 1 : 0
    cell.unitsBelow += side === 'below' ? 1 : 0
    cell.sum += outcome
    cell.sumOfSquares += outcome ** 2
    cells.set(cellKey(snapshot, arm), cell)
    return total
  }

  /**
   * A stop ends the counting of a metric without a window, so what is dated after it may have come
   * before or after the stop.
   */
  #checkAttribution(unit: string, assignedAt: number, { at, isCounted }: StoredReward, windowMs: number | null): void {
    const { stoppedAt } = this.#experiment
    if (windowMs === null && stoppedAt !== null && at > stoppedAt) return
    const recomputed = isAttributed({ windowMs, until: null }, assignedAt, at)
    this.expect(`unit ${unit}, reward of ${new Date(at).toISOString()}, counted`, recomputed, isCounted)
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
      for (const name of NUMBERS) {
        const [here, there] = [recomputed.get(key)?.[name] ?? 0, kept.get(key)?.[name] ?? 0]
        const isExact = kindOf(metric).isShare || !name.startsWith('sum')
        this.expect(`${place}, ${name}`, here, there, isExact ? 0 : TOLERANCE)
      }
    }
  }

  /** Notes a discrepancy; `tolerance` is a share of what was recomputed, of 1 at least. */
  readonly expect = (cell: string, recomputed: unknown, kept: unknown, tolerance = 0): void => {
    if (Object.is(recomputed, kept) || this.#discrepancies.length >= MOST) return
    if (typeof recomputed === 'number' && typeof kept === 'number') {
      if (Math.abs(recomputed - kept) <= tolerance * Math.max(1, Math.abs(recomputed))) return
    }
    this.#discrepancies.push({ cell, recomputed, kept })
  }
}

/** They are numbered from 1; only where one is missing the others are not in their places. */
function findHead(heads: readonly SnapshotHead[], number: number): SnapshotHead | undefined {
  const head = heads[number - 1]
  return head?.number === number ? head : heads.find(other => other.number === number)
}

function cellKey(snapshot: number, arm: number): string {
  return `${snapshot}/${arm}`
}

function emptySums(): MutableSums {
  return {
    units: 0,
    sum: 0,
    sumOfSquares: 0,
    rewards: 0,
    delayedRewards: 0,
    unitsAbove: 0,
    unitsBelow: 0,
    largestOutcome: 0,
  }
}
