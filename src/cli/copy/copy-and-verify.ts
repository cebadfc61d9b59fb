// Copies a database and verifies the copy.
import { verify } from '../../bandit/verify.ts'
import { type CopyOptions, copyStore, type RowCounts } from '../../store/copy/copy.ts'
import { openStore } from '../../store/open.ts'
import { Failure } from '../terminal/failure.ts'

export interface CopyAndVerifyOptions extends CopyOptions {
  /** Called with the rows of each table when all is copied. */
  readonly onCopied?: (counts: RowCounts) => void
}

/**
 * Copies, recomputes the ledger of each experiment in the target from the facts there, and answers
 * how many experiments there are.
 *
 * @throws Failure where a ledger differs, DatabaseError, StoreUnavailableError, SqliteError
 */
export async function copyAndVerify({ onCopied, ...copying }: CopyAndVerifyOptions): Promise<number> {
  const counts = await copyStore(copying)
  onCopied?.(counts)
  const store = await openStore(copying.to)
  try {
    const experiments = await store.findExperiments()
    for (const experiment of experiments) {
      copying.signal?.throwIfAborted()
      const [first] = (await verify({ store }, experiment)).discrepancies
      if (first === undefined) continue
      const { cell, recomputed, kept } = first
      const difference = `${cell}: recomputed ${JSON.stringify(recomputed)}, kept ${JSON.stringify(kept)}`
      throw new Failure(
        `all rows are there, but the ledger of "${experiment.definition.key}" does not match its facts: ${difference}`,
      )
    }
    return experiments.length
  } finally {
    await store.close()
  }
}
