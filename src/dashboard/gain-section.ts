// What the outcomes summed to, against what equal shares would have earned: a chart, a sentence and a table.
import type { Step } from '../bandit/course.ts'
import type { Portrait } from '../bandit/portrait.ts'
import { htmlTable } from './html-table.ts'
import { type ChartLine, lineChart } from './line-chart.ts'
import { type Markup, markup } from './markup.ts'
import { formatCount, formatLevel, grouped, inPowersOfTen } from './numbers.ts'
import { unbroken } from './prose.ts'

type Known = Step & { readonly gain: NonNullable<Step['gain']> }

export function gainSection({ report, course }: Portrait): Markup {
  const { metric, alpha } = report
  const head = markup`<h2>${metric.key} against equal shares</h2>`
  const known = course.filter((step): step is Known => step.gain !== null && step.gain.units > 0)
  const last = known.at(-1)
  if (last === undefined)
    return markup`<section>${head}<p class="soft">Nothing to compare yet: no outcome can be counted.</p></section>`
  const start = [0, 0] as const
  const line = (name: string, colour: ChartLine['colour'], value: (step: Known) => number): ChartLine => ({
    name,
    last: written(value(last)),
    colour,
    points: [start, ...known.map(step => [step.gain.units, value(step)] as const)],
  })
  const chart = {
    title: `Sum of ${metric.key} over the units, against equal shares`,
    told: gainSentence(last, metric.key, alpha),
    shape: 'slopes',
    lines: [
      line('equal shares', 'control', ({ gain }) => gain.earned - gain.gained),
      line('earned', 'arm1', ({ gain }) => gain.earned),
    ],
    band: bandOf(known),
    units: last.gain.units,
    writeY: written,
  } as const
  const caption = `The sum of the outcomes that came, and an estimate of what the same units would have given with equal shares: inverse-propensity scores, batch by batch, corrected by what earlier batches predict. The band is its ${formatLevel(1 - alpha)} confidence sequence, valid at every look.`
  return markup`<section>${head}
<p>${unbroken(gainSentence(last, metric.key, alpha))}</p>
<figure><div class="wide">${lineChart({ ...chart, id: 'gain-wide' }, 'wide')}</div><div class="narrow">${lineChart({ ...chart, id: 'gain-narrow' }, 'narrow')}</div>
<figcaption>${unbroken(caption)}</figcaption></figure>
${gainTable(known)}</section>`
}

function gainSentence({ gain }: Known, metric: string, alpha: number): string {
  const { units, earned, gained, lower, upper } = gain
  const so = `${metric} sums to ${written(earned)} over ${formatCount(units)} unit${units === 1 ? '' : 's'}`
  if (lower === 0 && upper === 0) return `${so}; the shares have been equal, so there is nothing to gain.`
  if (lower === null || upper === null) return `${so}; what equal shares would have earned is not known yet.`
  return `${so}: ${signed(gained)} against equal shares, ${formatLevel(1 - alpha)} confidence sequence from ${signed(lower)} to ${signed(upper)}.`
}

/** Where equal shares may lie; from the first batch on at which it is not wider than what was earned. */
function bandOf(known: readonly Known[]): (readonly [number, number, number])[] {
  return known.flatMap(({ gain: { units, earned, lower, upper } }) => {
    if (lower === null || upper === null || upper - lower > Math.abs(earned)) return []
    return [[units, earned - upper, earned - lower] as const]
  })
}

/** At four moments: a quarter of the units, half, three quarters, and all. */
function gainTable(known: readonly Known[]): Markup {
  const total = known.at(-1)?.gain.units ?? 0
  const moments = [0.25, 0.5, 0.75, 1].flatMap(share => known.find(({ gain }) => gain.units >= total * share) ?? [])
  const rows = [...new Set(moments)].map(({ gain: { units, earned, gained, lower, upper } }) => ({
    name: markup`${formatCount(units)}`,
    cells: [
      written(earned),
      written(earned - gained),
      signed(gained),
      lower === null ? '−∞' : signed(lower),
      { text: upper === null ? '+∞' : signed(upper), kind: 'to' },
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

/** Three digits, or all of a whole number. */
function written(value: number): string {
  const size = Math.abs(value)
  if (size >= 1e9) return (value < 0 ? '−' : '') + inPowersOfTen(size)
  const decimals = size >= 100 || Number.isInteger(value) ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : 3
  return (value < 0 ? '−' : '') + grouped(size.toFixed(decimals))
}

function signed(value: number): string {
  return value > 0 ? `+${written(value)}` : written(value)
}
