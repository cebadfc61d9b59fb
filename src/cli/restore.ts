// Puts a backup in the place of the database: pinwheel restore
import { databasePath } from './backup/database-path.ts'
import { contentsText } from './backup/inspect-copy.ts'
import { restore } from './backup/restore.ts'
import { readArguments } from './terminal/arguments.ts'
import { UsageError } from './terminal/failure.ts'
import { ProgressBar } from './terminal/progress-bar.ts'
import { interruption, reportFailure } from './terminal/report-failure.ts'

const HELP = `Usage: pinwheel restore FILE [--to PATH] [--force]

Verifies FILE and recomputes its ledger from the assignments and rewards, and puts a copy of it where DATABASE_URL points. The service that uses this
place must be stopped. What was acknowledged after the backup is not in it: units that got their arm since are drawn anew.

OPTIONS
  --to PATH   another place
  --force     moves a database that is there aside, to <its name>.before-<time>
`

const OPTIONS = {
  to: { type: 'string' },
  force: { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false },
} as const

export async function run(args: readonly string[]): Promise<void> {
  const { values, positionals } = readArguments(OPTIONS, args)
  if (values.help) return void process.stdout.write(HELP)
  const [file, ...others] = positionals
  if (file === undefined || others.length > 0) throw new UsageError('Name one file to restore; see --help')
  const path = values.to ?? databasePath()
  const bar = new ProgressBar()
  const { oldPath, ...contents } = await reportFailure(`Cannot restore ${file}`, () =>
    restore({
      file,
      databasePath: path,
      force: values.force,
      now: Date.now(),
      signal: interruption(),
      onProgress: (done, total) => bar.update(done, total, 'pages'),
    }),
  )
  if (process.stderr.isTTY) bar.say('')
  process.stdout.write(`Restored to ${path}: ${contentsText(contents)}; its ledger is verified\n`)
  if (oldPath !== null) process.stdout.write(`What was there is now ${oldPath}\n`)
}
