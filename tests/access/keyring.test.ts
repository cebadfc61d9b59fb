// Keys made, rotated and revoked on a real store, and what a process that reads them knows of it.
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createKey, revokeKey, rotateKey } from '../../src/access/change-keys.ts'
import { isLive, type Key } from '../../src/access/key.ts'
import { Keyring, PUBLISHABLE_RATE } from '../../src/access/keyring.ts'
import { parseRate } from '../../src/access/token-bucket.ts'
import type { BanditError } from '../../src/bandit/errors.ts'
import { openStore } from '../../src/store/open.ts'
import type { Store } from '../../src/store/port.ts'
import { secretOf } from '../support/http/keys.ts'

const START = 1_000_000
const HOUR = 3_600_000

let store: Store
let keyring: Keyring

beforeEach(async () => {
  store = await openStore('sqlite::memory:')
  keyring = await Keyring.load(store, { adminKey: null, rate: null }, START)
})

afterEach(() => store.close())

const by = (now = START) => ({ actor: 'ada', now })

async function create(terms: Partial<Key> = {}, now = START): Promise<string> {
  const { name = 'web', kind = 'sk', scopes = ['assign'], rate = null, expiresAt = null } = terms
  const secret = secretOf(kind)
  await createKey({ store }, { name, kind, scopes, rate, expiresAt }, { ...by(now), secret })
  return secret
}

async function opens(secret: string, now = START): Promise<boolean> {
  await keyring.reread(store, now)
  const holder = keyring.find(secret)
  return holder !== null && isLive(holder, now)
}

function rotate(name: string, overlapMs: number, now = START) {
  return rotateKey({ store }, name, { ...by(now), overlapMs, newSecret: secretOf })
}

describe('createKey()', () => {
  it('keeps the digest and a hint, and no word of the secret', async () => {
    const secret = await create()
    const kept = JSON.stringify([await store.readKeys(), await store.findKeyChanges()])
    expect(kept).toContain(secret.slice(0, 10))
    expect(kept).not.toContain(secret.slice(0, 11))
    expect(kept).not.toContain(secret.slice(11))
  })

  it('refuses a name that a live key has, and takes it from one that has expired', async () => {
    const first = await create({ expiresAt: START + HOUR })
    await expect(create()).rejects.toMatchObject({ code: 'invalid_request', faults: [{ path: 'name' }] })
    const second = await create({}, START + HOUR)
    expect(await opens(first, START + HOUR)).toBe(false)
    expect(await opens(second, START + HOUR)).toBe(true)
  })

  it('refuses terms that are none, with every fault', async () => {
    const refused: BanditError = await create({ kind: 'pk', scopes: ['admin'], rate: 'x' }).then(
      () => Promise.reject(new Error('It was created')),
      error => error,
    )
    expect(refused.faults.map(({ path }) => path)).toEqual(['scopes', 'rate'])
    expect((await store.readKeys()).keys).toEqual([])
  })
})

describe('rotateKey()', () => {
  it('lets both keys open during the overlap, and the new one alone after it', async () => {
    const old = await create({ kind: 'pk', scopes: ['reward', 'assign'], rate: '7/s' })
    const { key, secret } = await rotate('web', HOUR)
    expect(key).toMatchObject({ kind: 'pk', scopes: ['assign', 'reward'], rate: '7/s', expiresAt: null })
    for (const now of [START, START + HOUR - 1])
      expect([await opens(old, now), await opens(secret, now)]).toEqual([true, true])
    expect([await opens(old, START + HOUR), await opens(secret, START + HOUR)]).toEqual([false, true])
  })

  it('ends the old key at once without an overlap', async () => {
    const old = await create()
    const { secret } = await rotate('web', 0)
    expect([await opens(old), await opens(secret)]).toEqual([false, true])
  })

  it('never prolongs the old key, and gives the new one as long a life', async () => {
    const old = await create({ expiresAt: START + HOUR })
    const { key } = await rotate('web', 24 * HOUR, START + HOUR / 2)
    expect(await opens(old, START + HOUR)).toBe(false)
    expect(key.expiresAt).toBe(START + HOUR / 2 + HOUR)
  })

  it('rotates the newest of several', async () => {
    const first = await create()
    const second = (await rotate('web', HOUR)).secret
    const third = (await rotate('web', 0)).secret
    expect([await opens(first), await opens(second), await opens(third)]).toEqual([true, false, true])
  })

  it('does not know a name that nobody has', async () => {
    await expect(rotate('nobody', 0)).rejects.toMatchObject({ code: 'not_found' })
  })
})

