// Creates and changes the experiments of a running service as described in files: pinwheel apply
// experiments/*.yaml
import { styleText } from 'node:util'
import { carryOut } from './apply/carry-out.ts'
import { type FileFault, readExperimentFiles } from './apply/experiment-files.ts'
import { type Plan, planExperiment } from './apply/plan.ts'
import { isChange, type Mark, planText } from './apply/plan-text.ts'
import { Client } from './service/client.ts'
import { keyOf, urlOf } from './service/options.ts'
import { readArguments } from './terminal/arguments.ts'
import { Failure, UsageError } from './terminal/failure.ts'

const HELP = `Usage: pinwheel apply FILE… [options]

Creates and changes the experiments of a running service as described in files, and where a file has a status, starts, pauses or
stops them. A second time it finds nothing to do. All files are judged before anything is changed. A file is YAML or JSON and holds one
experiment or several (with --- between them); a folder stands for the files in it. See docs/use/experiments-as-code.md.

  --dry-run    print what would change, and change nothing
  --url URL    where the service listens (http://127.0.0.1:8080)
  --key KEY    a key with the scopes read and admin (for a dry run: read); better in the environment, as PINWHEEL_KEY

Exit code: 0 the service agrees with the files; 1 a fault, reported with file, line and column, or a dry run found something to
change; 2 wrong usage.
`

const OPTIONS = {
  'dry-run': { type: 'boolean', default: false },
  url: { type: 'string', default: 'http://127.0.0.1:8080' },
  key: { type: 'string' },
  help: { type: 'boolean', short: 'h', default: false },
} as const

const PATIENCE = { limitMs: 5_000, firstWaitMs: 100, longestWaitMs: 1_000 }
const COLOURS = { '+': 'green', '-': 'red', '~': 'yellow' } as const satisfies Record<Mark, string>

export async function run(args: readonly string[]): Promise<void> {
  const { values, positionals } = readArguments(OPTIONS, args)
  if (values.help) return void process.stdout.write(HELP)
  if (positionals.length === 0) throw new UsageError('Name the files: pinwheel apply experiments/*.yaml')
  const read = readExperimentFiles(positionals)
  if (read.experiments.length + read.faults.length === 0) {
    throw new Failure(`There is no YAML or JSON file in ${positionals.join(', ')}`)
  }
  const client = new Client({
    url: urlOf(values.url),
    key: keyOf(values.key),
    say: sentence => process.stderr.write(`${sentence}\n`),
    patience: PATIENCE,
  })
  await client.greet()
  const plans = await planFiles(client, read)
  const isDone = !plans.some(isChange)
  process.stdout.write(planText(plans, paint))
  if (values['dry-run']) process.exitCode = isDone ? 0 : 1
  else await carryOut(client, plans, step => process.stdout.write(`${step}\n`))
  client.close()
}

/** @throws Failure with every fault of every file */
async function planFiles(
  client: Client,
  { experiments, faults: unread }: ReturnType<typeof readExperimentFiles>,
): Promise<Plan[]> {
  const faults = [...unread]
  const plans: Plan[] = []
  for (const filed of experiments) {
    const planned = await planExperiment(client, filed)
    if ('plan' in planned) plans.push(planned.plan)
    else faults.push(...planned.faults)
  }
  if (faults.length > 0) throw new Failure(faultsText(faults))
  return plans
}

function faultsText(faults: readonly FileFault[]): string {
  const order = (one: FileFault, other: FileFault) =>
    one.file.localeCompare(other.file) || one.line - other.line || one.column - other.column
  const lines = faults.toSorted(order).map(({ file, line, column, message }) => `${file}:${line}:${column} ${message}`)
  return [...lines, `Nothing was changed: ${faults.length} fault${faults.length === 1 ? '' : 's'}.`].join('\n')
}

function paint(mark: Mark, text: string): string {
  return styleText(COLOURS[mark], text, { stream: process.stdout })
}
