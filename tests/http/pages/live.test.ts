import { once } from 'node:events'
import { createServer, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { LivePages } from '../../../src/http/pages/live.ts'
import { expectProblem } from '../../support/http/problem.ts'
import { RawConnection, requestHead } from '../../support/http/raw-http.ts'
import { type Service, startExperiment, startService } from '../../support/http/service.ts'

let service: Service

beforeEach(async () => {
  service = await startService()
  await startExperiment(service)
})

afterEach(() => service.close())

/** Reads a stream of events, one number after another. */
async function listen(path: string) {
  const leave = new AbortController()
  const response = await fetch(service.url + path, { signal: leave.signal })
  const reader = (response.body as ReadableStream<Uint8Array>).pipeThrough(new TextDecoderStream()).getReader()
  return {
    response,
    next: async () => {
      const { value } = await reader.read()
      return Number(/^event: changed\ndata: (\d+)\n\n$/.exec(value ?? '')?.[1])
    },
    leave: () => leave.abort(),
  }
}

describe('the stream of events', () => {
  it('begins with the revision that there is, and goes on when that has changed', async () => {
    const stream = await listen('/pages/spring-email/events')
    expect(stream.response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8')
    const first = await stream.next()
    await service.call('POST', '/assign', { experiment: 'spring-email', unit: 'u-1' })
    const second = await stream.next()
    expect(second).toBe(first + 1)
    await service.call('POST', '/rewards', { unit: 'u-1', metric: 'visit' })
    expect(await stream.next()).toBe(second + 1)
    stream.leave()
  })

  it('says once what has changed a hundred times within a second, and nothing of other experiments', async () => {
    await startExperiment(service, { key: 'other' })
    const [own, all] = [await listen('/pages/spring-email/events'), await listen('/events')]
    const [first, before] = [await own.next(), await all.next()]
    const units = Array.from({ length: 100 }, (_, unit) => `u-${unit}`)
    for (const experiment of ['spring-email', 'other'])
      await service.call('POST', '/assign/batch', { experiment, units })
    expect(await own.next()).toBe(first + 100)
    expect(await all.next()).toBe(before + 200)
    own.leave()
    all.leave()
  })

  it('is refused for an experiment that is not there', async () => {
    expectProblem(await service.call('GET', '/pages/none/events'), 404, 'experiment_not_found')
  })

  it('lets go of those who have left', async () => {
    const connection = await RawConnection.open(service.url)
    await connection.send(requestHead('GET', '/events'))
    const [stream] = [await listen('/events')]
    await stream.next()
    await expect.poll(() => service.live.viewers).toBe(2)
    await connection.reset()
    stream.leave()
    await expect.poll(() => service.live.viewers).toBe(0)
  })
})

describe('LivePages', () => {
  let live: LivePages
  let server: Server
  let url: string

  beforeEach(async () => {
    live = new LivePages(service.catalogue, 3)
    server = createServer((_request, response) => {
      try {
        live.watch(null, response)
      } catch {
        response.writeHead(503).end()
      }
    })
    await once(server.listen(0, '127.0.0.1'), 'listening')
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  })

  afterEach(() => {
    live.close()
    server.closeAllConnections()
    server.close()
  })

  it('takes as many as it may, and another one once somebody has left', async () => {
    const leave = new AbortController()
    const answers = [await fetch(url), await fetch(url), await fetch(url, { signal: leave.signal }), await fetch(url)]
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 503])
    leave.abort()
    await expect.poll(() => live.viewers).toBe(2)
    expect((await fetch(url)).status).toBe(200)
  })

  it('piles nothing up for a client that does not read', async () => {
    server.removeAllListeners('request')
    const responses: ServerResponse[] = []
    server.on('request', (_request, response: ServerResponse) => {
      // The first one's bytes stay here, as if its connection took no more.
      if (responses.push(response) === 1) response.cork()
      live.watch(null, response)
    })
    const stuck = fetch(url)
    await expect.poll(() => live.viewers).toBe(1)
    const waiting = responses[0]?.writableLength ?? 0
    expect(waiting).toBeGreaterThan(0)
    const reader = ((await fetch(url)).body as ReadableStream<Uint8Array>).getReader()
    await reader.read()
    await service.call('POST', '/experiments/spring-email/pause')
    await reader.read()
    expect(responses[0]?.writableLength).toBe(waiting)
    responses[0]?.uncork()
    const late = ((await stuck).body as ReadableStream<Uint8Array>).getReader()
    const told = async () => new TextDecoder().decode((await late.read()).value)
    expect(await told()).not.toContain(`data: ${live.revision(null)}\n`)
    expect(await told()).toContain(`data: ${live.revision(null)}\n`)
  })

  it('ends every stream when it closes, and takes no more', async () => {
    const answers = await Promise.all([fetch(url), fetch(url)])
    live.close()
    for (const answer of answers) expect(await answer.text()).toMatch(/^event: changed/)
    expect((await fetch(url)).status).toBe(503)
  })
})
