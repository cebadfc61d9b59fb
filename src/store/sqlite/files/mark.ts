// A mark beside the database file, by which the next start tells one that is older than what was
// served last, or another one: put back from a copy, or without its write-ahead log. See migration
// 12.
import { closeSync, constants, existsSync, openSync, readFileSync, statSync, write } from 'node:fs'
import { promisify } from 'node:util'
import type Database from 'better-sqlite3'
import { DatabaseError } from '../../database-error.ts'
import { syncFile } from './wal-sync.ts'

interface MarkRow {
  readonly database: string
  readonly number: number
}

/** The database is marked with the first commit after so long. */
const INTERVAL_MS = 1_000

const writeAt = promisify(write)

/** The file of the mark of the database at `path`. */
export function markPath(path: string): string {
  return `${path}-mark`
}

export class Mark {
  readonly #path: string
  readonly #raise: Database.Statement<[], MarkRow>
  /** Who may not read the database may not read its mark. */
  readonly #mode: number
  #descriptor: number | null = null
  #raisedAt = Number.NEGATIVE_INFINITY
  #raised: MarkRow | null = null
  #noting: Promise<void> = Promise.resolve()

  /**
   * @throws DatabaseError where the database is not the one that was served here last, or an older
   * state of it
   */
  constructor(db: Database.Database) {
    this.#path = markPath(db.name)
    this.#mode = statSync(db.name).mode & 0o777
    expectMarked(db, this.#path)
    this.#raise = db.prepare<[], MarkRow>('UPDATE marks SET number = number + 1 RETURNING database, number')
  }

  /** Called in each transaction that writes; raises the mark in the database when it is time. */
  raise(): void {
    if (performance.now() - this.#raisedAt < INTERVAL_MS) return
    this.#raised = this.#raise.get() ?? null
    this.#raisedAt = performance.now()
  }

  /** The transaction was undone. */
  forget(): void {
    this.#raisedAt = Number.NEGATIVE_INFINITY
    this.#raised = null
  }

  /**
   * Called once what was committed is on the disk: the mark beside the file never is ahead of the
   * file.
   */
  note(): void {
    if (this.#raised === null) return
    const text = `${JSON.stringify(this.#raised).padEnd(TEXT_BYTES - 1)}\n`
    this.#raised = null
    // A mark that cannot be written stays behind, and can hide a loss, but makes none.
    this.#noting = this.#noting.then(() => this.#write(text)).catch(() => {})
  }

  /** Resolves when the last one is written. */
  async close(): Promise<void> {
    await this.#noting
    if (this.#descriptor !== null) closeSync(this.#descriptor)
    this.#descriptor = null
  }

  async #write(text: string): Promise<void> {
    this.#descriptor ??= openSync(this.#path, constants.O_RDWR | constants.O_CREAT, this.#mode)
    await writeAt(this.#descriptor, text, 0)
    await syncFile(this.#descriptor)
  }
}

/** The same for every mark, so that it is overwritten in one step. */
const TEXT_BYTES = 96

/** @throws DatabaseError */
function expectMarked(db: Database.Database, path: string): void {
  const noted = readMark(path)
  if (noted === null) return
  const own = db.prepare<[], MarkRow>('SELECT database, number FROM marks').get()
  const isSame = own?.database === noted.database
  if (isSame && own.number >= noted.number) return
  const what = isSame
    ? `older than what was served here last (mark ${own.number}, not ${noted.number}): a copy was put back, or its -wal was lost`
    : 'another one than was served here last, or has lost its -wal'
  const remedy = `Put back the file that was there with its -wal, or remove ${path} to serve this one as it is.`
  throw new DatabaseError(`Cannot serve the database ${db.name}: it is ${what}. ${remedy}`)
}

/** Null where there is none, or it was torn by a power cut in its first write. */
function readMark(path: string): MarkRow | null {
  try {
    return existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : null
  } catch (error) {
    if (error instanceof SyntaxError) return null
    throw error
  }
}
