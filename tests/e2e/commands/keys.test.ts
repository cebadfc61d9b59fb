// The script and the service as two processes on one database; and what the script understands and
// shows.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { rmSync } from 'node:fs'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Key, keyChangeBetween } from '../../../src/access/key.ts'
import { historyTable, keyTable } from '../../../src/cli/keys/key-table.ts'
import { durationOf, type Options, termsOf } from '../../../src/cli/keys/options.ts'
import { openStore } from '../../../src/store/open.ts'
import { scratchFolder } from '../../support/scratch.ts'

const main = new URL('../../../bin/pinwheel.js', import.meta.url).pathname

let folder: string
let service: ChildProcess | null

beforeEach(() => {
  folder = scratchFolder()
  service = null
})

afterEach(async () => {
  if (service !== null && service.exitCode === null) {
    service.kill('SIGKILL')
    await once(service, 'exit')
  }
  rmSync(folder, { recursive: true })
})

function run(file: string, args: readonly string[], environment: Record<string, string> = {}): ChildProcess {
  return spawn(process.execPath, [file, ...args], {
    cwd: folder,
    env: { PATH: process.env.PATH, PORT: '0', LOG_LEVEL: 'silent', ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
}

async function keys(...args: string[]): Promise<{ code: number; out: string; told: string }> {
  const child = run(main, ['keys', ...args])
  const texts = [child.stdout, child.stderr].map(async stream =>
    Buffer.concat((await stream?.toArray()) ?? []).toString(),
  )
  const [[code], out = '', told = ''] = await Promise.all([once(child, 'close') as Promise<[number]>, ...texts])
  return { code, out, told }
}

/** The secret, which stands alone on stdout. */
async function secretFrom(...args: string[]): Promise<string> {
  const { code, out, told } = await keys(...args)
  expect(code, told).toBe(0)
  expect(out).toMatch(/^pw_[sp]k_[0-9A-Za-z]{36}\n$/)
  return out.trim()
}

/** Where the service listens, or the sentence with which it refused. */
async function start(environment: Record<string, string> = {}): Promise<string> {
  service = run(main, ['serve'], environment)
  const streams = [service.stdout, service.stderr].map(stream => once(stream as NonNullable<typeof stream>, 'data'))
  const [said] = (await Promise.race(streams)) as [Buffer]
  return /http:\S+/.exec(said.toString())?.[0] ?? said.toString()
}

function call(url: string, secret: string | null, path = '/experiments', body?: object): Promise<Response> {
  return fetch(url + path, {
    method: body === undefined ? 'GET' : 'POST',
    headers: { 'content-type': 'application/json', ...(secret !== null && { 'x-api-key': secret }) },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  })
}

/** Asks until the answer is this one: the service learns of the script within a second. */
async function expectSoon(status: number, ask: () => Promise<Response>): Promise<void> {
  const deadline = performance.now() + 5_000
  for (let response = await ask(); response.status !== status; response = await ask()) {
    if (performance.now() > deadline) expect(response.status).toBe(status)
    await setTimeout(20)
  }
}

describe('npx --no pinwheel keys', () => {
  it('closes a service that runs, opens it to the holders of keys, and leaves a trace of it', async () => {
    const url = await start()
    expect((await call(url, null)).status).toBe(200)
    const web = await secretFrom(
      'create',
      '--name',
      'web',
      '--scope',
      'assign,reward',
      '--kind',
      'pk',
      '--expires',
      '90d',
    )
    await expectSoon(401, () => call(url, null))
    // What is missing is the experiment, and no right.
    const assign = (secret: string) => call(url, secret, '/assign', { experiment: 'none', unit: 'u' })
    expect([(await assign(web)).status, (await call(url, web)).status]).toEqual([404, 403])

    const next = await secretFrom('rotate', 'web', '--overlap', '24h')
    await expectSoon(404, () => assign(next))
    expect((await assign(web)).status).toBe(404)

    const { code, told } = await keys('revoke', 'web')
    expect([code, told.match(/is revoked/g)?.length]).toEqual([0, 2])
    await expectSoon(401, () => assign(next))
    expect([(await assign(web)).status, (await call(url, null)).status]).toEqual([401, 401])

    const store = await openStore(`sqlite:${join(folder, 'data', 'pinwheel.db')}`)
    const user = userInfo().username
    expect((await store.findKeyChanges()).map(({ actor, action, name }) => [actor, action, name])).toEqual([
      [user, 'created', 'web'],
      [user, 'replaced', 'web'],
      [user, 'created', 'web'],
      [user, 'revoked', 'web'],
      [user, 'revoked', 'web'],
    ])
    await store.close()
  })

  it('makes the first key before the service, which may then listen beyond loopback', async () => {
    const secret = await secretFrom('create', '--name', 'ops', '--scope', 'read')
    const url = (await start({ HOST: '0.0.0.0' })).replace('0.0.0.0', '127.0.0.1')
    expect([(await call(url, secret)).status, (await call(url, null)).status]).toEqual([200, 401])
  })

  it('reports a failure in one sentence, with exit code 1', async () => {
    const { code, out, told } = await keys('list')
    expect([code, out]).toEqual([1, ''])
    expect(told).toMatch(/^There are no keys at .*: there is no such file; DATABASE_URL names it\n$/)
  })
})

describe('termsOf() and durationOf()', () => {
  it('read what a person may say', () => {
    expect(termsOf({ name: 'web', scope: 'assign, reward', kind: 'pk', rate: '5/s' })).toEqual({
      name: 'web',
      kind: 'pk',
      scopes: ['assign', 'reward'],
      rate: '5/s',
    })
    expect(termsOf({ name: 'ops', scope: 'admin' })).toMatchObject({ kind: 'sk', rate: null })
    expect([durationOf('90d', 'expires'), durationOf(undefined, 'expires')]).toEqual([90 * 86_400_000, null])
  })

  it.each<[what: string, options: Options, sentence: string]>([
    ['no name', { scope: 'read' }, 'needs a --name'],
    ['no scope', { name: 'web' }, 'needs a --scope'],
    ['a kind that is none', { name: 'web', scope: 'read', kind: 'ck' }, '--kind must be sk or pk'],
  ])('refuse %s', (_, options, sentence) => {
    expect(() => termsOf(options)).toThrow(sentence)
  })

  it.each(['soon', '90', '-1d', '1.5h', '9999999d'])('refuse %s, which is no time', text => {
    expect(() => durationOf(text, 'expires')).toThrow('--expires must be like 90d')
  })
})

describe('keyTable() and historyTable()', () => {
  const DAY = 86_400_000
  const web: Key = {
    name: 'web',
    kind: 'pk',
    scopes: ['assign', 'reward'],
    digest: 'd1ge5t',
    hint: 'pw_pk_a1b2…',
    rate: '50/s',
    createdAt: 0,
    expiresAt: 90 * DAY,
    replacedAt: null,
    revokedAt: null,
  }

  it('align their columns, and show no digest', () => {
    const keys = [
      { ...web, replacedAt: 1 },
      { ...web, expiresAt: DAY },
      { ...web, name: 'operations', expiresAt: null, rate: null },
      { ...web, revokedAt: DAY },
    ]
    expect(keyTable(keys, DAY).split('\n')).toEqual([
      'name        kind  scopes         key          rate  created                  expires                  state',
      'web         pk    assign,reward  pw_pk_a1b2…  50/s  1970-01-01 00:00:00 UTC  1970-04-01 00:00:00 UTC  live, replaced',
      'web         pk    assign,reward  pw_pk_a1b2…  50/s  1970-01-01 00:00:00 UTC  1970-01-02 00:00:00 UTC  expired',
      'operations  pk    assign,reward  pw_pk_a1b2…  –     1970-01-01 00:00:00 UTC  never                    live',
      'web         pk    assign,reward  pw_pk_a1b2…  50/s  1970-01-01 00:00:00 UTC  1970-04-01 00:00:00 UTC  revoked',
      '',
    ])
  })

  it('show the values before and after', () => {
    const entry = { at: DAY, actor: 'ada' }
    const told = historyTable([
      keyChangeBetween(null, { ...web, expiresAt: null }, { ...entry, action: 'created' }),
      keyChangeBetween(web, { ...web, expiresAt: DAY }, { ...entry, action: 'replaced' }),
    ])
    expect(told).toContain('kind pk; scopes assign,reward; rate 50/s; createdAt 1970-01-01 00:00:00 UTC\n')
    expect(told).toContain('expiresAt 1970-04-01 00:00:00 UTC → 1970-01-02 00:00:00 UTC\n')
  })
})
