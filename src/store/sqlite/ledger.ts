// The ledger of a connection: entries of the transaction under way, the tables `snapshots`,
// `tallies` and `context_sums`, and a copy of the first two in memory. The copy follows every write
// of this connection, so that reading a ledger costs no rows: a report, and the refreshing of 200
// arms, stay as cheap at a billion units as at a thousand.
import type Database from 'better-sqlite3'
import { type CellEntry, LedgerEntries, type UnitsEntry } from '../ledger-entries.ts'
import type { LedgerCell, NewSnapshot, Pulse, SnapshotHead, StoredLedger } from '../port.ts'
import { type PartEntry, SumsEntries } from '../sums-entries.ts'
import { ADD_TO_CELL, ADD_UNITS, FIND_SUMS, findCells, findSnapshots, KEEP_SUMS, readPulse } from './ledger-table.ts'
import type { ScriptRunner } from './script-runner.ts'

/** The cells of one metric, by snapshot and then by arm. */
type Cells = Map<number, LedgerCell[]>

type SumsKey = Omit<PartEntry, 'sums'>

interface Copy {
  /** In order, and without gaps: snapshot `n` stands at `n − 1`. */
  readonly heads: SnapshotHead[]
  /** By metric, once it was read. */
  readonly cells: Map<number, Cells>
}

export class Ledger {
  /** Of the transaction under way. */
  readonly entries = new LedgerEntries()
  readonly sums = new SumsEntries()
  readonly #scripts: ScriptRunner
  readonly #addUnits: Database.Statement<[UnitsEntry]>
  readonly #addToCell: Database.Statement<[CellEntry], LedgerCell>
  readonly #findSums: Database.Statement<[SumsKey], Uint8Array>
  readonly #keepSums: Database.Statement<[SumsKey & { readonly bytes: Uint8Array }]>
  /** By experiment. */
  readonly #copies = new Map<number, Copy>()
  readonly #readDataVersion: Database.Statement<[], number>
  #dataVersion: unknown = null
  #pulseVersion: unknown = null

  constructor(db: Database.Database, scripts: ScriptRunner) {
    this.#scripts = scripts
    this.#addUnits = db.prepare(ADD_UNITS)
    this.#addToCell = db.prepare(ADD_TO_CELL)
    this.#findSums = db.prepare<[SumsKey], Uint8Array>(FIND_SUMS).pluck()
    this.#keepSums = db.prepare(KEEP_SUMS)
    this.#readDataVersion = db.prepare<[], number>('PRAGMA data_version').pluck()
  }

  /** Writes the entries. Called before each commit. */
  flush(): void {
    const { cells, units } = this.entries.take()
    for (const entry of units) {
      this.#addUnits.run(entry)
      this.#copyUnits(entry)
    }
    for (const entry of cells) this.#copyCell(entry, this.#addToCell.get(entry) as LedgerCell)
    for (const { sums, ...place } of this.sums.take()) {
      const bytes = sums.merged(place.part, this.#findSums.get(place) ?? null)
      this.#keepSums.run({ ...place, bytes })
    }
  }

  /** The entries are not to be written, and what the copy followed was undone. */
  forget(): void {
    this.entries.clear()
    this.sums.clear()
    this.#copies.clear()
  }

  /** The copy follows a snapshot that was just written; its rule is not in the copy. */
  copySnapshot(experimentId: number, { rule: _, ...snapshot }: NewSnapshot): void {
    this.#copies.get(experimentId)?.heads.push({ ...snapshot, units: 0, lastAssignedAt: null })
  }

  findSnapshots(experimentId: number): SnapshotHead[] {
    return [...this.#copyOf(experimentId).heads]
  }

  read(experimentId: number, metricPosition: number): StoredLedger {
    const copy = this.#copyOf(experimentId)
    const cells = copy.cells.get(metricPosition) ?? this.#readCells(experimentId, metricPosition)
    copy.cells.set(metricPosition, cells)
    return {
      snapshots: [...copy.heads],
      cells: copy.heads.flatMap(({ number }) => cells.get(number)?.filter(Boolean) ?? []),
    }
  }

  /** Null when no other connection has written since the last time. */
  readPulse(): Pulse[] | null {
    const dataVersion = this.#readDataVersion.get()
    if (dataVersion === this.#pulseVersion) return null
    this.#pulseVersion = dataVersion
    return this.#scripts.run(readPulse())
  }

  #readCells(experimentId: number, metricPosition: number): Cells {
    const cells: Cells = new Map()
    for (const cell of this.#scripts.run(findCells(experimentId, metricPosition))) keepCell(cells, cell)
    return cells
  }

  #copyUnits({ experimentId, snapshot, units, assignedAt }: UnitsEntry): void {
    const heads = this.#copies.get(experimentId)?.heads
    const head = heads?.[snapshot - 1]
    if (heads === undefined || head === undefined) return
    const lastAssignedAt = Math.max(head.lastAssignedAt ?? 0, assignedAt)
    heads[snapshot - 1] = { ...head, units: head.units + units, lastAssignedAt }
  }

  #copyCell({ experimentId, metricPosition }: CellEntry, cell: LedgerCell): void {
    const copied = this.#copies.get(experimentId)?.cells.get(metricPosition)
    if (copied !== undefined) keepCell(copied, cell)
  }

  /** Read anew where another connection has written: then `data_version` is another number. */
  #copyOf(experimentId: number): Copy {
    const dataVersion = this.#readDataVersion.get()
    if (dataVersion !== this.#dataVersion) this.#copies.clear()
    this.#dataVersion = dataVersion
    const copy = this.#copies.get(experimentId) ?? {
      heads: this.#scripts.run(findSnapshots(experimentId)),
      cells: new Map(),
    }
    this.#copies.set(experimentId, copy)
    return copy
  }
}

function keepCell(cells: Cells, cell: LedgerCell): void {
  const row = cells.get(cell.snapshot) ?? []
  row[cell.arm] = cell
  cells.set(cell.snapshot, row)
}
