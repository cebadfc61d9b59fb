// What the outcomes summed to, against what equal shares would have earned: a chart, a sentence and
// a table.

import { readsContext } from '../../../bandit/policies/registry.ts'
import type { Step } from '../../../bandit/report/course.ts'
import type { ExperimentView } from '../../../bandit/report/experiment-view.ts'
import { formatCount, formatLevel, grouped, inPowersOfTen } from '../../../bandit/report/numbers.ts'
import type { Report } from '../../../bandit/report/report-data.ts'
import { figure } from '../../svg/drawing.ts'
import { type ChartLine, lineChart } from '../../svg/line-chart.ts'
import { unbroken } from '../../text/prose.ts'
import { TOO_EARLY } from '../../words.ts'
import { htmlTable } from '../html-table.ts'
import { type Markup, markup } from '../markup.ts'

type Gain = NonNullable<Step['gain']>
type Known = Step & { readonly gain: Gain }
type Range = Report['metric']['range']

export function gainSection({ experiment, report, course }: ExperimentView): Markup {
  const { metric, alpha } = report
  const head = markup`<h2>${metric.key} against equal shares</h2>`
  const known = course.filter((step): step is Known => step.gain !== null && step.gain.units > 0)
  const last = known.at(-1)
  if (last === undefined) {
    const why = readsContext(experiment.definition.policy.type)
      ? 'What equal shares would have earned is not known where shares depend on the context.'
      : 'Nothing to compare yet: no outcome can be counted.'
    return markup`<section>${head}<p class="soft">${why}</p></section>`
  }
  const write = writerFor([last.gain.earned])
  const sentence = gainText(last, report, write)
  const start = [0, 0] as const
  const line = (name: string, colour: ChartLine['colour'], value: (step: Known) => number): ChartLine => ({
    name,
    last: write(value(last)),
    colour,
    points: [start, ...known.map(step => [step.gain.units, value(step)] as const)],
  })
  const chart = {
    id: 'gain',
    title: `Sum of ${metric.key} over the units, against equal shares`,
    told: sentence,
    shape: 'slopes',
    lines: [
      ...(saysNothing(last.gain, metric.range)
        ? []
        : [line('equal shares', 'control', ({ gain }) => equalShares(gain, gain.gained, metric.range))]),
      line('earned', 'arm1', ({ gain }) => gain.earned),
    ],
    band: bandOf(known, metric.range),
    units: last.gain.units,
    writeY: write,
  } as const
  const caption = `The sum of the outcomes that came, and an estimate of what the same units would have given with equal shares: inverse-propensity scores, batch by batch, corrected by what earlier batches predict; what the first hundred units gained is not counted. The band is its ${formatLevel(1 - alpha)} confidence sequence, valid at every look.${metric.goal === 'decrease' ? ' Lower is better.' : ''}`
  return markup`<section>${head}
<p>${unbroken(sentence)}</p>
${figure(layout => lineChart(chart, layout), caption)}
${gainTable(known, metric.range, write)}</section>`
}

function gainText({ gain }: Known, { metric, alpha }: Report, write: (value: number) => string): string {
  const { units, earned, gained, lower, upper, from } = gain
  const gains = signed(write)
  const so = `${metric.key} sums to ${write(earned)} over ${formatCount(units)} unit${units === 1 ? '' : 's'}`
  if (lower === 0 && upper === 0) return `${so}; the shares have been equal, so there is nothing to gain.`
  if (from === null || saysNothing(gain, metric.range)) {
    return `${so}; it is too early to say what equal shares would have earned.`
  }
  return `${so}; since snapshot ${from}: ${gains(gained)} against equal shares, ${formatLevel(1 - alpha)} confidence sequence from ${gains(lower ?? 0)} to ${gains(upper ?? 0)}.`
}

/** Whether equal shares may have earned anything that so many units can earn at all. */
function saysNothing({ units, earned, lower, upper }: Gain, [lowest, highest]: Range): boolean {
  if (lower === null || upper === null) return true
  return earned - upper <= lowest * units && earned - lower >= highest * units
}

/** What equal shares would have earned, if they gained so much less; as far as that is possible. */
function equalShares({ units, earned }: Gain, gained: number, [lowest, highest]: Range): number {
  return Math.min(highest * units, Math.max(lowest * units, earned - gained))
}

/**
 * Where equal shares may lie; from the first batch on at which it is not wider than what was
 * earned.
 */
function bandOf(known: readonly Known[], range: Range): (readonly [number, number, number])[] {
  return known.flatMap(({ gain }) => {
    const { units, earned, lower, upper } = gain
    if (lower === null || upper === null || upper - lower > Math.abs(earned)) return []
    return [[units, equalShares(gain, upper, range), equalShares(gain, lower, range)] as const]
  })
}

/** At four moments: a quarter of the units, half, three quarters, and all. */
function gainTable(known: readonly Known[], range: Range, write: (value: number) => string): Markup {
  const gains = signed(write)
  const total = known.at(-1)?.gain.units ?? 0
  const moments = [0.25, 0.5, 0.75, 1].flatMap(share => known.find(({ gain }) => gain.units >= total * share) ?? [])
  const rows = [...new Set(moments)].map(({ gain }) => ({
    name: markup`${formatCount(gain.units)}`,
    cells: saysNothing(gain, range)
      ? [write(gain.earned), TOO_EARLY, '', '', '']
      : [
          write(gain.earned),
          write(equalShares(gain, gain.gained, range)),
          gains(gain.gained),
          gains(gain.lower ?? 0),
          { text: gains(gain.upper ?? 0), kind: 'to' },
        ],
  }))
  return htmlTable({
    caption: 'The same in numbers.',
    corner: 'units',
    groups: [
      { head: '', columns: ['earned', 'equal shares'] },
      { head: 'gained', columns: ['estimate', 'from', 'to'] },
    ],
    rows,
  })
}

/** As many decimals as the largest of these numbers deserves: none for hundreds. */
function writerFor(values: readonly number[]): (value: number) => string {
  const largest = Math.max(...values.map(Math.abs))
  const decimals = largest >= 100 ? 0 : largest >= 10 ? 1 : largest >= 1 ? 2 : 3
  return value => {
    const size = Math.abs(value)
    const digits = size >= 1e9 ? inPowersOfTen(size) : grouped(size.toFixed(Number.isInteger(value) ? 0 : decimals))
    return value < 0 && /[1-9]/.test(digits) ? `−${digits}` : digits
  }
}

/** Positive numbers with their sign. */
function signed(write: (value: number) => string): (value: number) => string {
  return value => (value > 0 ? `+${write(value)}` : write(value))
}
