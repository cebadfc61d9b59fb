// Intervals drawn with letters, on an axis of columns. Zero stands in the same column of every row,
// and so does the margin.

import { type Notation, writeTick } from '../../bandit/report/notation.ts'
import { type ComparedArm, type Comparison, MARGIN_LEGEND, shownLift } from '../comparison.ts'
import { type Axis, axisFor, markOn } from '../svg/axis.ts'
import { lengthOf } from './prose.ts'
import type { Column } from './text-table.ts'

/**
 * A column of drawn intervals below the labels of their axis; empty where there is nothing to draw.
 */
export function plotColumn({ arms, notation, margin }: Comparison, cells: number): Column {
  const axis = axisFor(arms.map(shownLift), {
    cells,
    mostTicks: Math.max(3, Math.floor(cells / 10)),
    margin: margin ?? 0,
  })
  if (axis === null) return { head: '', cells: [], align: 'left' }
  return { head: labels(axis, notation), cells: arms.map(arm => drawn(axis, arm)), align: 'left' }
}

/** What its letters mean, a line each; `├─●─┤` is the legend of the comparison itself. */
export function plotLegend({ arms, legend, margin }: Comparison): string[] {
  const lifts = arms.filter(({ lift }) => lift.sufficientUnits === null).map(shownLift)
  const axis = axisFor(lifts, { cells: 100, mostTicks: 5, margin: margin ?? 0 })
  const marks = axis === null ? [] : lifts.map(lift => markOn(axis, lift))
  const runsOn = marks.some(({ runsOnBelow, runsOnAbove }) => runsOnBelow || runsOnAbove)
  return [
    `├─●─┤ ${legend}`,
    ...(margin === null ? [] : [`${margin === 0 ? '│' : '║'} ${MARGIN_LEGEND}`]),
    ...(runsOn ? ['← → runs on: unbounded, or too wide for the axis; the numbers say which.'] : []),
  ]
}

function drawn(axis: Axis, { lift, verdict }: ComparedArm): string {
  if (lift.sufficientUnits !== null) return ''
  const { from, to, at, runsOnBelow, runsOnAbove } = markOn(axis, lift)
  const letters: string[] = new Array(axis.cells).fill(' ')
  letters.fill(at === null ? '╌' : '─', from, to + 1)
  letters[from] = runsOnBelow ? '←' : '├'
  letters[to] = runsOnAbove ? '→' : '┤'
  const isCovered = (cell: number) => from <= cell && cell <= to
  letters[axis.zero] = isCovered(axis.zero) ? '┼' : '│'
  if (axis.margin !== null) letters[axis.margin.cell] = isCovered(axis.margin.cell) ? '╫' : '║'
  if (at !== null) letters[at] = verdict === 'undecided' ? '○' : '●'
  return letters.join('')
}

/**
 * The ticks' labels, each centred on its column as far as there is room; the one of zero always.
 */
function labels({ cells, ticks, zero, step }: Axis, notation: Notation): string {
  const letters: string[] = new Array(cells).fill(' ')
  const byDistance = [...ticks].sort((a, b) => Math.abs(a.value) - Math.abs(b.value))
  for (const { value, cell } of byDistance) {
    const label = value === 0 ? '0' : writeTick(notation, value, step)
    const from = Math.max(0, Math.min(cells - lengthOf(label), cell - Math.floor(lengthOf(label) / 2)))
    const around = letters.slice(Math.max(0, from - 1), from + lengthOf(label) + 1)
    const sits = value === 0 || Math.abs(from + Math.floor(lengthOf(label) / 2) - cell) <= 1
    if (sits && around.every(letter => letter === ' ')) letters.splice(from, lengthOf(label), ...label)
  }
  if (letters[zero] === ' ') letters[zero] = '0'
  return letters.join('').trimEnd()
}
