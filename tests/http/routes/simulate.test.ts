import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Keyring } from '../../../src/access/keyring.ts'
import { createApp } from '../../../src/http/app.ts'
import type { Context } from '../../../src/http/context.ts'
import { completeSimulation } from '../../../src/simulation/design.ts'
import { simulate } from '../../../src/simulation/simulate.ts'

const design = {
  arms: [
    { key: 'control', rate: 0.1 },
    { key: 'mens', rate: 0.12 },
  ],
  unitsPerDay: 100_000,
  days: 0.05,
  runs: 5,
}

let url = ''
let adminKey: string | null = null
let failures: unknown[] = []
// The routes ask of their context who may ask, and for metrics and the log; nothing else here.
const context = {
  get keyring() {
    return new Keyring({ adminKey, rate: null })
  },
  now: Date.now,
  metrics: { request: () => {} },
  log: { info: () => {}, error: (entry: unknown) => failures.push(entry) },
} as unknown as Context
const server = createServer(createApp(context))

beforeAll(async () => {
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterAll(() => {
  server.closeAllConnections()
  server.close()
})

const post = (body: unknown, more: RequestInit = {}) =>
  fetch(`${url}/simulate`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
    ...more,
  })

const linesOf = (text: string) => {
  expect(text.endsWith('\n')).toBe(true)
  return text
    .trimEnd()
    .split('\n')
    .map(line => JSON.parse(line) as { progress?: number; runs?: number; result?: unknown })
}

describe('POST /simulate', () => {
  it('streams progress, and at last the very result of the same design here', async () => {
    const answer = await post(design)
    expect(answer.status).toBe(200)
    expect(answer.headers.get('content-type')).toBe('application/x-ndjson')
    const lines = linesOf(await answer.text())
    expect(lines[0]).toEqual({ progress: 0, runs: 0 })
    expect(lines.slice(0, -1).every(({ progress, result }) => progress !== undefined && result === undefined)).toBe(
      true,
    )
    expect(lines.at(-1)).toEqual({ result: JSON.parse(JSON.stringify(simulate(completeSimulation(design)))) })
  })

  it('names every fault of shape and of sense in one answer', async () => {
    const answer = await post({
      ...design,
      horizon: 3,
      days: 'ten',
      policy: { type: 'thompson', exploration: 7 },
      runs: -1,
    })
    expect(answer.status).toBe(400)
    const { code, errors } = (await answer.json()) as { code: string; errors: { path: string }[] }
    expect(code).toBe('invalid_request')
    expect(errors.map(({ path }) => path).sort()).toEqual(['days', 'horizon', 'policy.exploration', 'runs'])
    for (const body of [[], 'a', null, { arms: 3 }, { arms: [] }, { arms: [{ key: 'a', rate: 0.1, name: 'x' }] }]) {
      expect((await post(body)).status, JSON.stringify(body)).toBe(400)
    }
  })

  it('refuses more than it can do in some 20 s, and says how much it can', async () => {
    const answer = await post({ ...design, days: 300, runs: 100_000 })
    expect(answer.status).toBe(400)
    const { errors } = (await answer.json()) as { errors: { path: string; message: string }[] }
    expect(errors).toHaveLength(1)
    const most = Number(/at most (\d+) runs/.exec(errors[0]?.message ?? '')?.[1])
    expect(most).toBeGreaterThan(20)
    expect(most).toBeLessThan(1_000)
  })

  it('asks for a key where there is one', async () => {
    adminKey = 'secret'
    try {
      expect((await post(design)).status).toBe(401)
      const headers = { 'content-type': 'application/json', authorization: 'Bearer secret' }
      expect((await post({ ...design, runs: 1 }, { headers })).status).toBe(200)
    } finally {
      adminKey = null
    }
  })

  it('lets others in between, and stops when nobody listens any more', async () => {
    failures = []
    const leaving = new AbortController()
    const long = await post({ ...design, days: 20, runs: 200 }, { signal: leaving.signal })
    const reader = long.body?.getReader()
    await reader?.read()
    // Answered while the simulation of many seconds is under way.
    expect((await fetch(`${url}/livez`)).status).toBe(200)
    leaving.abort()
    await reader?.read().catch(() => undefined)
    // The next one has its turn at once: the one before has ended.
    const lines = linesOf(await (await post({ ...design, runs: 1 })).text())
    expect(lines.at(-1)?.result).toBeDefined()
    expect(failures).toEqual([])
  })
})
