// npm run verify: recomputes every tally of every experiment from the facts, and says where the books differ. Exit code 1 if they do.
import { existsSync } from 'node:fs'
import { StoreUnavailableError } from '../src/bandit/errors.ts'
import type { Store } from '../src/bandit/store.ts'
import { verify } from '../src/bandit/verify.ts'
import { readConfig } from '../src/config.ts'
import { DatabaseError } from '../src/store/database-error.ts'
import { openStore } from '../src/store/open.ts'
import { Failure, runScript } from './terminal/failure.ts'

await runScript(async () => {
  if (existsSync('.env')) process.loadEnvFile()
  const { databaseUrl } = readConfig({ ...process.env, HOST: '127.0.0.1' })
  const [engine, path = ''] = databaseUrl.split(/:(.*)/s)
  if (engine === 'sqlite' && !existsSync(path))
    throw new Failure(`Cannot verify ${databaseUrl}: there is no such file; DATABASE_URL names it`)
  try {
    const store = await openStore(databaseUrl)
    const differences = await verifyAll(store)
    await store.close()
    process.exitCode = differences === 0 ? 0 : 1
  } catch (error) {
    if (error instanceof DatabaseError) throw new Failure(error.message)
    if (error instanceof StoreUnavailableError)
      throw new Failure(`Cannot verify the database: ${(error.cause as Error).message}`)
    throw error
  }
})

async function verifyAll(store: Store): Promise<number> {
  let differences = 0
  for (const experiment of await store.findExperiments()) {
    const { units, rewards, cells, discrepancies } = await verify({ store }, experiment)
    const counts = `${units} units, ${rewards} rewards, ${cells} cells`
    const verdict = discrepancies.length === 0 ? 'no difference' : `${discrepancies.length} DIFFERENCES`
    process.stdout.write(`${experiment.definition.key}: ${counts}: ${verdict}\n`)
    for (const { cell, recomputed, kept } of discrepancies) {
      process.stdout.write(`  ${cell}: recomputed ${JSON.stringify(recomputed)}, kept ${JSON.stringify(kept)}\n`)
    }
    differences += discrepancies.length
  }
  return differences
}
