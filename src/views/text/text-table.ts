// Tables for a terminal: a column of names, then columns whose numbers align on the decimal point,
// then a drawing in what room is left. No rules, no boxes: alignment is the ruling.
import { ABSENT } from '../../bandit/report/numbers.ts'
import { lengthOf } from './prose.ts'

export interface Column {
  readonly head: string
  readonly cells: readonly string[]
  readonly align: 'left' | 'right'
}

export interface Table {
  /** Each row's place in the list of names. */
  readonly rows: readonly number[]
  readonly columns: readonly Column[]
  /** A last column, drawn into as many cells as there are. */
  readonly draw?: (cells: number) => Column
}

const INDENT = 2
const GAP = 2
const LONGEST_NAME = 36
const LEAST_DRAWING = 31
const MOST_DRAWING = 61

/** A column of numbers, padded behind so that their decimal points stand below each other. */
export function numberColumn<Row>(head: string, rows: readonly Row[], write: (row: Row) => string): Column {
  const numbers = rows.map(row => {
    const [, digits = '', fraction = '', unit = ''] = /^(.*?)(\.\d+)?( %| pp)?$/.exec(write(row)) ?? []
    return { digits, fraction, unit }
  })
  const decimals = Math.max(0, ...numbers.map(({ fraction }) => fraction.length))
  const unitWidth = Math.max(0, ...numbers.map(({ unit }) => unit.length))
  const cells = numbers.map(({ digits, fraction, unit }) => digits + fraction.padEnd(decimals) + unit.padEnd(unitWidth))
  return { head, cells, align: 'right' }
}

/** A column of intervals: `−0.12 … +8.50`, both ends aligned; null: there is none. */
export function intervalColumn<Row>(
  head: string,
  rows: readonly Row[],
  write: (row: Row) => readonly [lower: string, upper: string] | null,
): Column {
  const ends = rows.map(write)
  const lowerWidth = Math.max(0, ...ends.map(pair => lengthOf(pair?.[0] ?? '')))
  const upperWidth = Math.max(0, ...ends.map(pair => lengthOf(pair?.[1] ?? '')))
  const cells = ends.map(pair =>
    pair === null ? ABSENT : `${padStart(pair[0], lowerWidth)} … ${padStart(pair[1], upperWidth)}`,
  )
  return { head, cells, align: 'right' }
}

export function wordColumn<Row>(head: string, rows: readonly Row[], write: (row: Row) => string): Column {
  return { head, cells: rows.map(write), align: 'left' }
}

/** Whether there is anything to read in a column. */
export function saysSomething({ cells }: Column): boolean {
  return cells.some(cell => cell.trim() !== '' && cell.trim() !== ABSENT)
}

/**
 * The width that the names of all tables may have, the same in each, so that the tables stand below
 * each other.
 */
export function nameWidth(tables: readonly Table[], names: readonly string[], width: number): number {
  const rest = tables.map(table => INDENT + widthOf(table) + (table.draw === undefined ? 0 : GAP + LEAST_DRAWING))
  const room = width - Math.max(0, ...rest)
  return Math.max(8, Math.min(LONGEST_NAME, room, Math.max(0, ...names.map(lengthOf))))
}

/** A table's lines, each of at most `width` columns. */
export function renderTable(table: Table, names: readonly string[], nameWidth: number, width: number): string[] {
  const room = width - INDENT - nameWidth - widthOf(table) - GAP
  const drawing = table.draw?.(Math.min(MOST_DRAWING, room))
  const columns = [...table.columns, ...(drawing === undefined ? [] : [drawing])].map(column => {
    const [pad, columnWidth] = [column.align === 'left' ? padEnd : padStart, widthOfColumn(column)]
    return [column.head, ...column.cells].map(cell => pad(cell, columnWidth))
  })
  return ['', ...table.rows.map(place => names[place] ?? '')].map((name, line) => {
    const cells = [padEnd(name, nameWidth), ...columns.map(lines => lines[line] ?? '')]
    return (' '.repeat(INDENT) + cells.join(' '.repeat(GAP))).trimEnd()
  })
}

function widthOf({ columns }: Table): number {
  return columns.reduce((sum, column) => sum + GAP + widthOfColumn(column), 0)
}

function widthOfColumn({ head, cells }: Column): number {
  return Math.max(lengthOf(head), ...cells.map(lengthOf))
}

export function padStart(text: string, width: number): string {
  return ' '.repeat(Math.max(0, width - lengthOf(text))) + text
}

export function padEnd(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - lengthOf(text)))
}
