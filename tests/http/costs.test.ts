// What a stranger sends costs what it should: each attack that was measured on version 0.1.0, and
// what holds against it. CPU is measured rather than time, since others use this machine too; the
// bounds are far from what is usual, and far from what it was.
import { brotliCompressSync, constants, gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { MAX_MESSAGES, UNTOLD } from '../../src/http/events/rejection-messages.ts'
import { bearer, giveKey } from '../support/http/keys.ts'
import { expectProblem } from '../support/http/problem.ts'
import { type Service, startExperiment, startService } from '../support/http/service.ts'

const MIB = 1_024 * 1_024

let service: Service
let keys: Record<'pk' | 'read' | 'reward' | 'assign' | 'admin', Record<string, string>>

beforeAll(async () => {
  service = await startService({ adminKey: 'an-administrators-key' })
  const give = async (kind: 'sk' | 'pk', scopes: readonly ('assign' | 'reward' | 'read')[]) =>
    bearer(await giveKey(service, { name: `${kind}-${scopes[0]}`, kind, scopes, rate: '100000/s' }))
  keys = {
    pk: await give('pk', ['assign', 'reward']),
    read: await give('sk', ['read']),
    reward: await give('sk', ['reward']),
    assign: await give('sk', ['assign']),
    admin: bearer('an-administrators-key'),
  }
  const asAdmin = {
    ...service,
    call: (method: string, path: string, body?: unknown) => service.call(method, path, body, keys.admin),
  }
  await startExperiment(asAdmin)
  const guardrails = Array.from({ length: 19 }, (_, metric) => ({
    key: `g${metric}`,
    type: 'binary',
    role: 'guardrail',
  }))
  await startExperiment(asAdmin, {
    key: 'wide',
    arms: Array.from({ length: 200 }, (_, arm) => ({ key: `arm-${arm}` })),
    metrics: [{ key: 'visit', type: 'binary', role: 'primary' }, ...guardrails],
  })
})

afterAll(() => service.close())

/** Seconds of CPU that this whole process took for it, the service included. */
async function cpuSeconds<Result>(work: () => Promise<Result>): Promise<{ result: Result; seconds: number }> {
  const before = process.cpuUsage()
  const result = await work()
  const { user, system } = process.cpuUsage(before)
  return { result, seconds: (user + system) / 1e6 }
}

function brotli(text: string): Buffer {
  return brotliCompressSync(text, {
    params: { [constants.BROTLI_PARAM_LGWIN]: 24, [constants.BROTLI_PARAM_QUALITY]: 9 },
  })
}

const json = (encoding?: string) => ({
  'content-type': 'application/json',
  ...(encoding !== undefined && { 'content-encoding': encoding }),
})

describe('a body that unpacks into much more than it is', () => {
  it('is refused for 16 MiB of nested lists in some bytes of brotli', async () => {
    const body = brotli(`${'['.repeat(8 * MIB)}${']'.repeat(8 * MIB)}`)
    expect(body.length).toBeLessThan(200)
    const { result, seconds } = await cpuSeconds(() =>
      service.call('POST', '/rewards', body, { ...keys.pk, ...json('br') }),
    )
    expectProblem(result, 413, 'body_too_large')
    expect(seconds).toBeLessThan(1)
  })

  it('is refused for 349,000 empty metrics in some bytes of brotli', async () => {
    const body = brotli(`{"arms":[],"metrics":[${Array(349_000).fill('{}').join()}]}`)
    const { result, seconds } = await cpuSeconds(() =>
      service.call('POST', '/experiments/new/plan', body, { ...keys.read, ...json('br') }),
    )
    expectProblem(result, 413, 'body_too_large')
    expect(seconds).toBeLessThan(1)
  })

  it('may be 1 MiB whatever its ratio, and 100 times its size beyond', async () => {
    const blanks = (size: number) => gzipSync(`{"unit":"u","metric":"visit"}${' '.repeat(size - 29)}`)
    const send = (body: Buffer) => service.call('POST', '/rewards', body, { ...keys.reward, ...json('gzip') })
    expect((await send(blanks(MIB))).status).toBe(200)
    const refused = await send(blanks(MIB + 1))
    expectProblem(refused, 413, 'body_too_large')
    expect(refused.body.detail).toContain('100 times what was sent')
    // Of 3 MB that hardly repeat themselves nothing is refused.
    const events = Array.from({ length: 30_000 }, (_, place) => ({
      unit: `nobody-${(place * 7_919) % 99_991}`,
      metric: 'visit',
      id: `${(place * 104_729) % 999_983}-${(place * 1_299_709) % 15_485_863}`,
    }))
    const honest = await send(gzipSync(JSON.stringify(events)))
    expect(honest.body).toMatchObject({ unassigned: 30_000 })
  })

  it('may be 256 KiB for a pk key', async () => {
    const body = (size: number) => gzipSync(`{"experiment":"spring-email","unit":"u"}${' '.repeat(size - 40)}`)
    for (const path of ['/assign', '/assign/batch', '/rewards', '/v1/track', '/v1/batch', '/ofrep/v1/evaluate/flags']) {
      const send = (size: number) => service.call('POST', path, body(size), { ...keys.pk, ...json('gzip') })
      expect((await send(256 * 1_024)).status, path).not.toBe(413)
      expect((await send(256 * 1_024 + 1)).body, path).toMatchObject({
        detail: expect.stringContaining('262144 bytes'),
      })
    }
  })
})

describe('faults without end', () => {
  it('are named up to 100 for 9,000 events with 100 unknown fields each', async () => {
    const event = Object.fromEntries(Array.from({ length: 100 }, (_, place) => [`f${place}`, 0]))
    const { result, seconds } = await cpuSeconds(() =>
      service.call('POST', '/rewards', Array(9_000).fill(event), keys.reward),
    )
    expect(result.body).toMatchObject({ rejected: 9_000 })
    const { message } = result.body.results[0]
    expect(message).toMatch(/^f0 is unknown; .*; and 2 more faults$/)
    expect(result.body.results[1].message).toBe('102 faults; an answer names the first 100')
    expect(result.text.length).toBeLessThan(MIB)
    expect(seconds).toBeLessThan(3)
  })

  it('are named up to 100 in a stream', async () => {
    const lines = '{"x":0}\n'.repeat(3_000)
    const headers = { ...keys.reward, 'content-type': 'application/x-ndjson' }
    const { body } = await service.call('POST', '/rewards', Buffer.from(lines), headers)
    const named = (body.results as { message: string }[]).filter(({ message }) => message.startsWith('x is unknown'))
    // Three faults a line.
    expect(named).toHaveLength(34)
    expect(body).toMatchObject({ rejected: 3_000 })
  })

  it('are not looked for in lists that are too long', async () => {
    const definition = { arms: Array(20_000).fill({ x: 0 }), metrics: Array(20_000).fill({ x: 0 }) }
    const answer = await service.call('POST', '/experiments/new/plan', definition, keys.read)
    expect(expectProblem(answer, 400, 'invalid_request').sort()).toEqual(['arms', 'metrics'])
    const weights = Object.fromEntries(Array.from({ length: 201 }, (_, arm) => [`a${arm}`, 0]))
    const fixed = { policy: { type: 'fixed', weights }, arms: [], metrics: [] }
    expectProblem(await service.call('POST', '/experiments/new/plan', fixed, keys.read), 400, 'invalid_request')
    expectProblem(
      await service.call('POST', '/experiments/wide/evaluate', { weights }, keys.read),
      400,
      'invalid_request',
    )
    expectProblem(
      await service.call('POST', '/simulate', { arms: Array(201).fill({}) }, keys.read),
      400,
      'invalid_request',
    )
    const webhook = { url: 'https://example.com', events: Array(101).fill('verdict') }
    expectProblem(await service.call('POST', '/webhooks', webhook, keys.admin), 400, 'invalid_request')
    for (const [path, body, type] of [
      ['/v1/batch', { batch: Array(100_001).fill(0) }, 'application/json'],
      ['/v1/events', Array(100_001).fill(0), 'application/cloudevents-batch+json'],
    ] as const) {
      expectProblem(
        await service.call('POST', path, body, { ...keys.reward, 'content-type': type }),
        400,
        'invalid_request',
      )
    }
  })

  it('are told in a text that has an end, however long what they are about', async () => {
    const name = 'x'.repeat(900_000)
    for (const [method, path, body] of [
      ['POST', '/assign', { experiment: name, unit: 'u' }],
      ['POST', '/rewards', [{ unit: 'u', metric: name }]],
      ['POST', '/experiments/new/plan', { arms: [{ key: name }, { key: name }], metrics: [], [name]: 0 }],
      ['POST', '/experiments/wide/evaluate', { metric: name, arm: 'arm-1' }],
      ['POST', '/experiments/wide/stop', { winner: name }],
    ] as const) {
      const answer = await service.call(method, path, body, keys.admin)
      expect(answer.text.length, path).toBeLessThan(64 * 1_024)
    }
  })

  it('are told shortly for keys that nobody has, however long and many, in a list and in a stream', async () => {
    const long = 'k'.repeat(60_000)
    const events = [
      { unit: 'u', metric: long },
      { unit: 'u', metric: long, experiment: 'wide' },
      { unit: 'u', metric: 'visit', experiment: long },
    ]
    const lines = `${events.map(event => JSON.stringify(event)).join('\n')}\n`.repeat(50)
    const headers = { ...keys.reward, 'content-type': 'application/x-ndjson' }
    const streamed = await service.call('POST', '/rewards', Buffer.from(lines), headers)
    expect(streamed.body).toMatchObject({ rejected: 150 })
    expect(streamed.body.results[0].message).toBe(`No experiment has a metric "${'k'.repeat(79)}…"`)
    expect(streamed.text.length).toBeLessThan(150 * 300)

    const many = Array.from({ length: 20_000 }, (_, place) => ({ unit: 'u', metric: `${'m'.repeat(70)}${place}` }))
    const listed = await service.call('POST', '/rewards', many, keys.reward)
    const messages = (listed.body.results as { message: string }[]).map(({ message }) => message)
    expect(messages.at(-1)).toBe(UNTOLD)
    const told = messages.filter(message => message !== UNTOLD)
    expect(told.length).toBeGreaterThan(5_000)
    expect(told.join('').length).toBeLessThan(MAX_MESSAGES + 1_000)
  })

  it('are not looked for in forms of more than 5,000 fields', async () => {
    const form = Array.from({ length: 5_001 }, (_, place) => `${place}=`).join('&')
    expectProblem(await service.call('POST', '/rewards', form, keys.reward), 413, 'body_too_large')
  })
})

describe('what takes long to compute', () => {
  it('lets /assign be answered while twelve reports of 200 arms and 20 metrics wait', async () => {
    let reported = 0
    const reports = Array.from({ length: 12 }, () =>
      service.call('GET', '/experiments/wide/report', undefined, keys.read).then(answer => {
        reported += 1
        return answer.status
      }),
    )
    const assigned = await service.call('POST', '/assign', { experiment: 'spring-email', unit: 'beside' }, keys.assign)
    expect(assigned.body.reason).toBe('assigned')
    expect(reported).toBeLessThan(6)
    expect(new Set(await Promise.all(reports))).toEqual(new Set([200]))
  })

  it('is refused with Retry-After beyond those that may wait', async () => {
    const answers = await Promise.all(
      Array.from({ length: 120 }, () => service.call('GET', '/experiments/spring-email/report', undefined, keys.read)),
    )
    const refused = answers.filter(({ status }) => status !== 200)
    expect(refused.length).toBeGreaterThan(0)
    for (const answer of refused) {
      expectProblem(answer, 503, 'overloaded')
      expect(answer.headers.get('retry-after')).toBe('1')
    }
    expect((await service.call('GET', '/experiments/spring-email/report', undefined, keys.read)).status).toBe(200)
  })
})