describe('revokeKey()', () => {
  it('ends every key of the name at once, those of an overlap too, and no other', async () => {
    const other = await create({ name: 'other' })
    const old = await create()
    const { secret } = await rotate('web', HOUR)
    expect(await revokeKey({ store }, 'web', by())).toHaveLength(2)
    expect([await opens(old), await opens(secret), await opens(other)]).toEqual([false, false, true])
    await expect(revokeKey({ store }, 'web', by())).rejects.toMatchObject({ code: 'not_found' })
  })

  it('frees the name', async () => {
    await create()
    await revokeKey({ store }, 'web', by())
    expect(await opens(await create())).toBe(true)
  })
})

describe('the history of keys', () => {
  it('tells who did what, when, and what changed', async () => {
    await create({ expiresAt: START + 10 * HOUR })
    await rotate('web', HOUR, START + 1)
    await revokeKey({ store }, 'web', by(START + 2))
    const history = await store.findKeyChanges()
    expect(history.map(({ at, actor, action, name }) => [at - START, actor, action, name])).toEqual([
      [0, 'ada', 'created', 'web'],
      [1, 'ada', 'replaced', 'web'],
      [1, 'ada', 'created', 'web'],
      [2, 'ada', 'revoked', 'web'],
      [2, 'ada', 'revoked', 'web'],
    ])
    expect(history[0]?.changes).toContainEqual({ path: 'scopes', after: ['assign'] })
    expect(history[1]?.changes).toContainEqual({
      path: 'expiresAt',
      before: START + 10 * HOUR,
      after: START + 1 + HOUR,
    })
    expect(history[3]?.changes).toEqual([{ path: 'revokedAt', before: null, after: START + 2 }])
  })
})

describe('Keyring', () => {
  it('is open until there is a key, and never again', async () => {
    expect(keyring.isOpen).toBe(true)
    await create({ expiresAt: START + HOUR })
    expect(keyring.isOpen).toBe(true)
    await keyring.reread(store, START)
    expect([keyring.isOpen, keyring.hasLiveKey(START), keyring.hasLiveKey(START + HOUR)]).toEqual([false, true, false])
    await revokeKey({ store }, 'web', by())
    await keyring.reread(store, START)
    expect([keyring.isOpen, keyring.hasLiveKey(START)]).toEqual([false, false])
    const restarted = await Keyring.load(store, { adminKey: null, rate: null }, START)
    expect([restarted.isOpen, restarted.hasLiveKey(START)]).toEqual([false, false])
  })

  it('has the key of the environment beside those of the store', async () => {
    const both = await Keyring.load(store, { adminKey: 'correct-horse-battery-staple', rate: '1/s' }, START)
    const secret = await create()
    await both.reread(store, START)
    expect([both.isOpen, both.hasLiveKey(START)]).toEqual([false, true])
    expect(both.find('correct-horse-battery-staple')).toMatchObject({ name: 'admin', bucket: null })
    expect(both.find(secret)).toMatchObject({ name: 'web' })
  })

  it('reads the keys again only when one has changed', async () => {
    await create()
    await keyring.reread(store, START)
    const idle = { lastKeyChange: store.lastKeyChange, readKeys: () => Promise.reject(new Error('It read again')) }
    await keyring.reread(idle, START)
    await create({ name: 'other' })
    await expect(keyring.reread(idle, START)).rejects.toThrow('It read again')
  })

  it('finds nobody for text that is no secret', async () => {
    const secret = await create()
    await keyring.reread(store, START)
    for (const text of ['', secret.slice(0, -1), `${secret} `, secret.toLowerCase(), 'x'.repeat(100_000)]) {
      expect(keyring.find(text), text.slice(0, 50)).toBeNull()
    }
  })

  it.each([
    ['its own', 'pk', '7/s', '3/s', '7/s'],
    ['that of the environment', 'sk', null, '3/s', '3/s'],
    ['that of the environment', 'pk', null, '3/s', '3/s'],
    ['the default', 'pk', null, null, PUBLISHABLE_RATE],
    ['none', 'sk', null, null, null],
  ] as const)('holds a key to %s: %s', async (_, kind, own, environment, expected) => {
    const limited = await Keyring.load(store, { adminKey: null, rate: environment }, START)
    const secret = await create({ kind, rate: own })
    await limited.reread(store, START)
    expect(limited.find(secret)?.bucket?.rate ?? null).toEqual(expected === null ? null : parseRate(expected))
  })

  it('fills no bucket because another key has changed', async () => {
    const secret = await create({ rate: '10/h' })
    await keyring.reread(store, START)
    keyring.find(secret)?.bucket?.take(4, START)
    await create({ name: 'other' })
    await keyring.reread(store, START)
    expect(keyring.find(secret)?.bucket?.left(START)).toBe(6)
  })
})
