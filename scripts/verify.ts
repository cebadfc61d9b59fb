// npm run verify: recomputes every tally of every experiment from the facts, and says where the books differ. Exit code 1 if they do.
import { verify } from '../src/bandit/verify.ts'
import { readConfig } from '../src/config.ts'
import { openStore } from '../src/store/open.ts'

try {
  process.loadEnvFile()
} catch {
  // A .env file is a convenience, and there is none.
}

const { databaseUrl } = readConfig({ ...process.env, HOST: '127.0.0.1' })
const store = await openStore(databaseUrl)
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
await store.close()
process.exitCode = differences === 0 ? 0 : 1
