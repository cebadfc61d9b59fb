// Copies a whole database to an empty one, on the same engine or on the other: pinwheel copy

import { copyAndVerify } from './copy/copy-and-verify.ts'
import { readArguments } from './terminal/arguments.ts'
import { UsageError } from './terminal/failure.ts'
import { formatCount, ProgressBar } from './terminal/progress-bar.ts'
import { interruption, reportFailure } from './terminal/report-failure.ts'

const HELP = `Usage: pinwheel copy --from URL --to URL

Copies everything that a database has: experiments with their history, salts, snapshots and ledger, assignments, rewards, keys,
webhooks and their queued messages. The new database gives the same arms and the same reports. It must be empty, or not exist;
all of it is there in the end, and verified, or nothing is. Stop the service first: what it accepts meanwhile is not copied.

OPTIONS
  --from URL  sqlite:./data/pinwheel.db, or postgres://user:password@host/database
  --to URL    the same
`

const OPTIONS = {
  from: { type: 'string' },
  to: { type: 'string' },
  help: { type: 'boolean', short: 'h', default: false },
} as const

export async function run(args: readonly string[]): Promise<void> {
  const { values, positionals } = readArguments(OPTIONS, args)
  if (values.help) return void process.stdout.write(HELP)
  const { from, to } = values
  if (from === undefined || to === undefined || positionals.length > 0) {
    throw new UsageError('Name two databases, --from URL --to URL; see --help')
  }
  const bar = new ProgressBar()
  const startedAt = performance.now()
  const seconds = () => ((performance.now() - startedAt) / 1_000).toFixed(1)
  const signal = interruption()
  const experiments = await reportFailure('Cannot copy', () =>
    copyAndVerify({
      from,
      to,
      signal,
      onProgress: (done, total) => bar.update(done, total, 'rows'),
      onCopied: counts => {
        const rows = [...counts]
          .filter(([, count]) => count > 0)
          .map(([table, count]) => `${formatCount(count)} ${table}`)
        bar.say(`Copied in ${seconds()} s: ${rows.join(', ') || 'no rows'}; verifying`)
      },
    }),
  )
  const count = `${experiments} ${experiments === 1 ? 'experiment' : 'experiments'}`
  process.stdout.write(`Copied and verified in ${seconds()} s: ${count}, no difference\n`)
}
