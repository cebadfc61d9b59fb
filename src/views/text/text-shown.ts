// A section that says what is to be shown, as lines of text: columns as wide as their cells, the
// last one in as many lines as it needs.
import type { Shown, ShownTable } from '../../bandit/report/sections/section.ts'
import { lengthOf, plain, wrap } from './prose.ts'
import { padEnd, padStart } from './text-table.ts'

/** Longer cells are cut, except in the last column. */
const LONGEST_CELL = 24

export function shownLines({ title, table, sentences }: Shown, width: number): string[] {
  return [
    ...wrap(title, width),
    ...(table === null ? [] : tableLines(table, width)),
    ...sentences.flatMap(sentence => wrap(sentence, width, '  ')),
  ]
}

function tableLines({ caption, columns, rows }: ShownTable, width: number): string[] {
  const cells = [columns.map(({ head }) => head), ...rows].map(row =>
    row.map((cell, column) => (column === row.length - 1 ? plain(cell) : cut(plain(cell)))),
  )
  const widths = columns.map((_, column) => Math.max(...cells.map(row => lengthOf(row[column] ?? ''))))
  const lines = cells.flatMap(row => {
    const lead = row.slice(0, -1).map((cell, column) => {
      const pad = columns[column]?.kind === 'number' ? padStart : padEnd
      return `  ${pad(cell, widths[column] ?? 0)}`
    })
    return wrap(row.at(-1) ?? '', width, `${lead.join('')}  `)
  })
  return [...lines.map(line => line.trimEnd()), ...wrap(caption, width, '  ')]
}

function cut(cell: string): string {
  const letters = [...cell]
  return letters.length <= LONGEST_CELL ? cell : `${letters.slice(0, LONGEST_CELL - 1).join('')}…`
}
