// Several policies of one design side by side, for a terminal: a line for each.

import { formatCount, formatShare } from '../../bandit/report/numbers.ts'
import type { SimulationDesign } from '../../simulation/design.ts'
import { bestMean } from '../../simulation/outcome-law.ts'
import type { SimulationResult } from '../../simulation/summary.ts'
import { alignColumns } from '../terminal/aligned-columns.ts'
import type { Choice } from './read-design.ts'
import { amount, share, until } from './summary-text.ts'

const HEAD = ['policy', 'units until a verdict', 'runs', 'false', 'best arm', 'regret', 'to first', 'to equal']

const LEGEND = [
  'units until a verdict: the first on any arm; median of the runs, in brackets 10 % and 90 % of them.',
  'runs: those with a verdict at the end. false: those that ever showed a false one.',
  'best arm: the share of the units that the best arm got.',
  'regret: outcomes lost against giving everyone the best arm, in the metric’s own unit, mean of the runs;',
  'to first, to equal: how much more or less that is than with the first policy, and with equal shares.',
  '± one standard error of the simulation.',
]

/** The results are those of the choices, in their order. */
export function comparisonText(choices: readonly Choice[], results: readonly SimulationResult[]): string {
  const [first] = results
  const [design] = choices.map(choice => choice.design)
  if (first === undefined || design === undefined) throw new TypeError('There is nothing to compare')
  const rows = choices.map((choice, place) => rowOf(choice, results[place] ?? first, first))
  return [
    `${formatCount(first.runs)} runs of ${formatCount(first.units)} units each: ${amount(design.unitsPerDay)} units a day, ${amount(design.days)} days, seed ${first.seed}`,
    '',
    ...alignColumns([HEAD, ...rows], [0, 1]).map(line => `  ${line}`),
    '',
    ...LEGEND.map(line => `  ${line}`),
    '',
  ].join('\n')
}

function rowOf({ name, design }: Choice, result: SimulationResult, first: SimulationResult): string[] {
  const { regret, unitsUntilVerdict, falseVerdicts } = result
  return [
    name,
    until(unitsUntilVerdict),
    formatShare(unitsUntilVerdict.share),
    share(falseVerdicts),
    formatShare(bestShare(design, result)),
    `${amount(regret.mean)} ± ${amount(regret.error)}`,
    relativeChange(regret.mean, first.regret.mean),
    relativeChange(regret.mean, regret.uniform),
  ]
}

/** Of all arms that are equally the best. */
function bestShare({ means, metric }: SimulationDesign, { arms }: SimulationResult): number {
  const best = bestMean(means, metric.goal)
  return arms.reduce((sum, { unitsShare }, arm) => sum + (means[arm] === best ? unitsShare : 0), 0)
}

/** `+15 %`, `−85 %`; nothing where there is nothing to compare with. */
export function relativeChange(value: number, other: number): string {
  if (other === 0) return '–'
  const percent = Math.round(100 * (value / other - 1))
  return `${percent > 0 ? '+' : percent < 0 ? '−' : ''}${Math.abs(percent)} %`
}
