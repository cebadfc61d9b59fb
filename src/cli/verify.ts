// Recomputes every tally of every experiment from the assignments and rewards: pinwheel verify

import type { ContextVerification } from '../bandit/context/context-audit.ts'
import type { Experiment } from '../bandit/experiment/experiment.ts'
import { verify } from '../bandit/verify.ts'
import { openArchive } from '../store/archive.ts'
import { openStore } from '../store/open.ts'
import type { Store } from '../store/port.ts'
import { archiveFaults } from './archive/archive-files.ts'
import { existingUrl } from './database/database-url.ts'
import { discrepancyText } from './database/expect-ledgers.ts'
import { withFailure } from './database/expected-failure.ts'
import { command } from './terminal/arguments.ts'

const help = `Usage: pinwheel verify [options]

Recomputes every cell of every experiment's ledger from its assignments and rewards, in the database that DATABASE_URL names, and prints
each cell that differs. Where units come with contexts it also recomputes each draw and each sum of scores, and says how many it could.
A service may use the database meanwhile.

OPTIONS
  --archive FOLDER  also checks every file that pinwheel archive wrote to this folder

Exit code: 0 no difference; 1 a difference, or the database cannot be read.
`

const options = { archive: { type: 'string' } } as const

export const run = command({ help, options }, async ({ archive: folder }) => {
  const url = existingUrl()
  await withFailure('Cannot verify the database', async () => {
    const store = await openStore(url)
    try {
      const experiments = await store.findExperiments()
      const inLedgers = await verifyLedgers(store, experiments)
      const inFiles = folder === undefined ? 0 : await verifyFiles(url, experiments, folder)
      process.exitCode = inLedgers + inFiles === 0 ? 0 : 1
    } finally {
      await store.close()
    }
  })
})

async function verifyLedgers(store: Store, experiments: readonly Experiment[]): Promise<number> {
  let differences = 0
  for (const experiment of experiments) {
    const { units, archived, rewards, cells, discrepancies, contexts } = await verify({ store }, experiment)
    const counts = `${units} units${archived > 0 ? ` and ${archived} archived` : ''}, ${rewards} rewards, ${cells} cells${contexts === undefined ? '' : recomputedText(contexts)}`
    print(`${experiment.definition.key}: ${counts}`, discrepancies.map(discrepancyText))
    differences += discrepancies.length
  }
  return differences
}

function recomputedText({ draws, uncheckedDraws, sums, uncheckedSums }: ContextVerification): string {
  const ofDraws = `${draws} of ${draws + uncheckedDraws} draws`
  return `, ${ofDraws} and the sums of ${sums} of ${sums + uncheckedSums} snapshots recomputed`
}

async function verifyFiles(url: string, experiments: readonly Experiment[], folder: string): Promise<number> {
  const archive = openArchive(url)
  try {
    const files = (await Promise.all(experiments.map(({ id }) => archive.findArchives(id)))).flat()
    const faults = archiveFaults(folder, files)
    print(`${folder}: ${files.length} files`, faults)
    return faults.length
  } finally {
    await archive.close()
  }
}

function print(what: string, differences: readonly string[]): void {
  const verdict = differences.length === 0 ? 'no difference' : `${differences.length} DIFFERENCES`
  process.stdout.write([`${what}: ${verdict}`, ...differences.map(each => `  ${each}`), ''].join('\n'))
}
