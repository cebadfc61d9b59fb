// Values another policy on a log of decisions with their propensities: pinwheel evaluate LOG.
// Reads the file twice, a row at a time: once for the arms and the range of the rewards, once for
// the value. An export of Pinwheel is in no order of time, and sorted in memory.

import { listed } from '../bandit/wording.ts'
import { LogValuation, type LogValue } from '../stats/off-policy/off-policy.ts'
import type { Estimate } from '../stats/sequences/confidence-sequence.ts'
import { type Columns, type Decision, readDecisions } from './evaluate/log-file.ts'
import { readArguments } from './terminal/arguments.ts'
import { Failure, UsageError } from './terminal/failure.ts'

const HELP = `Usage: pinwheel evaluate LOG [options]

What fixed weights would have earned, from a log that has for each decision the arm, the probability with which it was chosen, and
the reward. LOG is CSV, or lines of JSON (.ndjson, .jsonl):

  - an export of Pinwheel, as it is: /experiments/KEY/assignments.csv or .ndjson. --reward names the metric where there are
    several. Rows are sorted by time. Outcomes count as they are: export when the attribution windows are over.
  - any other log, in time order, with the columns of the Open Bandit data unless named otherwise

  --target TARGET      uniform (default), the key of one arm, or weights as JSON: '{"a": 0.7, "b": 0.3}'
  --arm COLUMN         item_id
  --propensity COLUMN  propensity_score
  --reward COLUMN      click
  --range LOW,HIGH     where rewards can lie; default: 0,1 if all are 0 or 1, else what the log shows
  --alpha ALPHA        0.05
  --planned N          the number of rows you expect: intervals are narrowest there, and valid at any number (30000)
  --json
`

const OPTIONS = {
  target: { type: 'string', default: 'uniform' },
  arm: { type: 'string' },
  propensity: { type: 'string' },
  reward: { type: 'string' },
  range: { type: 'string' },
  alpha: { type: 'string', default: '0.05' },
  planned: { type: 'string', default: '30000' },
  json: { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false },
} as const

export async function run(args: readonly string[]): Promise<void> {
  const { values, positionals } = readArguments(OPTIONS, args)
  const [file] = positionals
  if (values.help) return void process.stdout.write(HELP)
  if (file === undefined) throw new UsageError('Name the log to evaluate; see --help')
  const seen = await survey(file, values)
  const arms = [...seen.arms]
  const target = weightsOf(values.target, arms)
  const range = values.range === undefined ? seen.range : rangeOf(values.range)
  const valuation = new LogValuation({
    target,
    range,
    alpha: numberOf(values.alpha, '--alpha'),
    plannedUnits: numberOf(values.planned, '--planned'),
  })
  for await (const { arm, propensity, reward } of inTimeOrder(readDecisions(file, values), seen.isTimed))
    valuation.add({ arm: arms.indexOf(arm), propensity, reward })
  const value = valuation.value()
  process.stdout.write(values.json ? `${JSON.stringify(value)}\n` : describe(value, arms, file))
  if (value.status === 'refused') process.exitCode = 1
}

interface Survey {
  readonly arms: ReadonlySet<string>
  readonly range: readonly [number, number]
  /** Each row has its time. */
  readonly isTimed: boolean
}

async function survey(file: string, columns: Columns): Promise<Survey> {
  const arms = new Set<string>()
  let [lowest, highest, isTimed] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, false]
  for await (const { arm, reward, at } of readDecisions(file, columns)) {
    arms.add(arm)
    lowest = Math.min(lowest, reward)
    highest = Math.max(highest, reward)
    isTimed = at !== null
  }
  if (arms.size === 0) throw new Failure(`Cannot evaluate ${file}: it has no rows`)
  const isBinary = lowest >= 0 && highest <= 1
  return {
    arms,
    range: isBinary || lowest === highest ? [Math.min(0, lowest), Math.max(1, highest)] : [lowest, highest],
    isTimed,
  }
}

/**
 * Intervals are valid only if each row comes after the data from which its propensities were
 * learned.
 */
async function* inTimeOrder(decisions: AsyncIterable<Decision>, isTimed: boolean): AsyncGenerator<Decision> {
  if (!isTimed) return yield* decisions
  const all: Decision[] = []
  for await (const decision of decisions) all.push(decision)
  yield* all.sort((one, other) => (one.at ?? 0) - (other.at ?? 0))
}

function weightsOf(text: string, arms: readonly string[]): number[] {
  if (text === 'uniform') return arms.map(() => 1 / arms.length)
  if (arms.includes(text)) return arms.map(arm => (arm === text ? 1 : 0))
  const byArm = new Map(Object.entries(parseWeights(text, arms)))
  const strangers = [...byArm.keys()].filter(arm => !arms.includes(arm))
  if (strangers.length > 0)
    throw new UsageError(`--target names ${strangers.join(', ')}, which the log does not contain`)
  const weights = arms.map(arm => Number(byArm.get(arm) ?? 0))
  const sum = weights.reduce((total, weight) => total + weight, 0)
  if (weights.every(weight => weight >= 0) && Math.abs(sum - 1) <= 1e-9) return weights
  throw new UsageError(`--target must have weights of 0 or more with the sum 1, not ${sum}`)
}

function parseWeights(text: string, arms: readonly string[]): object {
  try {
    const weights: unknown = JSON.parse(text)
    if (typeof weights === 'object' && weights !== null) return weights
  } catch {
    // Reported below, with the valid forms.
  }
  throw new UsageError(`--target must be uniform, an arm of the log (${listed(arms)}), or weights as JSON`)
}

function rangeOf(text: string): readonly [number, number] {
  const [low = Number.NaN, high = Number.NaN] = text.split(',').map(Number)
  if (low < high) return [low, high]
  throw new UsageError(`--range must be LOW,HIGH, as 0,1, not ${text}`)
}

function numberOf(text: string, option: string): number {
  const value = Number(text)
  if (Number.isFinite(value) && value > 0) return value
  throw new UsageError(`${option} must be a number above 0, not ${text}`)
}

function describe(value: LogValue, arms: readonly string[], file: string): string {
  if (value.status === 'refused') return `Refused: ${reasonOf(value, arms)}\n`
  const { rows, effectiveSampleSize, largestWeight } = value.summary
  return [
    `${file}: ${rows} rows, ${arms.length} arms`,
    `effective sample size ${effectiveSampleSize.toFixed(0)}, largest weight ${largestWeight.toPrecision(4)}`,
    '',
    'estimator           value      interval that holds at every row',
    lineOf('IPS', value.ips),
    lineOf('SNIPS', value.snips),
    lineOf('doubly robust', value.doublyRobust),
    '',
  ].join('\n')
}

function lineOf(name: string, { estimate, lower, upper }: Estimate): string {
  const shown = [estimate, lower, upper].map(end => (end === null ? '–' : end.toFixed(6)))
  return `${name.padEnd(16)} ${shown[0]?.padStart(9)}      [${shown[1]}, ${shown[2]}]`
}

function reasonOf(value: Extract<LogValue, { status: 'refused' }>, arms: readonly string[]): string {
  switch (value.reason) {
    case 'propensity':
      return `row ${value.row + 1} has no propensity in (0, 1]; a log without propensities cannot value another policy`
    case 'support':
      return `the target gives weight to ${arms[value.arm]}, which no row shows`
    case 'effective-sample-size':
      return `the effective sample size is ${value.summary.effectiveSampleSize.toFixed(1)}, below 100: too few rows resemble the target`
  }
}
