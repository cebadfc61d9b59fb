// What a unit and a reward take in PostgreSQL: bytes of the tables and of their indexes, and of the
// write-ahead log: node scripts/row-sizes.ts

import { readArguments, wholeNumberOf } from '../src/cli/terminal/arguments.ts'
import { Failure, runScript } from '../src/cli/terminal/failure.ts'
import { ProgressBar } from '../src/cli/terminal/progress-bar.ts'
import { DatabaseError } from '../src/store/database-error.ts'
import { tableText } from './bench/tables.ts'
import { measureRowSizes } from './row-sizes/measure.ts'

const HELP = `Usage: node scripts/row-sizes.ts --url postgres://user:password@host/database [options]

Fills an empty database with units under random UUIDs, by the service's own verbs, rewards some of them, and measures. The user must be
allowed to say CHECKPOINT. Afterwards the database may be dropped; it is left as it is.

OPTIONS
  --url URL        the database
  --units N        (1000000)
  --rewards N      each with an id, of units in no order (300000)
  --ordered        UUIDs that begin with the time (version 7), so that new ones stand side by side; else any
  --json           prints what was measured as JSON
`

const OPTIONS = {
  url: { type: 'string' },
  units: { type: 'string', default: '1000000' },
  rewards: { type: 'string', default: '300000' },
  ordered: { type: 'boolean', default: false },
  json: { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false },
} as const

await runScript(async () => {
  const { values } = readArguments(OPTIONS)
  if (values.help) return void process.stdout.write(HELP)
  if (values.url === undefined) throw new Failure('--url must name an empty database; see --help')
  const units = wholeNumberOf(values.units, 'units', 10_000) as number
  const rewards = wholeNumberOf(values.rewards, 'rewards', 0) as number
  if (rewards > units) throw new Failure('--rewards must not be more than --units: each unit has one at most')
  const bar = new ProgressBar()
  try {
    const { tables, log } = await measureRowSizes(values.url, { units, rewards, isOrdered: values.ordered }, bar)
    if (process.stderr.isTTY) process.stderr.write('\r\x1b[2K')
    if (values.json) return void process.stdout.write(`${JSON.stringify({ units, rewards, tables, log }, null, 2)}\n`)
    const sizes = tables.map(({ table, rows, heapBytes, indexBytes }) => [
      table,
      rows,
      heapBytes / rows,
      indexBytes / rows,
    ])
    const head = ['table', 'rows', 'bytes a row', 'of its index']
    process.stdout.write(`${tableText({ head, rows: sizes })}\n\n`)
    const logs = log.map(({ what, rows, bytes }) => [what, rows, bytes / rows])
    process.stdout.write(`${tableText({ head: ['write-ahead log', 'rows', 'bytes a row'], rows: logs })}\n`)
  } catch (error) {
    if (error instanceof DatabaseError) throw new Failure(error.message)
    throw error
  }
})
