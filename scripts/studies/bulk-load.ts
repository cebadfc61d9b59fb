// node scripts/studies/bulk-load.ts: how wide intervals are after a bulk load, with the snapshots
// that a full batch makes due and without.
import { alignColumns } from '../../src/cli/terminal/aligned-columns.ts'
import { readArguments, wholeNumberOf } from '../../src/cli/terminal/arguments.ts'
import { Failure, runScript } from '../../src/cli/terminal/failure.ts'
import { ProgressBar } from '../../src/cli/terminal/progress-bar.ts'
import { type LoadedInBulk, loadInBulk } from './bulk-load/load-in-bulk.ts'

const HELP = `Usage: node scripts/studies/bulk-load.ts [options]

Loads units in bulk, then their rewards, by the service's own code: once with a snapshot wherever a batch is full, once without. Prints
the mean width of the interval of the control's mean and of the first lift, the snapshots, and in how many runs a truth was missed.

OPTIONS
  --runs N       of each (300)
  --units N      (17500)
  --rates LIST   of the arms, the control first (0.01,0.01)
  --seed N       of the first run (1)
`

const OPTIONS = {
  runs: { type: 'string', default: '300' },
  units: { type: 'string', default: '17500' },
  rates: { type: 'string', default: '0.01,0.01' },
  seed: { type: 'string', default: '1' },
  help: { type: 'boolean', short: 'h', default: false },
} as const

await runScript(async () => {
  const { values } = readArguments(OPTIONS)
  if (values.help) return void process.stdout.write(HELP)
  const whole = (name: 'runs' | 'units' | 'seed') => wholeNumberOf(values[name], name, 1) as number
  const [runs, units, seed] = [whole('runs'), whole('units'), whole('seed')]
  const rates = values.rates.split(',').map(Number)
  if (rates.length < 2 || !rates.every(rate => rate >= 0 && rate <= 1)) {
    throw new Failure(`--rates must be two shares at least, as 0.01,0.01, not ${values.rates}`)
  }
  const bar = new ProgressBar()
  const rows = [['', 'mean', 'lift', 'snapshots', 'missed']]
  for (const [name, isRefreshed] of [
    ['one batch', false],
    ['full batches', true],
  ] as const) {
    const loads: LoadedInBulk[] = []
    for (let run = 0; run < runs; run++) {
      loads.push(await loadInBulk({ units, rates, seed: seed + run, isRefreshed }))
      bar.update(run + 1, runs, `runs, ${name}`)
    }
    const mean = (numberOf: (load: LoadedInBulk) => number) =>
      loads.reduce((sum, load) => sum + numberOf(load), 0) / runs
    rows.push([
      name,
      mean(load => load.meanWidth).toFixed(5),
      mean(load => load.liftWidth).toFixed(5),
      mean(load => load.snapshots).toFixed(1),
      String(loads.filter(load => load.isMissed).length),
    ])
  }
  process.stdout.write(`${alignColumns(rows, [0]).join('\n')}\n`)
})
