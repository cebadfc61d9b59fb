// Where the rows of the interval plot stand. Alone or wide: name, drawing, numbers side by side.
// Narrow, for phones: name and numbers above the drawing. Nothing can measure text here, so widths
// are computed from letters, on the safe side, and long names wrap.
import { type Markup, markup } from '../html/markup.ts'
import { keyLines } from '../text/prose.ts'

export type Layout = 'alone' | 'wide' | 'narrow'

/** In pixels of the drawing's own. */
export const LAYOUTS = {
  alone: { width: 800, padding: 16 },
  wide: { width: 800, padding: 0 },
  narrow: { width: 360, padding: 0 },
} as const satisfies Record<Layout, { width: number; padding: number }>

export interface RowText {
  readonly name: string
  readonly lift: string
  readonly range: string
}

export interface PlacedText {
  /** Its class. */
  readonly name: 'key' | 'lift' | 'soft'
  readonly x: number
  readonly y: number
  readonly anchor: 'start' | 'end'
  readonly text: string
}

export interface Row {
  readonly texts: readonly PlacedText[]
  readonly barY: number
}

export interface Arrangement {
  /** Where the axis begins, and how many pixels it has. */
  readonly left: number
  readonly cells: number
  readonly rows: readonly Row[]
  readonly bottom: number
}

const AXIS_HEIGHT = 28
const LINE = 16
const GAP = 20
/** Width of a letter: of a fixed-width name, of a number in bold, of a smaller number. */
export const LETTER = { key: 7.4, lift: 8, soft: 7 } as const
const LONGEST_LINE = { wide: 26, narrow: 46 } as const

/** Rows below `top`, first the axis. */
export function arranged(texts: readonly RowText[], layout: Layout, top: number): Arrangement {
  return layout === 'narrow' ? stacked(texts, top) : sideBySide(texts, top, LAYOUTS[layout])
}

/** What is written in a row. */
export function wordsOf({ texts }: Row): Markup {
  return markup`${texts.map(
    ({ name, x, y, anchor, text }) =>
      markup`<text class="${name}" x="${x}" y="${y}" text-anchor="${anchor}">${text}</text>`,
  )}`
}

function sideBySide(
  texts: readonly RowText[],
  top: number,
  { width, padding }: { width: number; padding: number },
): Arrangement {
  const names = texts.map(({ name }) => keyLines(name, LONGEST_LINE.wide))
  const nameWidth = LETTER.key * Math.max(0, ...names.flat().map(line => line.length))
  const numberWidth = Math.max(0, ...texts.map(({ lift, range }) => widest(lift, range)))
  const left = Math.ceil(padding + nameWidth + GAP)
  const right = width - padding
  let y = top + AXIS_HEIGHT
  const rows = texts.map(({ lift, range }, place): Row => {
    const lines = names[place] ?? []
    const height = LINE * Math.max(2, lines.length) + 6
    const middle = y + height / 2
    const first = middle + 4 - (LINE * (lines.length - 1)) / 2
    y += height
    return {
      texts: [
        ...lines.map(
          (text, line) => ({ name: 'key', x: padding, y: first + LINE * line, anchor: 'start', text }) as const,
        ),
        { name: 'lift', x: right, y: middle - 3, anchor: 'end', text: lift },
        { name: 'soft', x: right, y: middle + 11, anchor: 'end', text: range },
      ],
      barY: middle,
    }
  })
  return { left, cells: Math.floor(right - numberWidth - GAP - left), rows, bottom: y }
}

function stacked(texts: readonly RowText[], top: number): Arrangement {
  const { width } = LAYOUTS.narrow
  let y = top + AXIS_HEIGHT
  const rows = texts.map(({ name, lift, range }): Row => {
    const lines = keyLines(name, LONGEST_LINE.narrow)
    const rangeWidth = LETTER.soft * range.length + 8
    const needed = LETTER.key * (lines.at(-1) ?? '').length + LETTER.lift * lift.length + rangeWidth + 8
    const numberLine = lines.length - (needed <= width ? 1 : 0)
    const first = y + 14
    const last = first + LINE * Math.max(lines.length - 1, numberLine)
    y = last + 28
    return {
      texts: [
        ...lines.map((text, line) => ({ name: 'key', x: 0, y: first + LINE * line, anchor: 'start', text }) as const),
        { name: 'lift', x: width - rangeWidth, y: first + LINE * numberLine, anchor: 'end', text: lift },
        { name: 'soft', x: width, y: first + LINE * numberLine, anchor: 'end', text: range },
      ],
      barY: last + 13,
    }
  })
  return { left: 4, cells: width - 8, rows, bottom: y }
}

function widest(lift: string, range: string): number {
  return Math.max(LETTER.lift * lift.length, LETTER.soft * range.length)
}
