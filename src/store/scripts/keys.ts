import type { Key, KeyChange } from '../../access/key.ts'
import type { KeyStore } from '../port.ts'
import { read, type Script, type Scripts, statement, tell, write } from './script.ts'

type KeyRow = Omit<Key, 'scopes'> & { readonly scopes: string; readonly lastChange: number }
type ChangeRow = Omit<KeyChange, 'changes'> & { readonly changes: string }

const LAST_CHANGE = 'SELECT coalesce(max(number), 0) AS number FROM key_changes'

const FIND_LAST_CHANGE = statement<{ readonly number: number }>(LAST_CHANGE)

const FIND_KEYS = statement<KeyRow>(`
  SELECT name, kind, scopes, digest, hint, rate, created_at AS "createdAt", expires_at AS "expiresAt",
    replaced_at AS "replacedAt", revoked_at AS "revokedAt", (${LAST_CHANGE}) AS "lastChange"
  FROM keys ORDER BY id`)

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

export const keyScripts: Scripts<KeyStore> = {
  /** In one statement, so that both are of one instant; a key comes with its change. */
  *readKeys() {
    const rows = yield* read(FIND_KEYS)
    const keys = rows.map(({ lastChange: _, ...row }) => ({ ...row, scopes: JSON.parse(row.scopes) }))
    return { keys, lastChange: rows[0]?.lastChange ?? 0 }
  },

  lastKeyChange: lastNumber,

  *keepKeys(after, kept) {
    if ((yield* lastNumber()) !== after) return false
    for (const [position, { change }] of kept.entries()) {
      const { at, actor, action, name, hint, changes } = change
      const row = [after + 1 + position, at, actor, action, name, hint, JSON.stringify(changes)]
      // Anyone who races for the first number waits here, and finds it taken; the others follow it.
      if ((yield* write(INSERT_CHANGE, row)).count === 0) return false
    }
    for (const { key } of kept) {
      const { name, kind, digest, hint, rate, createdAt, expiresAt, replacedAt, revokedAt } = key
      const scopes = JSON.stringify(key.scopes)
      yield* tell(KEEP_KEY, [name, kind, scopes, digest, hint, rate, createdAt, expiresAt, replacedAt, revokedAt])
    }
    return true
  },

  *findKeyChanges() {
    return (yield* read(FIND_CHANGES)).map(row => ({ ...row, changes: JSON.parse(row.changes) }))
  },
}

function* lastNumber(): Script<number> {
  return (yield* read(FIND_LAST_CHANGE))[0]?.number ?? 0
}
