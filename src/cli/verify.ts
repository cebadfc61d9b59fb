// Recomputes every tally of every experiment from the assignments and rewards: pinwheel verify
import type { Experiment } from '../bandit/experiment/experiment.ts'
import { verify } from '../bandit/verify.ts'
import { openArchive } from '../store/archive/open.ts'
import { openStore } from '../store/open.ts'
import type { Store } from '../store/port.ts'
import { faultsInArchive } from './archive/faults-in-archive.ts'
import { readArguments } from './terminal/arguments.ts'
import { databaseUrl } from './terminal/database-url.ts'
import { UsageError } from './terminal/failure.ts'
import { reportFailure } from './terminal/report-failure.ts'

const HELP = `Usage: pinwheel verify [options]

Recomputes every cell of every experiment's ledger from its assignments and rewards, in the database that DATABASE_URL names, and prints
each cell that differs. A service may use the database meanwhile.

OPTIONS
  --archive FOLDER  also checks every file that pinwheel archive wrote to this folder

Exit code: 0 no difference; 1 a difference, or the database cannot be read.
`

const OPTIONS = {
  archive: { type: 'string' },
  help: { type: 'boolean', short: 'h', default: false },
} as const

export async function run(args: readonly string[]): Promise<void> {
  const { values, positionals } = readArguments(OPTIONS, args)
  if (values.help) return void process.stdout.write(HELP)
  if (positionals.length > 0) throw new UsageError(`Cannot understand ${JSON.stringify(positionals[0])}; see --help`)
  const url = databaseUrl()
  const differences = await reportFailure('Cannot verify the database', async () => {
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
}

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
