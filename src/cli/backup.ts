// Copies the database of a running service into a file: pinwheel backup
import { statSync } from 'node:fs'
import { backUp } from './backup/back-up.ts'
import { databasePath } from './backup/database-path.ts'
import { contentsText } from './backup/inspect-copy.ts'
import { readArguments } from './terminal/arguments.ts'
import { UsageError } from './terminal/failure.ts'
import { formatCount, ProgressBar } from './terminal/progress-bar.ts'
import { interruption, reportFailure } from './terminal/report-failure.ts'

const HELP = `Usage: pinwheel backup FILE [--force]

Copies the database that DATABASE_URL names, as it is at one instant, while a service uses it. FILE has every fact that was
acknowledged before; it is checked and on the disk before it gets its name, and is whole by itself. pinwheel restore brings it back.

OPTIONS
  --force     replaces FILE
`

const OPTIONS = {
  force: { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false },
} as const

export async function run(args: readonly string[]): Promise<void> {
  const { values, positionals } = readArguments(OPTIONS, args)
  if (values.help) return void process.stdout.write(HELP)
  const [file, ...others] = positionals
  if (file === undefined || others.length > 0) throw new UsageError('Name one file for the backup; see --help')
  const path = databasePath()
  const bar = new ProgressBar()
  const startedAt = performance.now()
  const contents = await reportFailure(`Cannot back up ${path}`, () =>
    backUp({
      databasePath: path,
      file,
      force: values.force,
      signal: interruption(),
      onProgress: (done, total) => bar.update(done, total, 'pages'),
    }),
  )
  if (process.stderr.isTTY) bar.say('')
  const seconds = ((performance.now() - startedAt) / 1_000).toFixed(1)
  const size = formatCount(Math.ceil(statSync(file).size / 1024 ** 2))
  process.stdout.write(`${file}: ${size} MiB in ${seconds} s: ${contentsText(contents)}\n`)
}
