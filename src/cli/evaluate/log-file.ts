// A log of decisions in a file: CSV, or lines of JSON; Pinwheel's own export of assignments in
// either format is recognised.
import { createReadStream } from 'node:fs'
import { createInterface } from 'node:readline'
import { parse } from 'csv-parse'
import { Failure, UsageError } from '../terminal/failure.ts'

export interface Decision {
  readonly arm: string
  /** Null where the log has none. */
  readonly propensity: number | null
  readonly reward: number
  /** When it was taken, ms since 1970; null: the rows are in time order. */
  readonly at: number | null
}

/** The columns as the command line names them. */
export interface Columns {
  readonly arm?: string | undefined
  readonly propensity?: string | undefined
  readonly reward?: string | undefined
}

/** Those of the Open Bandit data. */
export const DEFAULT_COLUMNS = { arm: 'item_id', propensity: 'propensity_score', reward: 'click' } as const

/** What `GET /experiments/:key/assignments.csv` begins with; a column for each metric follows. */
const EXPORT_HEAD = ['unit', 'arm', 'propensity', 'snapshot', 'assignedAt']

/** A row as the file has it. */
type Row = Readonly<Record<keyof Decision, string | null>>
type ReadRow = (row: unknown) => Row

/** The decisions in the order of the file. @throws Failure */
export async function* readDecisions(file: string, columns: Columns): AsyncGenerator<Decision> {
  let line = 0
  try {
    for await (const row of readRows(file, columns)) {
      line += 1
      const reward = Number(row.reward)
      if (!row.reward || !Number.isFinite(reward)) {
        throw new Failure(`Cannot evaluate ${file}: the reward of row ${line} is "${row.reward ?? ''}"`)
      }
      const at = row.at === null ? null : Date.parse(row.at)
      if (Number.isNaN(at)) throw new Failure(`Cannot evaluate ${file}: the time of row ${line} is "${row.at}"`)
      yield { arm: row.arm ?? '', propensity: row.propensity ? Number(row.propensity) : null, reward, at }
    }
  } catch (error) {
    if (error instanceof Failure) throw error
    throw new Failure(`Cannot evaluate ${file}: ${(error as Error).message}`)
  }
}

async function* readRows(file: string, columns: Columns): AsyncGenerator<Row> {
  const isJson = /\.(ndjson|jsonl)$/i.test(file)
  let readRow: ReadRow | null = null
  for await (const row of isJson ? jsonRows(file) : csvRows(file)) {
    if (readRow !== null) yield readRow(row)
    else if (isJson) {
      readRow = jsonReader(row, columns)
      yield readRow(row)
    } else readRow = csvReader(row as string[], columns)
  }
}

async function* csvRows(file: string): AsyncGenerator<unknown> {
  const rows = parse({ bom: true })
  createReadStream(file)
    .on('error', error => rows.destroy(error))
    .pipe(rows)
  yield* rows
}

async function* jsonRows(file: string): AsyncGenerator<unknown> {
  for await (const line of createInterface({ input: createReadStream(file), crlfDelay: Number.POSITIVE_INFINITY })) {
    if (line.trim() !== '') yield JSON.parse(line)
  }
}

function csvReader(head: readonly string[], columns: Columns): ReadRow {
  const isExport = EXPORT_HEAD.every((name, position) => head[position] === name) && !namesColumns(columns)
  const metrics = EXPORT_HEAD.length
  const [arm, propensity, reward] = isExport
    ? [1, 2, metrics + head.slice(metrics).indexOf(metricOf(head.slice(metrics), columns))]
    : namesOf(head, columns).map(name => head.indexOf(name))
  const cell = (row: unknown, position: number | undefined) => (row as string[])[position ?? -1] ?? null
  return row => ({
    arm: cell(row, arm),
    propensity: cell(row, propensity),
    reward: cell(row, reward),
    at: isExport ? cell(row, EXPORT_HEAD.indexOf('assignedAt')) : null,
  })
}

function jsonReader(first: unknown, columns: Columns): ReadRow {
  const { outcomes } = fieldsOf(first)
  const isExport = typeof outcomes === 'object' && outcomes !== null && !namesColumns(columns)
  if (isExport) {
    const metric = metricOf(Object.keys(outcomes), columns)
    return row => {
      const { arm, propensity, assignedAt, outcomes } = fieldsOf(row)
      return {
        arm: text(arm),
        propensity: text(propensity),
        reward: text(fieldsOf(outcomes)[metric]),
        at: text(assignedAt),
      }
    }
  }
  const [arm = '', propensity = '', reward = ''] = namesOf(Object.keys(fieldsOf(first)), columns)
  return row => {
    const fields = fieldsOf(row)
    return { arm: text(fields[arm]), propensity: text(fields[propensity]), reward: text(fields[reward]), at: null }
  }
}

function fieldsOf(value: unknown): Record<string, unknown> {
  if (typeof value === 'object' && value !== null) return value as Record<string, unknown>
  throw new Failure('Cannot evaluate the log: each of its lines must be a JSON object')
}

function text(value: unknown): string | null {
  return value === undefined || value === null ? null : String(value)
}

/** In an export only the reward may be named: it is a metric. */
function namesColumns({ arm, propensity }: Columns): boolean {
  return arm !== undefined || propensity !== undefined
}

function metricOf(metrics: readonly string[], { reward }: Columns): string {
  const [only = '', ...others] = metrics
  if (reward === undefined && others.length === 0) return only
  if (reward !== undefined && metrics.includes(reward)) return reward
  throw new UsageError(`Name the metric to evaluate with --reward: ${metrics.join(', ')}`)
}

function namesOf(head: readonly string[], columns: Columns): string[] {
  const names = (['arm', 'propensity', 'reward'] as const).map(name => columns[name] ?? DEFAULT_COLUMNS[name])
  const missing = names.filter(name => !head.includes(name))
  if (missing.length === 0) return names
  throw new Failure(
    `Cannot evaluate the log: it has no column ${missing.join(', ')}; it has ${head.slice(0, 12).join(', ')}`,
  )
}
