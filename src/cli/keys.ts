// Creates, lists, rotates and revokes API keys in the database of DATABASE_URL: pinwheel keys. A
// service may run meanwhile; it reads new keys within a second.
import { randomInt } from 'node:crypto'
import { userInfo } from 'node:os'
import { setTimeout } from 'node:timers/promises'
import { createKey, revokeKey, rotateKey } from '../access/change-keys.ts'
import type { Key, KeyKind } from '../access/key.ts'
import { newSecret } from '../access/secret.ts'
import { BanditError } from '../bandit/errors.ts'
import type { Store } from '../store/port.ts'
import { configuredUrl, existingUrl } from './database/database-url.ts'
import { withStore } from './database/expected-failure.ts'
import { CREATE_OPTIONS, durationOf, ROTATE_OPTIONS, termsOf } from './keys/key-options.ts'
import { historyTable, instantText, keyTable } from './keys/key-table.ts'
import { command, commandNamed } from './terminal/arguments.ts'
import { Failure, UsageError } from './terminal/failure.ts'

const help = `Usage: pinwheel keys COMMAND

  create --name NAME --scope SCOPES   creates a key, and shows its secret this once
      --scope SCOPES     assign, reward, read, admin, with commas between them; admin changes experiments
      --kind pk          a publishable key, for browsers: assign and reward only, 100/s unless --rate is given
      --expires 90d      ends after 90 days; also h, m or s
      --rate 100/s       at most 100 requests, units and events a second (s); also a minute (m), an hour (h) or a day (d)
  list                                every key with what it may do and until when; never its secret
  rotate NAME --overlap 24h           a new secret for a key; the old one ends after the overlap (at once without one)
  revoke NAME                         ends a key at once
  history [NAME]                      who changed which key, and when

Works on the database of DATABASE_URL while the service runs. A change ends after a second, when the service has read it. The secret
alone is written to stdout:
  KEY=$(npx --no pinwheel keys create --name web --scope assign,reward)
`

/** A running service reads new keys more often than this. */
const READ_AFTER_MS = 1_000

const COMMANDS: Readonly<Record<string, ReturnType<typeof command>>> = {
  create: command({ help, options: CREATE_OPTIONS }, async values => {
    const terms = termsOf(values)
    const lifetimeMs = durationOf(values.expires, 'expires')
    await change('create', configuredUrl(), async (store, now) => {
      const secret = secretOf(terms.kind)
      const expiresAt = lifetimeMs === null ? null : now + lifetimeMs
      show(await createKey({ store }, { ...terms, expiresAt }, { actor: user(), now, secret }), secret)
    })
  }),

  list: command({ help }, () =>
    inStore('list', existingUrl(), async store => {
      const { keys } = await store.readKeys()
      process.stdout.write(keyTable(keys, Date.now()))
    }),
  ),

  rotate: command({ help, options: ROTATE_OPTIONS, allowPositionals: true }, async ({ overlap }, names) => {
    const name = onlyName(names, 'rotate')
    const overlapMs = durationOf(overlap, 'overlap') ?? 0
    await change('rotate', existingUrl(), async (store, now) => {
      const request = { actor: user(), now, overlapMs, newSecret: secretOf }
      const { old, key, secret } = await rotateKey({ store }, name, request)
      process.stderr.write(`The old key ${old.hint} ends ${overlapMs === 0 ? 'now' : instantText(old.expiresAt)}\n`)
      show(key, secret)
    })
  }),

  revoke: command({ help, allowPositionals: true }, async (_, names) => {
    const name = onlyName(names, 'revoke')
    await change('revoke', existingUrl(), async (store, now) => {
      const revoked = await revokeKey({ store }, name, { actor: user(), now })
      for (const key of revoked) process.stderr.write(`The key "${key.name}" (${key.hint}) is revoked\n`)
    })
  }),

  history: command({ help, allowPositionals: true }, async (_, names) => {
    const name = names.length === 0 ? null : onlyName(names, 'history')
    await inStore('history', existingUrl(), async store => {
      const changes = await store.findKeyChanges()
      process.stdout.write(historyTable(changes.filter(change => name === null || change.name === name)))
    })
  }),
}

export async function run([verb = '--help', ...args]: readonly string[]): Promise<void> {
  if (verb === '--help' || verb === '-h') process.stdout.write(help)
  else await commandNamed(COMMANDS, verb)(args)
}

/** Returns when a running service has read the change: the next command may use the new key. */
async function change(verb: string, url: string, work: (store: Store, now: number) => Promise<void>): Promise<void> {
  await inStore(verb, url, store => work(store, Date.now()))
  await setTimeout(READ_AFTER_MS)
}

async function inStore(verb: string, url: string, work: (store: Store) => Promise<void>): Promise<void> {
  try {
    await withStore(`Cannot ${verb}`, url, work)
  } catch (error) {
    throw error instanceof BanditError ? new Failure(error.message) : error
  }
}

/** The secret alone goes to stdout, so that a shell can keep it. */
function show({ name, kind, scopes, rate, expiresAt }: Key, secret: string): void {
  const terms = [`${kind}: ${scopes.join(', ')}`, ...(rate === null ? [] : [rate]), `expires ${instantText(expiresAt)}`]
  process.stderr.write(`The key "${name}" (${terms.join('; ')}) is shown this once:\n`)
  process.stdout.write(`${secret}\n`)
}

function secretOf(kind: KeyKind): string {
  return newSecret(kind, randomInt)
}

function onlyName([name, ...others]: readonly string[], verb: string): string {
  if (name !== undefined && others.length === 0) return name
  throw new UsageError(`pinwheel keys ${verb} takes the name of one key; pinwheel keys list shows the names`)
}

/** In a container, a user may have a number only. */
function user(): string {
  try {
    return userInfo().username
  } catch {
    return `uid ${process.getuid?.()}`
  }
}
