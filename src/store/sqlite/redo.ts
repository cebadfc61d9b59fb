// Saying again what the redo log has and the database has not: after a crash by whoever opens the file next, after a commit that
// failed by the service itself.
import Database from 'better-sqlite3'
import { DatabaseError } from '../database-error.ts'
import type { Call, SentenceName, Sentences } from '../sentences.ts'
import { assignmentSentences } from './assignments.ts'
import { unpackCalls } from './call-packing.ts'
import { Ledger } from './ledger.ts'
import type { RedoLog } from './redo-log.ts'
import { rewardSentences } from './rewards.ts'
import { snapshotSentences } from './snapshots.ts'

/**
 * Those that come by the thousand. Each depends on its arguments and on the tables alone, and so has the same outcome when it is said
 * again, in the same order, to the same tables.
 */
const REDONE: ReadonlySet<SentenceName> = new Set([
  'keepAssignments',
  'recordRewards',
  'takeSnapshot',
] satisfies SentenceName[])

type Redone = Pick<Sentences, 'keepAssignments' | 'recordRewards' | 'takeSnapshot'>

export function canBeRedone({ name }: Call): boolean {
  return REDONE.has(name)
}

export interface RedoPosition {
  readonly log: string
  readonly position: number
}

export function readPosition(db: Database.Database): RedoPosition {
  const found = db.prepare<[], RedoPosition>('SELECT log, position FROM redo_position').get()
  if (found === undefined) throw new TypeError('The table redo_position has no row')
  return found
}

/**
 * Says every entry that the database lacks, in the transaction under way. Answers the position of the last one, which is kept there.
 *
 * @throws DatabaseError where the log continues another state than the one that the database is in
 */
export function redo(db: Database.Database, log: RedoLog, say: (calls: readonly Call[]) => unknown): number {
  const known = readPosition(db)
  let { position } = known
  for (const entry of log.entriesAfter(position)) {
    if (known.log !== log.id || entry.position !== position + 1) throw strange(db)
    say(unpackCalls(entry.sheet))
    position = entry.position
  }
  if (position > known.position) keepPosition(db, position)
  return position
}

export function keepPosition(db: Database.Database, position: number): void {
  db.prepare('UPDATE redo_position SET position = ?').run(position)
}

/** As `redo`, for a connection that has no engine. @throws DatabaseError also where the database is too damaged for it */
export function redoAll(db: Database.Database, log: RedoLog): void {
  const ledger = new Ledger(db)
  const sentences: Redone = {
    ...assignmentSentences(db, ledger),
    ...rewardSentences(db, ledger),
    ...snapshotSentences(ledger),
  }
  const say = (calls: readonly Call[]) => {
    for (const { name, args } of calls)
      (sentences[name as keyof Redone] as (...args: readonly unknown[]) => unknown)(...args)
    ledger.settle()
  }
  try {
    redo(db, log, say)
  } catch (error) {
    throw isDamage(error) ? damaged(db, error) : error
  }
}

function isDamage(error: unknown): error is Error {
  return error instanceof Database.SqliteError && error.code.startsWith('SQLITE_CORRUPT')
}

function damaged(db: Database.Database, cause: Error): DatabaseError {
  return new DatabaseError(
    `Cannot open the database ${db.name}: a page that its redo log needs is damaged: ${cause.message}. Restore a backup; or move ` +
      `${db.name}-redo and what begins with its name aside, without what was acknowledged just before the crash.`,
    { cause },
  )
}

function strange(db: Database.Database): DatabaseError {
  return new DatabaseError(
    `Cannot open the database ${db.name}: the redo log beside it belongs to another state of it. Put back the file that was there, ` +
      `or, if this one is a copy that was put in its place, remove ${db.name}-redo and what begins with its name.`,
  )
}
