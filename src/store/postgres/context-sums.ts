// The table `context_sums`. What one writer has added stands in rows of its own. What is stored of
// a part is merged with what is added here, not by the server: so its row is locked in between.
import type { StoredSums } from '../port.ts'
import { statement } from '../scripts/script.ts'
import { type ScoredSnapshot, SumsEntries } from '../sums-entries.ts'
import { columns } from './connection/columns.ts'
import type { Transaction } from './connection/transaction.ts'

/** Of rows that are not there yet: nobody could lock them. */
const CREATE_ROWS = statement(`
  INSERT INTO context_sums (writer, experiment_id, snapshot, part, sums)
  SELECT $1::smallint, added.*, ''::bytea FROM unnest($2::bigint[], $3::integer[], $4::text[]) AS added
  ON CONFLICT (experiment_id, snapshot, part, writer) DO NOTHING`)

const LOCK_ROWS = statement<Pick<StoredSums, 'sums'>>(`
  SELECT kept.sums
  FROM unnest($2::bigint[], $3::integer[], $4::text[]) WITH ORDINALITY AS asked (experiment_id, snapshot, part, place)
  JOIN context_sums AS kept ON kept.experiment_id = asked.experiment_id AND kept.snapshot = asked.snapshot
    AND kept.part = asked.part AND kept.writer = $1::smallint
  ORDER BY asked.place FOR UPDATE OF kept`)

const WRITE_ROWS = statement(`
  UPDATE context_sums AS kept SET sums = added.sums
  FROM unnest($2::bigint[], $3::integer[], $4::text[], $5::bytea[]) AS added (experiment_id, snapshot, part, sums)
  WHERE kept.experiment_id = added.experiment_id AND kept.snapshot = added.snapshot AND kept.part = added.part
    AND kept.writer = $1::smallint`)

/** Of each snapshot once. */
export async function openSums(tx: Transaction, wanted: readonly ScoredSnapshot[]): Promise<SumsEntries> {
  const sums = new SumsEntries()
  const snapshots = new Map(wanted.map(place => [`${place.experimentId}/${place.snapshot}`, place]))
  await Promise.all([...snapshots.values()].map(place => tx.run(sums.open(place))))
  return sums
}

/**
 * Adds what the facts of a transaction come to; to be said before `settle`, and after all else: the
 * rows stay locked until the commit, and all transactions lock them in one order.
 */
export async function settleSums(tx: Transaction, sums: SumsEntries, writer: number): Promise<void> {
  const entries = sums.take()
  if (entries.length === 0) return
  const places = [writer, ...columns(entries, 'experimentId', 'snapshot', 'part')]
  tx.write(CREATE_ROWS, places)
  const stored = await tx.ask(LOCK_ROWS, places)
  const merged = entries.map(({ part, sums }, position) => {
    const before = stored[position]?.sums
    return hexOf(sums.merged(part, before === undefined || before.length === 0 ? null : before))
  })
  tx.write(WRITE_ROWS, [...places, merged])
}

/** As the server reads bytes in a text. */
export function hexOf(bytes: Uint8Array): string {
  return `\\x${Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex')}`
}
