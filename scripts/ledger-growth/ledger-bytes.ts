// What the ledger takes in PostgreSQL, tables and indexes.

/** Measured at 10⁶ units, where one process writes (docs/operate/scaling.md). */
const BYTES = { snapshot: 310, batch: 530, tally: 970 } as const

/** Each writer has rows of its own, of 16 at the most. */
const MOST_WRITERS = 16

export interface LedgerShape {
  readonly arms: number
  readonly metrics: number
  /** Processes. */
  readonly writers: number
}

export function ledgerBytes(snapshots: number, { arms, metrics, writers }: LedgerShape): number {
  return snapshots * (BYTES.snapshot + Math.min(writers, MOST_WRITERS) * (BYTES.batch + arms * metrics * BYTES.tally))
}
