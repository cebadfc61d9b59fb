// Several processes on one file: no matter which one answers, the answer is the same.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createKey } from '../../src/access/change-keys.ts'
import { SCOPES } from '../../src/access/key.ts'
import { verify } from '../../src/bandit/verify.ts'
import { openStore } from '../../src/store/open.ts'
import { readExposition } from '../support/http/exposition.ts'
import { secretOf } from '../support/http/keys.ts'
import { emailDefinition } from '../support/http/service.ts'
import { scratchFolder } from '../support/scratch.ts'

const main = new URL('../../bin/pinwheel.js', import.meta.url).pathname

interface Assignment {
  readonly unit: string
  readonly arm: string
  readonly reason: string
}

describe('WORKERS=2', () => {
  let folder: string
  let child: ChildProcess
  let url: string
  /** The header with a key without a rate, once there is one. */
  let key: Record<string, string> = {}

  beforeAll(async () => {
    folder = scratchFolder()
    child = spawn(process.execPath, [main, 'serve'], {
      cwd: folder,
      env: { PATH: process.env.PATH, PORT: '0', LOG_LEVEL: 'silent', WORKERS: '2' },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const [greeting] = await once(child.stdout as NonNullable<typeof child.stdout>, 'data')
    url = /http:\S+/.exec(String(greeting))?.[0] ?? String(greeting)
  }, 60_000)

  afterAll(async () => {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill('SIGKILL')
      await once(child, 'exit')
    }
    rmSync(folder, { recursive: true })
  })

  /** Each call has a connection of its own, so that all workers get some. */
  async function send(method: string, path: string, body?: object) {
    const headers = { 'content-type': 'application/json', connection: 'close', ...key }
    const response = await fetch(url + path, { method, headers, ...(body && { body: JSON.stringify(body) }) })
    // biome-ignore lint/suspicious/noExplicitAny: the test reads the fields that it expects
    return { status: response.status, body: (await response.json()) as any }
  }

  const many = (count: number) => Array.from({ length: count }, (_, number) => number)

  /** All samples of a metric summed, as one of the workers tells them. */
  async function sumOf(metric: string): Promise<number> {
    const response = await fetch(`${url}/metrics`, { headers: { connection: 'close', ...key } })
    const { samples = [] } = readExposition(await response.text()).get(metric) ?? {}
    return samples.reduce((sum, { value }) => sum + value, 0)
  }

  /** The system's own list. */
  function workerPids(): number[] {
    const pid = child.pid as number
    const list = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')
    return list.trim().split(' ').filter(Boolean).map(Number)
  }

  it('holds a change on every worker within a second', async () => {
    await send('POST', '/experiments', emailDefinition())
    expect((await send('POST', '/experiments/spring-email/start')).status).toBe(200)
    const statuses = async () => {
      const answers = await Promise.all(many(12).map(() => send('GET', '/experiments/spring-email')))
      return new Set(answers.map(({ body }) => body.status))
    }
    await expect.poll(statuses, { timeout: 3_000 }).toEqual(new Set(['running']))
  })

  it('gives each unit one arm, whichever worker is asked, and counts it once', async () => {
    const asked = many(30).flatMap(unit =>
      many(4).map(() => send('POST', '/assign', { experiment: 'spring-email', unit: `u${unit}` })),
    )
    const answers = (await Promise.all(asked)).map(({ body }) => body as Assignment)
    expect(new Set(answers.map(({ reason }) => reason))).toEqual(new Set(['assigned', 'kept']))
    expect(answers.filter(({ reason }) => reason === 'assigned')).toHaveLength(30)
    expect(new Set(answers.map(({ unit, arm }) => `${unit} ${arm}`)).size).toBe(30)
    const event = { unit: 'u1', metric: 'visit', id: 'e1' }
    const recorded = await Promise.all(many(8).map(() => send('POST', '/rewards', event)))
    expect(recorded.filter(({ body }) => body.recorded === 1)).toHaveLength(1)
    expect((await send('GET', '/experiments/spring-email/report')).body.units).toBe(30)
  })

  it('tells what all workers have counted, whichever is asked', async () => {
    const asked = await Promise.all(many(8).map(() => sumOf('pinwheel_assignments_total')))
    expect(asked).toEqual(many(8).map(() => 120))
    expect(await sumOf('pinwheel_rewards_total')).toBe(8)
    expect(await sumOf('nodejs_gc_duration_seconds')).toBeGreaterThan(0)
  })

  // From here on the service has keys, and is closed to who shows none.
  it('holds a key to its rate whichever workers are asked', async () => {
    const store = await openStore(`sqlite:${join(folder, 'data', 'pinwheel.db')}`)
    const give = async (name: string, rate: string | null) => {
      const secret = secretOf('sk')
      const terms = { name, kind: 'sk', scopes: SCOPES, rate, expiresAt: null } as const
      await createKey({ store }, terms, { actor: 'test', now: Date.now(), secret })
      return { authorization: `Bearer ${secret}` }
    }
    const headers = { ...(await give('rated', '20/h')), connection: 'close' }
    key = await give('all', null)
    await store.close()
    const ask = async () => (await fetch(`${url}/experiments`, { headers })).status
    await expect.poll(ask, { timeout: 5_000 }).toBe(200)
    let [granted, refused] = [1, 0]
    // Two buckets that knew nothing of each other would give 40.
    for (let asked = 0; asked < 120 && refused < 20; asked++) {
      if ((await ask()) === 200) granted += 1
      else refused += 1
      await sleep(60)
    }
    expect(granted).toBeGreaterThanOrEqual(20)
    expect(granted).toBeLessThan(30)
  })

  it('goes on when a worker is killed, and starts another; no counter falls', async () => {
    const before = workerPids()
    process.kill(before[0] as number, 'SIGKILL')
    await expect.poll(() => workerPids().filter(pid => !before.includes(pid)), { timeout: 10_000 }).toHaveLength(1)
    const answer = await send('POST', '/assign', { experiment: 'spring-email', unit: 'u1' })
    expect(answer.body.reason).toBe('kept')
    expect(await sumOf('pinwheel_assignments_total')).toBe(121)
  })

  it('stops at SIGTERM with every worker, and leaves books that agree', async () => {
    child.kill('SIGTERM')
    const [exitCode] = await once(child, 'exit')
    expect(exitCode).toBe(0)
    const store = await openStore(`sqlite:${join(folder, 'data', 'pinwheel.db')}`)
    const [experiment] = await store.findExperiments()
    if (experiment === undefined) throw new Error('There is no experiment')
    expect((await verify({ store }, experiment)).discrepancies).toEqual([])
    await store.close()
  })
})
