// Keys and their history, as a person at a terminal reads them.

import { isLive, type Key, type KeyChange } from '../../access/key.ts'
import type { Difference } from '../../bandit/experiment/difference.ts'
import { alignColumns } from '../terminal/aligned-columns.ts'

const KEY_HEAD = ['name', 'kind', 'scopes', 'key', 'rate', 'created', 'expires', 'state']
const HISTORY_HEAD = ['when', 'who', 'what', 'name', 'key', 'changes']

export function keyTable(keys: readonly Key[], now: number): string {
  if (keys.length === 0) return 'There are no keys; pinwheel keys create makes one.\n'
  const rows = keys.map(key => [
    key.name,
    key.kind,
    key.scopes.join(','),
    key.hint,
    key.rate ?? '–',
    instant(key.createdAt),
    instant(key.expiresAt),
    stateOf(key, now),
  ])
  return table([KEY_HEAD, ...rows])
}

export function historyTable(changes: readonly KeyChange[]): string {
  if (changes.length === 0) return 'Nothing was changed yet.\n'
  const rows = changes.map(({ at, actor, action, name, hint, changes }) => [
    instant(at),
    actor,
    action,
    name,
    hint,
    changes.filter(isShown).map(differenceText).join('; '),
  ])
  return table([HISTORY_HEAD, ...rows])
}

/** `2026-11-22 10:00:00 UTC`; null: never. */
export function instant(at: number | null): string {
  return at === null
    ? 'never'
    : new Date(at)
        .toISOString()
        .replace('T', ' ')
        .replace(/\.\d+Z$/, ' UTC')
}

function stateOf(key: Key, now: number): string {
  if (key.revokedAt !== null) return 'revoked'
  if (!isLive(key, now)) return 'expired'
  return key.replacedAt === null ? 'live' : 'live, replaced'
}

/** What a new key does not have is no change, and the time of a change stands before it. */
function isShown({ before, after }: Difference): boolean {
  return before !== undefined || (after !== null && after !== undefined)
}

function differenceText({ path, before, after }: Difference): string {
  const write = (value: unknown) => (path.endsWith('At') ? instant(value as number | null) : text(value))
  return before === undefined ? `${path} ${write(after)}` : `${path} ${write(before)} → ${write(after)}`
}

function text(value: unknown): string {
  return Array.isArray(value) ? value.join(',') : String(value)
}

function table(rows: readonly (readonly string[])[]): string {
  return `${alignColumns(
    rows,
    rows[0]?.map((_, column) => column),
  ).join('\n')}\n`
}
