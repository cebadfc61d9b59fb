// The ledger in memory. It follows every write of this connection, so reading a ledger costs no
// rows: what keeps a report, and the refreshing of 200 arms, as cheap at a billion units as at a
// thousand.

import type { CellPlace, UnitsEntry } from '../ledger-entries.ts'
import type { LedgerCell, Snapshot, SnapshotHead, StoredLedger } from '../port.ts'
import type { LedgerTable } from './ledger-table.ts'

/** The cells of one metric, by snapshot and then by arm. */
type Cells = Map<number, LedgerCell[]>

interface Copy {
  /** In order, and without gaps: snapshot `n` stands at `n − 1`. */
  readonly heads: SnapshotHead[]
  readonly cells: Map<number, Cells>
}

export class LedgerCopy {
  readonly #table: LedgerTable
  readonly #copies = new Map<number, Copy>()

  constructor(table: LedgerTable) {
    this.#table = table
  }

  heads(experimentId: number): SnapshotHead[] {
    return [...this.#copyOf(experimentId).heads]
  }

  read(experimentId: number, metricPosition: number): StoredLedger {
    const copy = this.#copyOf(experimentId)
    const cells = copy.cells.get(metricPosition) ?? this.#load(experimentId, metricPosition)
    copy.cells.set(metricPosition, cells)
    return {
      snapshots: [...copy.heads],
      cells: copy.heads.flatMap(({ number }) => cells.get(number)?.filter(Boolean) ?? []),
    }
  }

  followSnapshot(experimentId: number, snapshot: Snapshot): void {
    this.#copies.get(experimentId)?.heads.push({ ...snapshot, units: 0, lastAssignedAt: null })
  }

  followUnits({ experimentId, snapshot, units, assignedAt }: UnitsEntry): void {
    const heads = this.#copies.get(experimentId)?.heads
    const head = heads?.[snapshot - 1]
    if (heads === undefined || head === undefined) return
    const lastAssignedAt = Math.max(head.lastAssignedAt ?? 0, assignedAt)
    heads[snapshot - 1] = { ...head, units: head.units + units, lastAssignedAt }
  }

  followCell({ experimentId, metricPosition, snapshot, arm }: CellPlace, cell: LedgerCell): void {
    const cells = this.#copies.get(experimentId)?.cells.get(metricPosition)
    if (cells === undefined) return
    const row = cells.get(snapshot) ?? []
    row[arm] = cell
    cells.set(snapshot, row)
  }

  /** Drops the copies: what they follow was undone, or somebody else has written. */
  forget(): void {
    this.#copies.clear()
  }

  #copyOf(experimentId: number): Copy {
    const copy = this.#copies.get(experimentId) ?? {
      heads: this.#table.findSnapshots(experimentId),
      cells: new Map<number, Cells>(),
    }
    this.#copies.set(experimentId, copy)
    return copy
  }

  #load(experimentId: number, metricPosition: number): Cells {
    const cells: Cells = new Map()
    for (const cell of this.#table.findCells(experimentId, metricPosition)) {
      const row = cells.get(cell.snapshot) ?? []
      row[cell.arm] = cell
      cells.set(cell.snapshot, row)
    }
    return cells
  }
}
