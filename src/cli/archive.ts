// Moves the facts of experiments that are long over into Parquet files: pinwheel archive
import { type FactCounts, whyNotArchived } from '../bandit/archive.ts'
import type { Experiment } from '../bandit/experiment/experiment.ts'
import { openArchive } from '../store/archive.ts'
import type { Store } from '../store/port.ts'
import { type ArchiveOptions, archiveExperiment } from './archive/archive-experiment.ts'
import { existingUrl } from './database/database-url.ts'
import { interruption, withStore } from './database/expected-failure.ts'
import { command } from './terminal/arguments.ts'
import { Failure, UsageError } from './terminal/failure.ts'
import { formatCount, ProgressBar } from './terminal/progress-bar.ts'

const help = `Usage: pinwheel archive --before DATE --to FOLDER [--experiment KEY] [--dry-run]

Moves the assignments and rewards of experiments that are over from the database that DATABASE_URL names into Parquet files, and proves
these before it deletes anything. Reports stay as they are: they need the ledger only. A service may go on meanwhile.

Over is what was stopped with a winner, and all of whose attribution windows had ended, before DATE.

OPTIONS
  --before DATE     as 2026-01-01, in UTC; not in the future
  --to FOLDER       gets a folder for each experiment; keep it as you keep backups
  --experiment KEY  only this one
  --dry-run         only prints what would be done
`

const options = {
  before: { type: 'string' },
  to: { type: 'string' },
  experiment: { type: 'string' },
  'dry-run': { type: 'boolean', default: false },
} as const

export const run = command({ help, options }, async ({ before: date, to: folder, experiment: only, ...values }) => {
  if (date === undefined || folder === undefined) {
    throw new UsageError('Name a date and a folder, --before DATE --to FOLDER; see --help')
  }
  const now = Date.now()
  const before = instantOf(date, now)
  const url = existingUrl()
  await withStore('Cannot archive', url, async store => {
    const choice = { before, only, isDryRun: values['dry-run'] }
    const archive = openArchive(url)
    const archiving = archiveAll(choice, { store, archive, folder, now, signal: interruption() })
    await archiving.finally(() => archive.close())
  })
})

interface Choice {
  readonly before: number
  /** The key of the only experiment to archive; undefined: all. */
  readonly only: string | undefined
  readonly isDryRun: boolean
}

async function archiveAll(
  { before, only, isDryRun }: Choice,
  options: ArchiveOptions & { readonly store: Store },
): Promise<void> {
  const experiments = await options.store.findExperiments()
  const chosen = experiments.filter(({ definition }) => only === undefined || definition.key === only)
  if (only !== undefined && chosen.length === 0) throw new Failure(`there is no experiment "${only}"`)
  for (const experiment of chosen) {
    const reason = whyNotArchived(experiment, before)
    if (reason === null) await archiveOne(experiment, options, isDryRun)
    else if (only === undefined) print(experiment, `stay: ${reason}`)
    else throw new Failure(`the facts of "${only}" must stay: ${reason}`)
  }
}

/** Midnight in UTC. @throws UsageError */
function instantOf(date: string, now: number): number {
  const instant = /^\d{4}-\d{2}-\d{2}$/.test(date) ? Date.parse(date) : Number.NaN
  if (Number.isNaN(instant)) throw new UsageError(`--before must be a day as 2026-01-01, not ${JSON.stringify(date)}`)
  if (instant > now) throw new UsageError(`--before must not be in the future, as ${date} is`)
  return instant
}

async function archiveOne(experiment: Experiment, options: ArchiveOptions, isDryRun: boolean): Promise<void> {
  const counts = await options.archive.countFacts(experiment.id)
  if (isDryRun) return print(experiment, `${countsText(counts)} would be archived`)
  const bar = new ProgressBar()
  const what = `units of ${experiment.definition.key}`
  const onProgress = (done: number) => bar.update(done, counts.assignments, what)
  const archived = await archiveExperiment(experiment, { ...options, onProgress })
  bar.end()
  print(experiment, `${countsText(archived)} archived`)
}

function countsText({ assignments, rewards }: FactCounts): string {
  return `${formatCount(assignments)} assignments and ${formatCount(rewards)} rewards`
}

function print({ definition }: Experiment, text: string): void {
  process.stdout.write(`${definition.key}: ${text}\n`)
}
