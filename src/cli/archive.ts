// Moves the data of finished experiments to Parquet files: pinwheel archive
import { type FactCounts, whyNotArchived } from '../bandit/archive.ts'
import type { Experiment } from '../bandit/experiment/experiment.ts'
import { openArchive } from '../store/archive/open.ts'
import { openStore } from '../store/open.ts'
import { type ArchiveOptions, archiveExperiment } from './archive/archive-experiment.ts'
import { readArguments } from './terminal/arguments.ts'
import { databaseUrl } from './terminal/database-url.ts'
import { Failure, UsageError } from './terminal/failure.ts'
import { formatCount, ProgressBar } from './terminal/progress-bar.ts'
import { interruption, reportFailure } from './terminal/report-failure.ts'

const HELP = `Usage: pinwheel archive --before DATE --to FOLDER [--experiment KEY] [--dry-run]

Moves the assignments and rewards of experiments that are over from the database that DATABASE_URL names into Parquet files, and verifies
these before it deletes anything. Reports stay as they are: they need the ledger only. A service may use the database meanwhile.

Over is what was stopped with a winner, and all of whose attribution windows had ended, before DATE.

OPTIONS
  --before DATE     as 2026-01-01, in UTC; not in the future
  --to FOLDER       gets a folder for each experiment; keep it as you keep backups
  --experiment KEY  only this one
  --dry-run         only prints what would be done
`

const OPTIONS = {
  before: { type: 'string' },
  to: { type: 'string' },
  experiment: { type: 'string' },
  'dry-run': { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false },
} as const

export async function run(args: readonly string[]): Promise<void> {
  const { values, positionals } = readArguments(OPTIONS, args)
  if (values.help) return void process.stdout.write(HELP)
  const { before, to: folder, experiment: only = null } = values
  if (before === undefined || folder === undefined || positionals.length > 0) {
    throw new UsageError('Name a date and a folder, --before DATE --to FOLDER; see --help')
  }
  const now = Date.now()
  const plan = { before: instantOf(before, now), only, isDryRun: values['dry-run'] }
  const url = databaseUrl()
  await reportFailure('Cannot archive', async () => {
    const store = await openStore(url)
    const archive = openArchive(url)
    try {
      const experiments = await store.findExperiments()
      await archiveAll(experiments, plan, { store, archive, folder, now, signal: interruption() })
    } finally {
      await archive.close()
      await store.close()
    }
  })
}

/** Midnight in UTC. @throws Failure */
function instantOf(date: string, now: number): number {
  const instant = /^\d{4}-\d{2}-\d{2}$/.test(date) ? Date.parse(date) : Number.NaN
  if (Number.isNaN(instant)) throw new UsageError(`--before must be a day as 2026-01-01, not ${JSON.stringify(date)}`)
  if (instant > now) throw new UsageError(`--before must not be in the future, as ${date} is`)
  return instant
}

interface Plan {
  readonly before: number
  /** The key of the only requested experiment; null: all. */
  readonly only: string | null
  readonly isDryRun: boolean
}

async function archiveAll(
  experiments: readonly Experiment[],
  { before, only, isDryRun }: Plan,
  options: ArchiveOptions,
): Promise<void> {
  const chosen = experiments.filter(({ definition }) => only === null || definition.key === only)
  if (only !== null && chosen.length === 0) throw new Failure(`there is no experiment "${only}"`)
  for (const experiment of chosen) {
    const { key } = experiment.definition
    const reason = whyNotArchived(experiment, before)
    if (reason !== null && only !== null) throw new Failure(`the facts of "${key}" must stay: ${reason}`)
    if (reason !== null) {
      print(key, `stay: ${reason}`)
      continue
    }
    const counts = await options.archive.countFacts(experiment.id)
    if (isDryRun) print(key, `${textOf(counts)} would be archived`)
    else print(key, `${textOf(await archiveOne(experiment, counts.assignments, options))} archived`)
  }
}

async function archiveOne(experiment: Experiment, units: number, options: ArchiveOptions): Promise<FactCounts> {
  const bar = new ProgressBar()
  const onProgress = (done: number) => bar.update(done, units, `units of ${experiment.definition.key}`)
  const counts = await archiveExperiment(experiment, { ...options, onProgress })
  if (process.stderr.isTTY) bar.say('')
  return counts
}

function textOf({ assignments, rewards }: FactCounts): string {
  return `${formatCount(assignments)} assignments and ${formatCount(rewards)} rewards`
}

function print(key: string, sentence: string): void {
  process.stdout.write(`${key}: ${sentence}\n`)
}
