// A SQLite file to be copied from, and one to be copied to.
import type Database from 'better-sqlite3'
import { openDatabase } from '../sqlite/database.ts'
import { type CopySource, type CopyTarget, type Row, SLICE_ROWS, type Table } from './tables.ts'

/** @throws DatabaseError */
export function openSqliteSource(path: string): CopySource {
  const db = openDatabase(path)
  // It begins with the first look, and what that sees stays.
  db.exec('BEGIN')
  return {
    count: async table => count(db, table),

    async *read({ name, columns, key, sliceRows = SLICE_ROWS }) {
      const select = db.prepare<[], Row>(`SELECT ${Object.keys(columns)} FROM ${name} ORDER BY ${key}`).raw()
      let slice: Row[] = []
      for (const row of select.iterate()) {
        slice.push(row)
        if (slice.length < sliceRows) continue
        yield slice
        slice = []
      }
      if (slice.length > 0) yield slice
    },

    close: async () => void db.close(),
  }
}

/** @throws DatabaseError, SqliteError */
export function openSqliteTarget(path: string): CopyTarget {
  const db = openDatabase(path)
  db.exec('BEGIN IMMEDIATE')
  const inserts = new Map<string, Database.Statement>()
  return {
    count: async table => count(db, table),

    async write({ name, columns }, rows) {
      const names = Object.keys(columns)
      const insert = inserts.get(name) ?? db.prepare(`INSERT INTO ${name} (${names}) VALUES (${names.map(() => '?')})`)
      inserts.set(name, insert)
      for (const row of rows) insert.run(row)
    },

    commit: async () => void db.exec('COMMIT'),

    close: async () => void db.close(),
  }
}

function count(db: Database.Database, { name }: Table): number {
  return db.prepare<[], number>(`SELECT count(*) FROM ${name}`).pluck().get() as number
}
