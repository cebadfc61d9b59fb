// A simulation's result for a terminal, in at most 100 columns.

import { kindOf } from '../../bandit/metrics/registry.ts'
import { formatCount, formatShare } from '../../bandit/report/numbers.ts'
import { classicalUnits } from '../../simulation/classical.ts'
import type { SimulationDesign } from '../../simulation/design.ts'
import type { RunShare, SimulatedArm, SimulationResult, UnitsUntil } from '../../simulation/summary.ts'
import { alignColumns } from '../terminal/aligned-columns.ts'

export function summaryText(design: SimulationDesign, result: SimulationResult): string {
  const { arms, regret, coverage, falseVerdicts, unitsUntilVerdict, looks } = result
  const { policy, alpha } = design.definition
  const saved = regret.uniform > 0 ? ` (${formatShare(regret.savedOverUniform / regret.uniform)})` : ''
  return [
    `${formatCount(result.runs)} runs of ${formatCount(result.units)} units: ${policy.type}, ${amount(design.unitsPerDay)} units a day, ${amount(design.days)} days, seed ${result.seed}`,
    '',
    ...armTable(arms, classicalUnits(design), kindOf(design.metric).isShare).map(line => `  ${line}`),
    '',
    `  first verdict on any arm   ${until(unitsUntilVerdict)}`,
    `  false verdicts             ${share(falseVerdicts)} of the runs (allowed: ${formatShare(alpha)})`,
    `  truth inside at all looks  lift ${share(coverage.absolute)}${coverage.relative === null ? '' : `, relative ${share(coverage.relative)}`}, policy lift ${share(coverage.policyLift)}`,
    `  regret against the best    ${amount(regret.mean)} ± ${amount(regret.error)}`,
    `  of equal shares            ${amount(regret.uniform)}: the policy saves ${amount(regret.savedOverUniform)}${saved}`,
    '',
    ...LEGEND.map(line => `  ${line}`),
    `  A look at every refresh of the policy, ${looks.toFixed(0)} a run; ± one standard error of the simulation.`,
    '',
  ].join('\n')
}

const LEGEND = [
  'truth: the mean outcome that you assumed. units: the share of the units that the arm got.',
  'better, worse: the share of the runs whose first verdict on the arm was that one.',
  'width, relative: of the intervals of the lift and the relative lift at the end, median.',
  'units until a verdict: median of the runs, and in brackets what 10 % and 90 % of them needed.',
  'classical: units in all for a fixed-size test with equal shares (z of proportions, Student’s t),',
  '  looked at once at the end; power 80 %, alpha over the lifts. It has no valid look before that.',
  'regret: outcomes lost against giving everyone the best arm, in the metric’s unit, mean.',
]

const HEAD = ['', 'truth', 'units', 'better', 'worse', 'width', 'relative', 'units until a verdict', 'classical']

function armTable(arms: readonly SimulatedArm[], classical: readonly (number | null)[], isShare: boolean): string[] {
  const write = (value: number | null) => (value === null ? '–' : isShare ? percent(value) : amount(value))
  const rows = arms.map((arm, position) => [
    arm.arm,
    write(arm.mean),
    formatShare(arm.unitsShare),
    formatShare(arm.better),
    formatShare(arm.worse),
    write(arm.width),
    arm.relativeWidth === null ? '–' : percent(arm.relativeWidth),
    arm.unitsUntilVerdict === null ? '' : until(arm.unitsUntilVerdict),
    formatCount(classical[position] ?? null),
  ])
  return alignColumns([HEAD, ...rows], [0, 7])
}

/** `14,511 (7,164 to 35,775)`: the median, and between 10 % and 90 % of the runs. */
export function until({ share, p10, median, p90 }: UnitsUntil): string {
  if (median === null) return share === 0 ? 'never' : `only in ${formatShare(share)} of the runs`
  return `${formatCount(median)} (${formatCount(p10)} to ${p90 === null ? 'never' : formatCount(p90)})`
}

export function share({ share, error }: RunShare): string {
  return `${(100 * share).toFixed(1)} ± ${(100 * error).toFixed(1)} %`
}

function percent(value: number): string {
  return `${Number((100 * value).toPrecision(3))} %`
}

export function amount(value: number): string {
  return value >= 1_000 ? formatCount(value) : String(Number(value.toPrecision(3)))
}
