// Reads the published files: CSV with a header, quoted fields (Upworthy's headlines have commas,
// quotes and line breaks), gzipped where the name says so.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { parse } from 'csv-parse/sync'
import type { Outcome } from '../../src/cli/demo/recording.ts'
import { Failure } from '../../src/cli/terminal/failure.ts'

export type Row = Readonly<Record<string, string>>

/**
 * The rows of a file below the data folder, by the names of its header.
 *
 * @throws Failure when it is not there, or has not all of `columns`
 */
export function readTable(dataFolder: string, file: string, columns: readonly string[]): Row[] {
  const path = join(dataFolder, file)
  const bytes = readBytes(path)
  const text = (file.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8')
  const rows = parse<Row>(text, { columns: true, bom: true })
  const missing = columns.filter(column => rows[0]?.[column] === undefined)
  if (missing.length > 0) throw new Failure(`Cannot use ${path}: it has no column ${missing.join(', ')}`)
  return rows
}

/** @throws Failure when it is no number */
export function numberIn(row: Row, column: string): number {
  const text = row[column] ?? ''
  const value = Number(text)
  if (text.trim() !== '' && Number.isFinite(value)) return value
  throw new Failure(`Cannot use a row of the data: its ${column} is ${JSON.stringify(text)}, which is no number`)
}

/** The key for what a column says. @throws Failure when there is none */
export function keyFor(row: Row, column: string, keys: Readonly<Record<string, string>>): string {
  const key = keys[row[column] ?? '']
  if (key !== undefined) return key
  throw new Failure(`Cannot use a row of the data: its ${column} is ${JSON.stringify(row[column])}`)
}

/**
 * The outcomes of each arm, in the order of the rows; `column` says which arm of `arms` a row had.
 */
export function outcomesByArm(
  rows: readonly Row[],
  column: string,
  arms: Readonly<Record<string, string>>,
  outcomeOf: (row: Row) => Outcome,
): Map<string, Outcome[]> {
  const outcomes = new Map<string, Outcome[]>(Object.values(arms).map(arm => [arm, []]))
  for (const row of rows) outcomes.get(keyFor(row, column, arms))?.push(outcomeOf(row))
  return outcomes
}

function readBytes(path: string): Buffer {
  try {
    return readFileSync(path)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    throw new Failure(
      `Cannot read ${path} (${code}): name the folder of the data with --data, or try npx --no pinwheel demo, which needs none`,
    )
  }
}
