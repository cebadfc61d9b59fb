// A log of decisions in a file, CSV or lines of JSON: an export of Pinwheel's assignments, or any
// other log by the names of its columns.
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

/** The columns that the command line names. In an export only `reward` may be: it is a metric. */
export interface Columns {
  readonly arm?: string | undefined
  readonly propensity?: string | undefined
  readonly reward?: string | undefined
}

/** Those of the Open Bandit data. */
const DEFAULT_COLUMNS = { arm: 'item_id', propensity: 'propensity_score', reward: 'click' } as const

/** The first columns of `GET /experiments/:key/assignments.csv`; one for each metric follows. */
const EXPORT_HEAD = ['unit', 'arm', 'propensity', 'snapshot', 'assignedAt']

/** Before the name of a metric, which may be the name of another column too. */
const OUTCOME = 'outcomes.'

/** By the name of the column. */
type Row = Readonly<Record<string, unknown>>

/** The decisions in the order of the file. @throws Failure */
export async function* readDecisions(file: string, columns: Columns): AsyncGenerator<Decision> {
  const mayBeExport = columns.arm === undefined && columns.propensity === undefined
  const rows = /\.(ndjson|jsonl)$/i.test(file) ? jsonRows(file, mayBeExport) : csvRows(file, mayBeExport)
  let names: Readonly<Record<keyof Decision, string>> | null = null
  let line = 0
  try {
    for await (const row of rows) {
      line += 1
      names ??= namesIn(Object.keys(row), columns)
      yield decisionIn(row, names, line)
    }
  } catch (error) {
    if (error instanceof UsageError) throw error
    throw new Failure(`Cannot evaluate ${file}: ${(error as Error).message}`)
  }
}

async function* csvRows(file: string, mayBeExport: boolean): AsyncGenerator<Row> {
  const columns = (head: readonly string[]) => {
    const isExport = mayBeExport && EXPORT_HEAD.every((name, position) => head[position] === name)
    return head.map((name, position) => (isExport && position >= EXPORT_HEAD.length ? OUTCOME + name : name))
  }
  const rows = parse({ bom: true, columns })
  createReadStream(file)
    .on('error', error => rows.destroy(error))
    .pipe(rows)
  yield* rows
}

async function* jsonRows(file: string, mayBeExport: boolean): AsyncGenerator<Row> {
  for await (const line of createInterface({ input: createReadStream(file), crlfDelay: Number.POSITIVE_INFINITY })) {
    if (line.trim() === '') continue
    const row: unknown = JSON.parse(line)
    if (!isObject(row)) throw new Failure('each of its lines must be a JSON object')
    const outcomes = mayBeExport && isObject(row.outcomes) ? Object.entries(row.outcomes) : []
    yield { ...row, ...Object.fromEntries(outcomes.map(([metric, outcome]) => [OUTCOME + metric, outcome])) }
  }
}

function isObject(value: unknown): value is Row {
  return typeof value === 'object' && value !== null
}

/** In which column each part of a decision is; '' for the time: nowhere. */
function namesIn(head: readonly string[], columns: Columns): Readonly<Record<keyof Decision, string>> {
  const metrics = head.filter(name => name.startsWith(OUTCOME)).map(name => name.slice(OUTCOME.length))
  if (metrics.length > 0) {
    const reward = OUTCOME + metricIn(metrics, columns)
    return { arm: 'arm', propensity: 'propensity', reward, at: 'assignedAt' }
  }
  const { arm = DEFAULT_COLUMNS.arm, propensity = DEFAULT_COLUMNS.propensity } = columns
  const { reward = DEFAULT_COLUMNS.reward } = columns
  const missing = [arm, propensity, reward].filter(name => !head.includes(name))
  if (missing.length === 0) return { arm, propensity, reward, at: '' }
  throw new Failure(`it has no column ${missing.join(', ')}; it has ${head.slice(0, 12).join(', ')}`)
}

function metricIn(metrics: readonly string[], { reward }: Columns): string {
  const [only = '', ...others] = metrics
  if (reward === undefined && others.length === 0) return only
  if (reward !== undefined && metrics.includes(reward)) return reward
  throw new UsageError(`Name the metric to evaluate with --reward: ${metrics.join(', ')}`)
}

function decisionIn(row: Row, names: Readonly<Record<keyof Decision, string>>, line: number): Decision {
  const text = (part: keyof Decision) => String(row[names[part]] ?? '')
  const reward = Number(text('reward'))
  if (text('reward') === '' || !Number.isFinite(reward)) {
    throw new Failure(`the reward of row ${line} is "${text('reward')}"`)
  }
  const at = text('at') === '' ? null : Date.parse(text('at'))
  if (Number.isNaN(at)) throw new Failure(`the time of row ${line} is "${text('at')}"`)
  return { arm: text('arm'), propensity: text('propensity') === '' ? null : Number(text('propensity')), reward, at }
}
