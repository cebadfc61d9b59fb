// Checks by simulation what Pinwheel promises of its intervals, beside two controls that must fail:
// npm run validity
import { writeFileSync } from 'node:fs'
import { isMainThread, parentPort, workerData } from 'node:worker_threads'
import { readArguments, wholeNumberOf } from '../src/cli/terminal/arguments.ts'
import { Failure, runScript } from '../src/cli/terminal/failure.ts'
import { ProgressBar } from '../src/cli/terminal/progress-bar.ts'
import { allCells, type Cell, UNITS } from './validity/cells.ts'
import { CONTEXT_UNITS, type ContextCell, contextCells, FIRST_CONTEXT_PLACE } from './validity/context-cells.ts'
import { contextFindingOf, contextTableOf, judgeContexts } from './validity/context-findings.ts'
import { runContextCell } from './validity/context-run.ts'
import { findingOf, judge } from './validity/findings.ts'
import { type Counts, runCell } from './validity/run-cell.ts'
import { type Portion, shareWork } from './validity/share-work.ts'
import { tableOf } from './validity/table.ts'

const HELP = `Usage: npm run validity -- [options]

Simulates experiments of ${UNITS.toLocaleString('en-US')} units under Thompson sampling, with the service's own policy, refresh and inference, and
looks at every refresh. A/A and A/B; 2, 3 and 5 arms; rates of 0.1, 1, 5 and 30 %, Gaussian outcomes, negative ones, clipped
revenue, a heavy tail; floors 0.02 and 0.1; and worlds that move: drifting rates, weekly traffic, windows, arms that come and
go. Counts the runs in which the truth ever left an interval or a verdict was ever false, beside two controls that must fail
in A/A: the plain 95 % interval, and the rule P(best) ≥ 0.95. Compares the policy lift's width with hindsight. Exit code 1 if
a promise is broken; of the heavy tail nothing is promised.

Contextual cells have ${CONTEXT_UNITS.toLocaleString('en-US')} units of four features under a policy that learns from them; their controls are
averaged propensities and the plain 95 % interval.

OPTIONS
  --runs N         of each A/A cell, and half as many of each A/B cell (200)
  --seed N         another seed, another sample; the same one gives the same table on any number of cores (1)
  --cells TEXT     only cells whose name contains it, as "A/A, 2 arms", "Gaussian", "contextual"
  --json FILE      writes the findings there
  --markdown       prints the table in Markdown
`

const OPTIONS = {
  runs: { type: 'string', default: '200' },
  seed: { type: 'string', default: '1' },
  cells: { type: 'string', default: '' },
  json: { type: 'string' },
  markdown: { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false },
} as const

if (isMainThread) await runScript(study)
else serve()

async function study(): Promise<void> {
  const { values, positionals } = readArguments(OPTIONS)
  if (values.help) return void process.stdout.write(HELP)
  if (positionals.length > 0) throw new Failure(`Cannot understand ${JSON.stringify(positionals[0])}; see --help`)
  const runs = wholeNumberOf(values.runs, 'runs', 1) as number
  const seed = wholeNumberOf(values.seed, 'seed', 0) as number
  const cells = allCells().filter(({ name }) => name.includes(values.cells))
  const contextual = contextCells().filter(({ name }) => name.includes(values.cells))
  if (cells.length + contextual.length === 0)
    throw new Failure(`No cell has ${JSON.stringify(values.cells)} in its name; see --help`)

  const startedAt = performance.now()
  const counts = await count([...cells, ...contextual], runs, seed)
  const seconds = (performance.now() - startedAt) / 1_000
  const findings = cells.map(cell => findingOf(cell, counts.get(cell.place) as Counts))
  const contextFindings = contextual.map(cell => contextFindingOf(cell, counts.get(cell.place) as Counts))
  const promises = [...judge(findings), ...judgeContexts(contextFindings)]
  const form = values.markdown ? 'markdown' : 'text'
  if (findings.length > 0) {
    process.stdout.write(`Runs, in percent, in which the truth ever left the sequence, a verdict was false, a control called an arm.
${UNITS} units a run, 300000 under the slow drift; seed ${seed}, a look at every refresh; ± one Monte-Carlo standard error.
Policy width: over that of the interval tuned in hindsight, at plannedUnits and at the end; at the end also of the control that
is tuned to the range, and over the interval of somebody who knew the arms' variances from the first unit on.

${tableOf(findings, form)}

`)
  }
  if (contextFindings.length > 0) {
    process.stdout.write(`Contextual experiments: the same of ${CONTEXT_UNITS} units a run, seed ${seed}; means on the average over the arms.

${contextTableOf(contextFindings, form)}

`)
  }
  process.stdout.write(`${promises.map(({ promise, isKept, detail }) => `${isKept ? 'kept  ' : 'BROKEN'}  ${promise}: ${detail}`).join('\n')}
${seconds.toFixed(0)} s
`)
  if (values.json !== undefined) {
    writeFileSync(
      values.json,
      `${JSON.stringify({ runs, seed, units: UNITS, findings, contextFindings, promises }, null, 2)}\n`,
    )
  }
  if (promises.some(({ isKept }) => !isKept)) process.exitCode = 1
}

async function count(cells: readonly (Cell | ContextCell)[], runs: number, seed: number): Promise<Map<number, Counts>> {
  const bar = new ProgressBar()
  const byCell = new Map(cells.map(({ place, isNull }) => [place, isNull ? runs : Math.ceil(runs / 2)]))
  const total = [...byCell.values()].reduce((sum, each) => sum + each, 0)
  const onDone = (done: number) => bar.update(done, total, 'runs')
  const counts = await shareWork(new URL(import.meta.url), { runs: byCell, seed, onDone })
  if (process.stderr.isTTY) bar.say('')
  return counts
}

/** The worker's side: answers each portion with its counts. */
function serve(): void {
  const [cells, contextual] = [allCells(), contextCells()]
  const { seed } = workerData as { seed: number }
  parentPort?.on('message', ({ place, from, end }: Portion) => {
    const cell = contextual[place - FIRST_CONTEXT_PLACE]
    parentPort?.postMessage(
      cell === undefined ? runCell(cells[place] as Cell, seed, from, end) : runContextCell(cell, seed, from, end),
    )
  })
}
