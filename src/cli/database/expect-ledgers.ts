// The proof that a ledger is right, without which no database is copied, restored or archived.
import type { Experiment } from '../../bandit/experiment/experiment.ts'
import { type Discrepancy, verify } from '../../bandit/verify.ts'
import { openStore } from '../../store/open.ts'
import type { Store } from '../../store/port.ts'
import { Failure } from '../terminal/failure.ts'

/**
 * Opens the database as a service does, which brings an older schema up to date, and recomputes
 * every ledger. Answers how many experiments there are.
 *
 * @throws Failure where a ledger differs, DatabaseError, StoreUnavailableError, SqliteError
 */
export async function expectLedgers(url: string, signal?: AbortSignal): Promise<number> {
  const store = await openStore(url)
  try {
    const experiments = await store.findExperiments()
    for (const experiment of experiments) {
      signal?.throwIfAborted()
      await expectLedger(store, experiment)
    }
    return experiments.length
  } finally {
    await store.close()
  }
}

/** @throws Failure for the first cell that differs */
export async function expectLedger(
  store: Pick<Store, 'audit' | 'findSnapshots' | 'readRule' | 'readSums'>,
  experiment: Experiment,
): Promise<void> {
  const [first] = (await verify({ store }, experiment)).discrepancies
  if (first === undefined) return
  const { key } = experiment.definition
  throw new Failure(`the ledger of "${key}" differs from its facts: ${discrepancyText(first)}`)
}

export function discrepancyText({ cell, recomputed, kept }: Discrepancy): string {
  return `${cell}: recomputed ${JSON.stringify(recomputed)}, kept ${JSON.stringify(kept)}`
}
