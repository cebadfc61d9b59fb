// How the ledger grows with the units, by the service's own rule: node scripts/ledger-growth.ts

import { alignColumns } from '../src/cli/terminal/aligned-columns.ts'
import { readArguments, wholeNumberOf } from '../src/cli/terminal/arguments.ts'
import { Failure, runScript } from '../src/cli/terminal/failure.ts'
import { formatCount } from '../src/cli/terminal/progress-bar.ts'
import { type Arrivals, growLedger, predictedSnapshots } from './ledger-growth/grow.ts'
import { type LedgerShape, ledgerBytes } from './ledger-growth/ledger-bytes.ts'

const HELP = `Usage: node scripts/ledger-growth.ts [options]

Lets units arrive evenly and asks the service's own rule when a snapshot is due: how many there are at 10³, 10⁴ … units up to the
end, and what the ledger takes in PostgreSQL, beside what the logarithm says.

OPTIONS
  --units-per-day N   (1000000)
  --days N            (1000)
  --rewards SHARE     rewards for each unit (0.1)
  --window DAYS       of attribution (none)
  --arms N            (3)
  --metrics N         (1)
  --writers N         processes that write; beyond 16 they share rows (2)
`

const OPTIONS = {
  'units-per-day': { type: 'string', default: '1000000' },
  days: { type: 'string', default: '1000' },
  rewards: { type: 'string', default: '0.1' },
  window: { type: 'string' },
  arms: { type: 'string', default: '3' },
  metrics: { type: 'string', default: '1' },
  writers: { type: 'string', default: '2' },
  help: { type: 'boolean', short: 'h', default: false },
} as const

const DAY_MS = 86_400_000

await runScript(async () => {
  const { values } = readArguments(OPTIONS)
  if (values.help) return void process.stdout.write(HELP)
  const whole = (name: 'units-per-day' | 'days' | 'arms' | 'metrics' | 'writers') =>
    wholeNumberOf(values[name], name, 1) as number
  const rewardsPerUnit = Number(values.rewards)
  if (!(rewardsPerUnit >= 0)) throw new Failure(`--rewards must be a number of at least 0, not ${values.rewards}`)
  const windowDays = wholeNumberOf(values.window, 'window', 1)
  const arrivals = {
    unitsPerDay: whole('units-per-day'),
    rewardsPerUnit,
    windowMs: windowDays === null ? null : windowDays * DAY_MS,
  }
  const shape = { arms: whole('arms'), metrics: whole('metrics'), writers: whole('writers') }
  const lines = table(arrivals, whole('days'), shape)
  process.stdout.write(`${lines.join('\n')}\n`)
})

function table(arrivals: Arrivals, days: number, shape: LedgerShape): string[] {
  const end = arrivals.unitsPerDay * days
  const rows = growLedger(arrivals, sizesUpTo(end)).map(({ units, snapshots }) => {
    return [
      formatCount(units),
      formatCount(snapshots),
      formatCount(Math.round(predictedSnapshots(arrivals, units))),
      formatCount(snapshots * shape.arms * shape.metrics),
      `${(ledgerBytes(snapshots, shape) / 2 ** 20).toFixed(1)} MiB`,
    ]
  })
  return alignColumns([['units', 'snapshots', 'predicted', 'cells', `${shape.writers} writers`], ...rows])
}

/** 10³, 10⁴ … and the end. */
function sizesUpTo(end: number): number[] {
  const sizes: number[] = []
  for (let size = 1_000; size < end; size *= 10) sizes.push(size)
  return [...sizes, end]
}
