// Intervals drawn with letters, on an axis of columns. Zero stands in the same column of every row.
import { type Axis, axisFor, markOn } from './axis.ts'
import { type Notation, type Span, writeTick } from './notation.ts'
import { lengthOf } from './prose.ts'
import type { Column } from './text-table.ts'

export interface DrawnSpan extends Span {
  /** A decided one has a full dot. */
  readonly decided: boolean
}

/** A column of drawn intervals below the labels of their axis; empty where there is nothing to draw. */
export function plotColumn(spans: readonly DrawnSpan[], cells: number, notation: Notation): Column {
  const axis = axisFor(spans, cells, Math.max(3, Math.floor(cells / 10)))
  if (axis === null) return { head: '', cells: [], align: 'left' }
  return { head: labels(axis, notation), cells: spans.map(span => drawn(axis, span)), align: 'left' }
}

/** Whether any interval runs on beyond the axis that these have in common. */
export function runsOn(spans: readonly Span[]): boolean {
  const axis = axisFor(spans, 100, 5)
  if (axis === null) return false
  return spans.map(span => markOn(axis, span)).some(mark => mark.runsOnBelow || mark.runsOnAbove)
}

function drawn(axis: Axis, span: DrawnSpan): string {
  const { from, to, at, runsOnBelow, runsOnAbove } = markOn(axis, span)
  const letters: string[] = new Array(axis.cells).fill(' ')
  letters.fill(at === null ? '╌' : '─', from, to + 1)
  letters[from] = runsOnBelow ? '←' : '├'
  letters[to] = runsOnAbove ? '→' : '┤'
  letters[axis.zero] = axis.zero < from || axis.zero > to ? '│' : '┼'
  if (at !== null) letters[at] = span.decided ? '●' : '○'
  return letters.join('')
}

/** The ticks' labels, each centred on its column as far as there is room; the one of zero always. */
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
