import type { Key, KeyChange } from '../../access/key.ts'
import type { KeyStore } from '../port.ts'
import type { Connection } from './connection/connection.ts'
import { type Reader, statement } from './connection/statement.ts'
import { Race } from './store-failure.ts'

type KeyRow = Omit<Key, 'scopes'> & { readonly scopes: string }

type ChangeRow = Omit<KeyChange, 'changes'> & { readonly changes: string }

const FIND_KEYS = statement<KeyRow>(`
  SELECT name, kind, scopes, digest, hint, rate, created_at AS "createdAt", expires_at AS "expiresAt",
    replaced_at AS "replacedAt", revoked_at AS "revokedAt"
  FROM keys ORDER BY id`)

const LAST_CHANGE = statement<{ readonly number: number }>(`
  SELECT coalesce(max(number), 0) AS number FROM key_changes`)

const KEEP_KEY = statement(`
  INSERT INTO keys (name, kind, scopes, digest, hint, rate, created_at, expires_at, replaced_at, revoked_at)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
  ON CONFLICT (digest) DO UPDATE
  SET expires_at = excluded.expires_at, replaced_at = excluded.replaced_at, revoked_at = excluded.revoked_at`)

const INSERT_CHANGE = statement(`
  INSERT INTO key_changes (number, at, actor, action, name, hint, changes) VALUES ($1, $2, $3, $4, $5, $6, $7)
  ON CONFLICT (number) DO NOTHING`)

const FIND_CHANGES = statement<ChangeRow>(`
  SELECT at, actor, action, name, hint, changes FROM key_changes ORDER BY number`)

export function keyCommands(connection: Connection): KeyStore {
  return {
    readKeys: () =>
      connection.atOneInstant(async tx => {
        const [keys, lastChange] = await Promise.all([tx.ask(FIND_KEYS, []), lastNumber(tx)])
        return { keys: keys.map(keyOf), lastChange }
      }),

    lastKeyChange: () => lastNumber(connection),

    keepKeys: (after, kept) =>
      connection.transaction(async tx => {
        if ((await lastNumber(tx)) !== after) return false
        for (const [position, { change }] of kept.entries()) {
          const { at, actor, action, name, hint, changes } = change
          const row = [after + 1 + position, at, actor, action, name, hint, JSON.stringify(changes)]
          // The number is the compare-and-set: anyone who races for it waits here, and finds it
          // taken.
          if ((await tx.write(INSERT_CHANGE, row)).count === 0) throw new Race()
        }
        for (const { key } of kept) {
          const { name, kind, digest, hint, rate, createdAt, expiresAt, replacedAt, revokedAt } = key
          const scopes = JSON.stringify(key.scopes)
          tx.write(KEEP_KEY, [name, kind, scopes, digest, hint, rate, createdAt, expiresAt, replacedAt, revokedAt])
        }
        return true
      }),

    findKeyChanges: async () =>
      (await connection.ask(FIND_CHANGES)).map(row => ({ ...row, changes: JSON.parse(row.changes) })),
  }
}

async function lastNumber(reader: Reader): Promise<number> {
  return (await reader.ask(LAST_CHANGE, []))[0]?.number ?? 0
}

function keyOf({ scopes, ...row }: KeyRow): Key {
  return { ...row, scopes: JSON.parse(scopes) }
}
