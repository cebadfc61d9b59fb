// The study behind the default of `policy.exploration`: node scripts/studies/exploration.ts How
// soon the best arm has its verdict, and what learning costs, under several choices.
// docs/theory/policy.md has its table.
import { formatCount } from '../../src/bandit/report/numbers.ts'
import { relativeChange } from '../../src/cli/simulate/comparison-text.ts'
import { alignColumns } from '../../src/cli/terminal/aligned-columns.ts'
import { readArguments, wholeNumberOf } from '../../src/cli/terminal/arguments.ts'
import { Failure, runScript } from '../../src/cli/terminal/failure.ts'
import { ProgressBar } from '../../src/cli/terminal/progress-bar.ts'
import { completeSimulation, type SimulationInput, simulationFaults } from '../../src/simulation/design.ts'
import { simulate } from '../../src/simulation/simulate.ts'
import type { SimulationResult } from '../../src/simulation/summary.ts'

const HELP = `Usage: node scripts/studies/exploration.ts [options]

Simulates experiments of 1,000,000 units with the service's own policy, refresh and inference, under several choices of
policy.exploration, for each of these scenarios (the rates of the arms, the control first). Prints for each choice after how many
units the best arm had its verdict (the median of the runs, and 10 % and 90 %), the regret in successes lost against giving
everyone the best arm, and how much more or less that is than with the exploration 0.1 and with equal shares.

  --runs N           of each choice (60)
  --seed N           the same seed gives the same table (1)
  --scenario TEXT    only scenarios whose name contains it
`

const OPTIONS = {
  runs: { type: 'string', default: '60' },
  seed: { type: 'string', default: '1' },
  scenario: { type: 'string', default: '' },
  help: { type: 'boolean', short: 'h', default: false },
} as const

const UNITS = 1_000_000
/** Ten units a second, so that snapshots follow the growth and not the clock. */
const UNITS_PER_DAY = 864_000

interface Scenario {
  readonly name: string
  /** The last arm is the best one. */
  readonly rates: readonly number[]
}

const SCENARIOS: readonly Scenario[] = [
  { name: '2 arms, +10 %', rates: [0.05, 0.055] },
  { name: '3 arms, one +10 %', rates: [0.05, 0.05, 0.055] },
  { name: '3 arms, −10 % and +10 %', rates: [0.05, 0.045, 0.055] },
  { name: '3 arms, +5 % and +10 %', rates: [0.05, 0.0525, 0.055] },
  { name: '5 arms, one +10 %', rates: [0.05, 0.05, 0.05, 0.05, 0.055] },
  { name: '5 arms, −10 % to +10 %', rates: [0.05, 0.045, 0.0475, 0.0525, 0.055] },
]

const until = (share: number) => ({ type: 'thompson', exploration: { untilVerdict: share, after: 0.1 } }) as const

const CHOICES: readonly (readonly [name: string, policy: NonNullable<SimulationInput['policy']>])[] = [
  ['0.1', { type: 'thompson', exploration: 0.1 }],
  ['0.3 until, 0.1 after', until(0.3)],
  ['0.5 until, 0.1 after', until(0.5)],
  ['0.7 until, 0.1 after', until(0.7)],
  ['equal shares', { type: 'uniform' }],
]

const HEAD = ['scenario', 'exploration', 'units until the verdict', 'regret', 'to 0.1', 'to equal', 'false']

await runScript(async () => {
  const { values, positionals } = readArguments(OPTIONS)
  if (values.help) return void process.stdout.write(HELP)
  if (positionals.length > 0) throw new Failure(`Cannot understand ${JSON.stringify(positionals[0])}; see --help`)
  const runs = wholeNumberOf(values.runs, 'runs', 1) as number
  const seed = wholeNumberOf(values.seed, 'seed', 0) as number
  const scenarios = SCENARIOS.filter(({ name }) => name.includes(values.scenario))
  if (scenarios.length === 0) throw new Failure(`No scenario has ${JSON.stringify(values.scenario)} in its name`)
  const bar = new ProgressBar()
  const total = scenarios.length * CHOICES.length * runs
  const results = scenarios.map((scenario, place) =>
    CHOICES.map(([, policy], choice) => {
      const before = (place * CHOICES.length + choice) * runs
      return resultOf(scenario, policy, { runs, seed, onRuns: done => bar.update(before + done, total, 'runs') })
    }),
  )
  if (process.stderr.isTTY) bar.say('')
  process.stdout.write(`${table(scenarios, results).join('\n')}\n\n${runs} runs of each, seed ${seed}\n`)
})

function resultOf(
  { rates }: Scenario,
  policy: NonNullable<SimulationInput['policy']>,
  { runs, seed, onRuns }: { runs: number; seed: number; onRuns: (runs: number) => void },
): SimulationResult {
  const input: SimulationInput = {
    arms: rates.map((rate, arm) => ({ key: arm === 0 ? 'control' : `arm-${arm}`, rate })),
    policy,
    unitsPerDay: UNITS_PER_DAY,
    days: UNITS / UNITS_PER_DAY,
    runs,
    seed,
  }
  const [fault] = simulationFaults(input)
  if (fault !== undefined) throw new TypeError(`The design's ${fault.path} ${fault.message}`)
  return simulate(completeSimulation(input), { onProgress: ({ runs: done }) => onRuns(done) })
}

function table(scenarios: readonly Scenario[], results: readonly (readonly SimulationResult[])[]): string[] {
  const rows = scenarios.flatMap(({ name }, place) => {
    const own = results[place] ?? []
    const [constant, even] = [own[0]?.regret.mean ?? 0, own.at(-1)?.regret.mean ?? 0]
    return own.map((result, choice) => [
      choice === 0 ? name : '',
      CHOICES[choice]?.[0] ?? '',
      verdictOf(result),
      `${formatCount(result.regret.mean)} ± ${formatCount(result.regret.error)}`,
      relativeChange(result.regret.mean, constant),
      relativeChange(result.regret.mean, even),
      `${(100 * result.falseVerdicts.share).toFixed(1)} %`,
    ])
  })
  return alignColumns([HEAD, ...rows], [0, 1])
}

/** Of the best arm. */
function verdictOf({ arms }: SimulationResult): string {
  const until = arms.at(-1)?.unitsUntilVerdict
  const count = (units: number | null | undefined) => (units == null ? 'never' : formatCount(units))
  return `${count(until?.median)} (${count(until?.p10)} to ${count(until?.p90)})`
}
