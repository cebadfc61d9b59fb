// Copies a whole database into an empty one, on the same engine or on the other: pinwheel copy
import { type CopyOptions, copyStore, type RowCounts } from '../store/copy/copy.ts'
import { expectLedgers } from './database/expect-ledgers.ts'
import { interruption, withFailure } from './database/expected-failure.ts'
import { command } from './terminal/arguments.ts'
import { UsageError } from './terminal/failure.ts'
import { formatCount, formatCountOf, ProgressBar } from './terminal/progress-bar.ts'

const help = `Usage: pinwheel copy --from URL --to URL

Copies everything that a database has: experiments with their history, salts, snapshots and ledger, assignments, rewards, keys,
webhooks and their queued messages. The new database gives the same arms and the same reports. It must be empty, or not exist;
all of it is there in the end, and verified, or nothing is. Stop the service first: what it accepts meanwhile is not copied.

OPTIONS
  --from URL  sqlite:./data/pinwheel.db, or postgres://user:password@host/database
  --to URL    the same
`

const options = { from: { type: 'string' }, to: { type: 'string' } } as const

export const run = command({ help, options }, async ({ from, to }) => {
  if (from === undefined || to === undefined) {
    throw new UsageError('Name two databases, --from URL --to URL; see --help')
  }
  const bar = new ProgressBar()
  const startedAt = performance.now()
  const seconds = () => ((performance.now() - startedAt) / 1_000).toFixed(1)
  const onProgress = (done: number, total: number) => bar.update(done, total, 'rows')
  const onCopied = (counts: RowCounts) => {
    const rows = [...counts].filter(([, count]) => count > 0).map(([table, count]) => `${formatCount(count)} ${table}`)
    bar.say(`Copied in ${seconds()} s: ${rows.join(', ') || 'no rows'}; verifying`)
  }
  const experiments = await withFailure('Cannot copy', () =>
    copyAndVerify({ from, to, signal: interruption(), onProgress, onCopied }),
  )
  process.stdout.write(
    `Copied and verified in ${seconds()} s: ${formatCountOf(experiments, 'experiment')}, no difference\n`,
  )
})

interface CopyAndVerifyOptions extends CopyOptions {
  /** Called with the number of rows of each table when all are copied. */
  readonly onCopied?: (counts: RowCounts) => void
}

/**
 * Copies, recomputes every ledger of the copy from its facts, and answers how many experiments
 * there are.
 *
 * @throws Failure where a ledger differs, DatabaseError, StoreUnavailableError, SqliteError
 */
export async function copyAndVerify({ onCopied, ...copying }: CopyAndVerifyOptions): Promise<number> {
  const counts = await copyStore(copying)
  onCopied?.(counts)
  return expectLedgers(copying.to, copying.signal)
}
