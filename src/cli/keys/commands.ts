// What each command does and prints. The secret is written to stdout, its description to stderr.
import { randomInt } from 'node:crypto'
import { userInfo } from 'node:os'
import { createKey } from '../../access/create-key.ts'
import type { Key, KeyKind } from '../../access/key.ts'
import { revokeKey } from '../../access/revoke-key.ts'
import { rotateKey } from '../../access/rotate-key.ts'
import { newSecret } from '../../access/secret.ts'
import type { Store } from '../../store/port.ts'
import { UsageError } from '../terminal/failure.ts'
import { historyTable, instant, keyTable } from './key-table.ts'
import { durationOf, type Options, termsOf } from './options.ts'

export async function runCreate(store: Store, _name: string | undefined, options: Options): Promise<void> {
  const terms = termsOf(options)
  const now = Date.now()
  const lifetimeMs = durationOf(options.expires, 'expires')
  const secret = secretOf(terms.kind)
  const expiresAt = lifetimeMs === null ? null : now + lifetimeMs
  const key = await createKey({ store }, { ...terms, expiresAt }, { actor: user(), now, secret })
  show(key, secret)
}

export async function runList(store: Store): Promise<void> {
  const { keys } = await store.readKeys()
  process.stdout.write(keyTable(keys, Date.now()))
}

export async function runRotate(store: Store, name: string | undefined, { overlap }: Options): Promise<void> {
  const overlapMs = durationOf(overlap, 'overlap') ?? 0
  const request = { actor: user(), now: Date.now(), overlapMs, newSecret: secretOf }
  const { old, key, secret } = await rotateKey({ store }, named(name, 'rotate'), request)
  process.stderr.write(`The old key ${old.hint} ends ${overlapMs === 0 ? 'now' : instant(old.expiresAt)}\n`)
  show(key, secret)
}

export async function runRevoke(store: Store, name: string | undefined): Promise<void> {
  const revoked = await revokeKey({ store }, named(name, 'revoke'), { actor: user(), now: Date.now() })
  for (const key of revoked) process.stderr.write(`The key "${key.name}" (${key.hint}) is revoked\n`)
}

export async function runHistory(store: Store, name: string | undefined): Promise<void> {
  const changes = await store.findKeyChanges()
  process.stdout.write(historyTable(name === undefined ? changes : changes.filter(change => change.name === name)))
}

function show({ name, kind, scopes, rate, expiresAt }: Key, secret: string): void {
  const terms = [`${kind}: ${scopes.join(', ')}`, ...(rate === null ? [] : [rate]), `expires ${instant(expiresAt)}`]
  process.stderr.write(`The key "${name}" (${terms.join('; ')}) is shown this once:\n`)
  process.stdout.write(`${secret}\n`)
}

function secretOf(kind: KeyKind): string {
  return newSecret(kind, randomInt)
}

function named(name: string | undefined, verb: string): string {
  if (name !== undefined) return name
  throw new UsageError(`pinwheel keys ${verb} needs the name of a key; see pinwheel keys list`)
}

/** In a container, a user may have a number only. */
function user(): string {
  try {
    return userInfo().username
  } catch {
    return `uid ${process.getuid?.()}`
  }
}
