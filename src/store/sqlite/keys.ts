import type Database from 'better-sqlite3'
import type { Key, KeyChange } from '../../access/key.ts'
import type { CommandsOf } from '../commands.ts'
import type { KeyStore } from '../port.ts'

type KeyRow = Omit<Key, 'scopes'> & { readonly scopes: string }

type ChangeRow = Omit<KeyChange, 'changes'> & { readonly changes: string }

export function keyCommands(db: Database.Database): CommandsOf<KeyStore> {
  const findKeys = db.prepare<[], KeyRow>(`
    SELECT name, kind, scopes, digest, hint, rate, created_at AS createdAt, expires_at AS expiresAt,
      replaced_at AS replacedAt, revoked_at AS revokedAt
    FROM keys ORDER BY id`)

  const lastChange = db.prepare<[], { number: number }>('SELECT coalesce(max(number), 0) AS number FROM key_changes')

  const keepKey = db.prepare(`
    INSERT INTO keys (name, kind, scopes, digest, hint, rate, created_at, expires_at, replaced_at, revoked_at)
    VALUES (:name, :kind, :scopes, :digest, :hint, :rate, :createdAt, :expiresAt, :replacedAt, :revokedAt)
    ON CONFLICT (digest) DO UPDATE
    SET expires_at = excluded.expires_at, replaced_at = excluded.replaced_at, revoked_at = excluded.revoked_at`)

  const insertChange = db.prepare(`
    INSERT INTO key_changes (number, at, actor, action, name, hint, changes) VALUES (?, ?, ?, ?, ?, ?, ?)`)

  const findChanges = db.prepare<[], ChangeRow>(`
    SELECT at, actor, action, name, hint, changes FROM key_changes ORDER BY number`)

  const lastNumber = () => lastChange.get()?.number ?? 0

  const readKeys = db.transaction(() => ({ keys: findKeys.all().map(keyOf), lastChange: lastNumber() }))

  return {
    readKeys,

    lastKeyChange: lastNumber,

    keepKeys: (after, kept) => {
      if (lastNumber() !== after) return false
      for (const [position, { key, change }] of kept.entries()) {
        keepKey.run({ ...key, scopes: JSON.stringify(key.scopes) })
        const { at, actor, action, name, hint, changes } = change
        insertChange.run(after + 1 + position, at, actor, action, name, hint, JSON.stringify(changes))
      }
      return true
    },

    findKeyChanges: () => findChanges.all().map(row => ({ ...row, changes: JSON.parse(row.changes) })),
  }
}

function keyOf({ scopes, ...row }: KeyRow): Key {
  return { ...row, scopes: JSON.parse(scopes) }
}
