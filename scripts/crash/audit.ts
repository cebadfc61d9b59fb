// Recomputes the books from the file itself, while no service has it open.
import { verify } from '../../src/bandit/verify.ts'
import { openStore } from '../../src/store/open.ts'
import type { ClientRecord } from './record.ts'

/** Every difference that `verify` finds is a loss. */
export async function audit(databasePath: string, record: ClientRecord): Promise<void> {
  const store = await openStore(`sqlite:${databasePath}`)
  try {
    for (const experiment of await store.findExperiments()) {
      const { discrepancies } = await verify({ store }, experiment)
      for (const { cell, recomputed, kept } of discrepancies) {
        record.lose(`verify: ${cell}: recomputed ${JSON.stringify(recomputed)}, kept ${JSON.stringify(kept)}`)
      }
    }
  } finally {
    await store.close()
  }
}
