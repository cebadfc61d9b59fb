// Makes the experiments of a running service as files describe them: pinwheel apply
import { styleText } from 'node:util'
import { type FileFault, readExperimentFiles } from './apply/experiment-files.ts'
import { type Plan, planExperiment } from './apply/plan.ts'
import { isChange, type Mark, planText } from './apply/plan-text.ts'
import { Client } from './service/client.ts'
import { CONNECTION_OPTIONS, keyOf, urlOf } from './service/options.ts'
import { command } from './terminal/arguments.ts'
import { Failure, UsageError } from './terminal/failure.ts'
import { formatCountOf } from './terminal/progress-bar.ts'

const help = `Usage: pinwheel apply FILE… [options]

Makes the experiments of a running service as the files describe them: creates and changes them, and where a file has a status, starts,
pauses or stops them. A second time it finds nothing to do. All files are checked before anything is changed. A file is YAML or JSON
and holds one experiment or several (with --- between them); a folder stands for the files in it. See docs/use/experiments-as-code.md.

  --dry-run    print what would change, and change nothing
  --url URL    where the service listens (http://127.0.0.1:8080)
  --key KEY    a key with the scopes read and admin (for a dry run: read); better in the environment, as PINWHEEL_KEY

Exit code: 0 it is as in the files; 1 something is wrong, printed with file, line and column, or a dry run found something to
change; 2 wrong usage.
`

const options = { ...CONNECTION_OPTIONS, 'dry-run': { type: 'boolean', default: false } } as const

const RETRY_LIMITS = { limitMs: 5_000, firstWaitMs: 100, longestWaitMs: 1_000 }
const COLOURS = { '+': 'green', '-': 'red', '~': 'yellow' } as const satisfies Record<Mark, string>

export const run = command({ help, options, allowPositionals: true }, async (values, paths) => {
  if (paths.length === 0) throw new UsageError('Name the files: pinwheel apply experiments/*.yaml')
  const read = readExperimentFiles(paths)
  if (read.experiments.length + read.faults.length === 0) {
    throw new Failure(`There is no YAML or JSON file in ${paths.join(', ')}`)
  }
  const onNotice = (text: string) => process.stderr.write(`${text}\n`)
  const client = new Client({ url: urlOf(values.url), key: keyOf(values.key), onNotice, limits: RETRY_LIMITS })
  await client.expectReady()
  const plans = await planFiles(client, read)
  process.stdout.write(planText(plans, paint))
  if (values['dry-run']) process.exitCode = plans.some(isChange) ? 1 : 0
  else await carryOut(client, plans, step => process.stdout.write(`${step}\n`))
})

/** @throws Failure with every fault of every file */
async function planFiles(client: Client, read: ReturnType<typeof readExperimentFiles>): Promise<Plan[]> {
  const faults = [...read.faults]
  const plans: Plan[] = []
  for (const filed of read.experiments) {
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
  return [...lines, `Nothing was changed: ${formatCountOf(faults.length, 'fault')}.`].join('\n')
}

function paint(mark: Mark, text: string): string {
  return styleText(COLOURS[mark], text, { stream: process.stdout })
}

const VERBS = { running: 'start', paused: 'pause', stopped: 'stop' } as const
const DONE = { running: 'started', paused: 'paused', stopped: 'stopped' } as const

/**
 * Changes one experiment after the other. After a failure the same command again continues with the
 * rest. `onStep` is called after each step. @throws Failure for the first that is refused
 */
export async function carryOut(client: Client, plans: readonly Plan[], onStep: (text: string) => void): Promise<void> {
  for (const { filed, result, move } of plans) {
    const path = `/experiments/${encodeURIComponent(filed.key)}`
    if (result !== 'unchanged') {
      await client.json('PUT', path, filed.definition)
      onStep(`${result} ${filed.key}`)
    }
    if (move === null) continue
    const isWon = move === 'stopped' && filed.winner !== undefined
    await client.json('POST', `${path}/${VERBS[move]}`, isWon ? { winner: filed.winner } : {})
    onStep(`${DONE[move]} ${filed.key}${isWon ? `, winner ${filed.winner ?? 'none'}` : ''}`)
  }
}
