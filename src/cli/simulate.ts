// What to expect of an experiment before it begins: pinwheel simulate
import { writeFileSync } from 'node:fs'
import { EVEN_TYPES, LEARNING_TYPES } from '../bandit/policies/registry.ts'
import type { SimulationDesign } from '../simulation/design.ts'
import { simulate } from '../simulation/simulate.ts'
import type { SimulationResult } from '../simulation/summary.ts'
import { simulationCharts } from '../views/svg/simulation-charts.ts'
import { comparisonText } from './simulate/comparison-text.ts'
import { type Choice, DESIGN_OPTIONS, readChoices, readDesign } from './simulate/read-design.ts'
import { summaryText } from './simulate/summary-text.ts'
import { command } from './terminal/arguments.ts'
import { UsageError } from './terminal/failure.ts'
import { ProgressBar } from './terminal/progress-bar.ts'

const POLICIES = [...LEARNING_TYPES, ...EVEN_TYPES].join(', ')

const help = `Usage: pinwheel simulate --arms control=0.10,mens=0.12 [options]

Runs a design many times with the service's own policy, refresh and inference, and prints what to expect: regret against the best
arm and against equal shares, units until a verdict, false verdicts, whether the truth stays inside at all looks, and how wide
the intervals are at the end. The same JSON goes to POST /simulate.

THE ARMS
  --arms LIST            the control first: key=rate; for a continuous metric key=mean:sd (normal), or
                         key=rate*mean:sd (this share buys, for lognormal amounts with this mean and sd)
  --config FILE          all of the design as JSON; options go before it
  --control KEY          another control than the first arm

THE EXPERIMENT
  --goal GOAL            increase (default) or decrease
  --range LOW,HIGH       of a continuous metric; outcomes are clipped to it
  --window WINDOW        attribution window, as 14d: units are read when it is over
  --policy POLICY        ${POLICIES} (thompson)
  --exploration SHARE    spread evenly whatever was learned; two shares, as 0.5,0.1: until every arm has a verdict, and
                         after that (0.5,0.1 for two arms, else 0.1)
  --control-share SHARE  reserved for the control, or none (0.2 for three or more arms)
  --alpha A              of the intervals (0.05)
  --planned-units N      the sample size you expect: intervals are narrowest there (30000)
  --units-per-day N      traffic (1000)
  --days N               the horizon (30)

SEVERAL POLICIES SIDE BY SIDE
  --compare CHOICE       again for each: POLICY, POLICY:EXPLORATION or POLICY:EXPLORATION:CONTROL-SHARE, as
                         --compare thompson:0.1 --compare thompson:0.5,0.1 --compare uniform
                         prints a line for each, with the same chance for all

THE SIMULATION
  --runs N               (200)
  --seed N               the same seed gives the same numbers (1)
  --json                 prints the result as JSON
  --svg FILE             draws regret and width over units
`

const options = {
  ...DESIGN_OPTIONS,
  json: { type: 'boolean', default: false },
  svg: { type: 'string' },
} as const

export const run = command({ help, options }, values => {
  if (values.compare === undefined) {
    const design = readDesign(values)
    const [result] = runWithProgress([design]) as [SimulationResult]
    if (values.svg !== undefined) writeFileSync(values.svg, simulationCharts(result))
    process.stdout.write(values.json ? json(result) : summaryText(design, result))
  } else {
    if (values.svg !== undefined) throw new UsageError('--svg draws one design, and cannot go with --compare')
    const choices = readChoices(values)
    const results = runWithProgress(choices.map(({ design }) => design))
    process.stdout.write(values.json ? json(comparisonOf(choices, results)) : comparisonText(choices, results))
  }
})

/** The result of each design, one after the other. */
function runWithProgress(designs: readonly SimulationDesign[]): SimulationResult[] {
  const bar = new ProgressBar()
  const total = designs.reduce((sum, { runs }) => sum + runs, 0)
  let before = 0
  const results = designs.map(design => {
    const result = simulate(design, { onProgress: ({ runs }) => bar.update(before + runs, total, 'runs') })
    before += design.runs
    return result
  })
  bar.end()
  return results
}

function comparisonOf(choices: readonly Choice[], results: readonly SimulationResult[]) {
  return choices.map(({ name, design }, place) => ({
    choice: name,
    policy: design.definition.policy,
    result: results[place],
  }))
}

function json(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`
}
