// npm run verify: recomputes every tally of every experiment from the facts, and says where the books differ. Exit code 1 if they do.
// `-- --archive FOLDER` looks for every file that facts have gone to, and compares its bytes with what was noted of them.
import type { Experiment } from '../src/bandit/experiment.ts'
import type { Store } from '../src/bandit/store.ts'
import { verify } from '../src/bandit/verify.ts'
import { openArchive } from '../src/store/archive.ts'
import { openStore } from '../src/store/open.ts'
import { faultsInArchive } from './archive/faults-in-archive.ts'
import { readArguments } from './terminal/arguments.ts'
import { databaseUrl } from './terminal/database-url.ts'
import { runScript } from './terminal/failure.ts'
import { tellFailure } from './terminal/tell-failure.ts'

await runScript(async () => {
  const { values } = readArguments({ archive: { type: 'string' } })
  const url = databaseUrl()
  const differences = await tellFailure('Cannot verify the database', async () => {
    const store = await openStore(url)
    try {
      const experiments = await store.findExperiments()
      const found = await verifyAll(store, experiments)
      return values.archive === undefined ? found : found + (await verifyFiles(url, experiments, values.archive))
    } finally {
      await store.close()
    }
  })
  process.exitCode = differences === 0 ? 0 : 1
})

async function verifyAll(store: Store, experiments: readonly Experiment[]): Promise<number> {
  let differences = 0
  for (const experiment of experiments) {
    const { units, archived, rewards, cells, discrepancies } = await verify({ store }, experiment)
    const counts = `${units} units${archived > 0 ? ` and ${archived} archived` : ''}, ${rewards} rewards, ${cells} cells`
    const verdict = discrepancies.length === 0 ? 'no difference' : `${discrepancies.length} DIFFERENCES`
    process.stdout.write(`${experiment.definition.key}: ${counts}: ${verdict}\n`)
    for (const { cell, recomputed, kept } of discrepancies) {
      process.stdout.write(`  ${cell}: recomputed ${JSON.stringify(recomputed)}, kept ${JSON.stringify(kept)}\n`)
    }
    differences += discrepancies.length
  }
  return differences
}

async function verifyFiles(url: string, experiments: readonly Experiment[], folder: string): Promise<number> {
  const archive = openArchive(url)
  try {
    let [count, faults] = [0, 0]
    for (const { id } of experiments) {
      const files = await archive.findArchives(id)
      count += files.length
      for (const fault of faultsInArchive(folder, files)) {
        faults += 1
        process.stdout.write(`  ${fault}\n`)
      }
    }
    process.stdout.write(`${folder}: ${count} files: ${faults === 0 ? 'no difference' : `${faults} DIFFERENCES`}\n`)
    return faults
  } finally {
    await archive.close()
  }
}
