// The ledger of a connection: entries of the transaction under way, the tables, and the copy of
// these in memory.
import type Database from 'better-sqlite3'
import { type CellChange, type CellPlace, LedgerEntries, type UnitsEntry } from '../ledger-entries.ts'
import type { Pulse, Snapshot, SnapshotHead, StoredLedger } from '../port.ts'
import { LedgerCopy } from './ledger-copy.ts'
import { LedgerTable } from './ledger-table.ts'

export class Ledger {
  readonly #table: LedgerTable
  readonly #copy: LedgerCopy
  readonly #entries = new LedgerEntries()
  readonly #dataVersionNow: Database.Statement<[], number>
  #dataVersion: unknown = null
  #pulseVersion: unknown = null

  constructor(db: Database.Database) {
    this.#dataVersionNow = db.prepare<[], number>('PRAGMA data_version').pluck()
    this.#table = new LedgerTable(db)
    this.#copy = new LedgerCopy(this.#table)
  }

  /**
   * False, and nothing changed, when the snapshot is not of the present version or does not follow
   * the latest one.
   */
  insertSnapshot(experimentId: number, snapshot: Snapshot): boolean {
    const isNext = this.#table.insertSnapshot(experimentId, snapshot)
    if (isNext) this.#copy.followSnapshot(experimentId, snapshot)
    return isNext
  }

  addUnits(entry: UnitsEntry): void {
    this.#entries.addUnits(entry)
  }

  addToCell(place: CellPlace, change: CellChange): void {
    this.#entries.addToCell({ place, change })
  }

  /** Writes what was added. Called before each commit. */
  settle(): void {
    const { cells, units } = this.#entries.take()
    for (const entry of units) {
      this.#table.addUnits(entry)
      this.#copy.followUnits(entry)
    }
    for (const entry of cells) this.#copy.followCell(entry.place, this.#table.addToCell(entry))
  }

  /** What was added is not to be written, and what the copy followed was undone. */
  forget(): void {
    this.#entries.clear()
    this.#copy.forget()
  }

  heads(experimentId: number): SnapshotHead[] {
    this.#catchUp()
    return this.#copy.heads(experimentId)
  }

  read(experimentId: number, metricPosition: number): StoredLedger {
    this.#catchUp()
    return this.#copy.read(experimentId, metricPosition)
  }

  /** Null when no other connection has written since the last time. */
  readPulse(): Pulse[] | null {
    const dataVersion = this.#readDataVersion()
    if (dataVersion === this.#pulseVersion) return null
    this.#pulseVersion = dataVersion
    return this.#table.readPulse()
  }

  /** Other connections may have written. */
  #catchUp(): void {
    const dataVersion = this.#readDataVersion()
    if (dataVersion !== this.#dataVersion) this.#copy.forget()
    this.#dataVersion = dataVersion
  }

  /** A number that is another one whenever another connection has written. */
  #readDataVersion(): unknown {
    return this.#dataVersionNow.get()
  }
}
