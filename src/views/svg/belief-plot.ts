// The policy's beliefs as ridges: for each arm the density of its mean outcome, on one axis and one
// scale.

import type { ExperimentView } from '../../bandit/report/experiment-view.ts'
import { meanNotation, spanOf, writeEnds, writeTick, writeWithUnit } from '../../bandit/report/notation.ts'
import { formatShare } from '../../bandit/report/numbers.ts'
import { type Markup, markup, NOTHING } from '../html/markup.ts'
import { CREDIBLE_LEVEL } from '../words.ts'
import { type ArmColour, armColours } from './arm-colours.ts'
import { drawing, figure, fixed } from './drawing.ts'
import type { ChartLayout } from './line-chart.ts'
import { arranged, LAYOUTS, LETTER, wordsOf } from './plot-layout.ts'
import { ticksBetween } from './ticks.ts'

/** In pixels: how far the highest ridge rises above its foot. */
const RISE = { wide: 34, narrow: 15 } as const

/** What is lower than this share of the highest ridge is flat. */
const LEAST_HEIGHT = 0.004

/** Nothing where there is no belief yet. */
export function beliefFigure({ report, beliefs }: ExperimentView): Markup {
  if (beliefs === null) return NOTHING
  const hidden = beliefs.densities.filter(density => density === null).length
  const others = hidden === 0 ? '' : ` ${hidden} less probable arms are left out.`
  const caption = `Where the policy believes each arm’s mean ${report.metric.key} to lie, all ridges on one scale; beside each its P(best) and ${CREDIBLE_LEVEL} credible interval.${others}`
  return figure(layout => plot(report, beliefs, layout), caption)
}

function plot(
  { arms, metric }: ExperimentView['report'],
  { points, densities }: NonNullable<ExperimentView['beliefs']>,
  layout: ChartLayout,
): Markup {
  const colours = armColours(arms)
  const shown = arms.flatMap((arm, position) => {
    const density = densities[position]
    return density == null ? [] : [{ ...arm, density, colour: colours[position] as ArmColour }]
  })
  const notation = meanNotation(
    metric,
    shown.map(({ posterior }) => spanOf(posterior)),
  )
  const texts = shown.map(({ arm, probabilityBest, posterior }) => ({
    name: arm,
    lift: formatShare(probabilityBest),
    range: writeEnds(notation, spanOf(posterior)).join(' … '),
  }))
  const { left, cells, rows, bottom } = arranged(texts, layout, 0)
  const [lower = 0, upper = 1] = [points[0], points.at(-1)]
  const highest = Math.max(...shown.flatMap(({ density }) => density))
  const across = (value: number) => left + ((value - lower) / (upper - lower)) * cells
  const { step, ticks } = ticksBetween(lower, upper, layout === 'wide' ? 7 : 4)
  const { width } = LAYOUTS[layout]
  const grid = ticks.map((tick, place) => {
    const label =
      place === 0 ? withUnit(writeTick(notation, tick, step), notation.unit) : writeTick(notation, tick, step)
    const half = LETTER.soft * (label.length / 2)
    const x = Math.max(half, Math.min(width - half, across(tick)))
    return markup`<path class="hair" d="M${fixed(across(tick))} 22V${bottom}"/><text class="soft" x="${fixed(x)}" y="14" text-anchor="middle">${label}</text>`
  })
  const ridges = shown.map(({ density, colour, posterior }, place) => {
    const row = rows[place]
    if (row === undefined) return NOTHING
    const foot = row.barY + (layout === 'wide' ? 15 : 8)
    const ridge = points.flatMap((point, at) => {
      const height = (density[at] ?? 0) / highest
      return height < LEAST_HEIGHT ? [] : [[across(point), foot - RISE[layout] * height] as const]
    })
    const [from = 0, to = 0] = [ridge[0]?.[0], ridge.at(-1)?.[0]]
    const outline = ridge.map(([x, y]) => `L${fixed(x)} ${fixed(y)}`).join('')
    // Beside a needle a flat belief is nowhere high enough to be seen.
    const hill =
      ridge.length === 0
        ? NOTHING
        : markup`<path class="hill" d="M${fixed(from)} ${foot}${outline}L${fixed(to)} ${foot}"/>`
    const mean = posterior?.mean ?? null
    const tick =
      mean === null || mean < lower || mean > upper
        ? NOTHING
        : markup`<path class="mean" d="M${fixed(across(mean))} ${foot}v4"/>`
    return markup`
<g class="ridge ${colour}">${wordsOf(row)}<path class="hair" d="M${left} ${foot}H${left + cells}"/>${hill}${tick}</g>`
  })
  const told = shown
    .slice(0, 12)
    .map(
      ({ arm, probabilityBest, posterior }) =>
        `${arm}: P(best) ${formatShare(probabilityBest)}, mean ${writeWithUnit(notation, posterior?.mean ?? null)}.`,
    )
  const title = `Belief in the mean ${metric.key} of each arm`
  return drawing(
    { id: `belief-${layout}`, title, told: told.join(' '), width, height: bottom + 8 },
    markup`${grid}${ridges}`,
  )
}

function withUnit(label: string, unit: string): string {
  return unit === '' ? label : `${label} ${unit}`
}
