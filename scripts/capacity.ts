// What so many units a day take, computed: node scripts/capacity.ts

import { readArguments } from '../src/cli/terminal/arguments.ts'
import { Failure, runScript } from '../src/cli/terminal/failure.ts'
import { capacityTable } from './capacity/capacity-table.ts'
import { compute, type Traffic } from './capacity/compute.ts'

const HELP = `Usage: node scripts/capacity.ts [options]

Computes what a number of units a day takes in PostgreSQL, as docs/operate/scaling.md does, and prints it as a table in Markdown.

OPTIONS
  --units-per-day N   new ones (1000000000)
  --peak X            the busiest minute as a multiple of the average (3)
  --again X           how often a unit asks again (2)
  --rewards X         for each unit (0.1)
  --kept-days N       until facts are archived (30)
`

const OPTIONS = {
  'units-per-day': { type: 'string', default: '1000000000' },
  peak: { type: 'string', default: '3' },
  again: { type: 'string', default: '2' },
  rewards: { type: 'string', default: '0.1' },
  'kept-days': { type: 'string', default: '30' },
  help: { type: 'boolean', short: 'h', default: false },
} as const

await runScript(async () => {
  const { values } = readArguments(OPTIONS)
  if (values.help) return void process.stdout.write(HELP)
  const number = (name: Exclude<keyof typeof OPTIONS, 'help'>, least: number) => {
    const value = Number(values[name])
    if (Number.isFinite(value) && value >= least) return value
    throw new Failure(`--${name} must be a number of at least ${least}, not ${JSON.stringify(values[name])}`)
  }
  const traffic: Traffic = {
    unitsPerDay: number('units-per-day', 1_000),
    peak: number('peak', 1),
    asksAgain: number('again', 0),
    rewardsPerUnit: number('rewards', 0),
    keptDays: number('kept-days', 1),
  }
  process.stdout.write(`${capacityTable(compute(traffic))}\n`)
})
