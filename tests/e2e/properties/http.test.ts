// Whatever is sent, no answer is the service's fault or late, and a refusal is as the interface
// promises: some requests here, all of them in `npm run fuzz`.
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { QUICK } from '../../../scripts/fuzz/expect-holds.ts'
import { checkVolleys, prepare } from '../../../scripts/fuzz/http/volleys.ts'
import { expectBalance } from '../../support/book.ts'
import { type Service, startService } from '../../support/http/service.ts'

const { requests: REQUESTS } = QUICK
const SEED = 20_260_105

describe('the service under hostile requests', () => {
  let service: Service

  beforeAll(async () => {
    service = await startService({ now: Date.now() })
    await prepare(service.url)
  })

  afterAll(() => service.close())

  it('answers every one as promised, lives, and keeps its books', async () => {
    const counts = new Map<string, number>()
    const onOutcome: Parameters<typeof checkVolleys>[0]['onOutcome'] = (_, outcome) => {
      const kind = outcome.kind === 'answer' ? `${Math.floor(outcome.answer.status / 100)}xx` : outcome.kind
      counts.set(kind, (counts.get(kind) ?? 0) + 1)
    }
    await checkVolleys({ url: service.url, seed: SEED, generation: 0, requests: REQUESTS, onOutcome })
    // Where all were refused at the door, nothing behind it was tried.
    expect(counts.get('2xx')).toBeGreaterThan(REQUESTS / 5)
    expect(counts.get('4xx')).toBeGreaterThan(REQUESTS / 5)
    await expectBalance(service)
  })
})

describe('hostile requests find out a service that', () => {
  const bad = { status: 200, type: 'application/json', body: '{}' }

  it.each([
    ['has a fault of its own', { ...bad, status: 500 }, /service’s own fault/],
    ['refuses in HTML', { ...bad, status: 404, type: 'text/html' }, /comes as text\/html/],
    ['invents a code', { status: 404, type: 'application/problem+json', body: '{"code":"oops"}' }, /unknown code oops/],
    ['answers what is no JSON', { ...bad, body: '{' }, /is not JSON/],
    ['sends people elsewhere', { ...bad, status: 302 }, /no answer that is promised/],
  ])('%s', async (_, { status, type, body }, reason) => {
    const url = await serve((_, response) => response.writeHead(status, { 'content-type': type }).end(body))
    await expect(checkVolleys({ url, seed: SEED, generation: 0, requests: 5 })).rejects.toThrow(reason)
  })

  it('closes the connection instead of answering', async () => {
    const url = await serve(request => request.socket.destroy())
    await expect(checkVolleys({ url, seed: SEED, generation: 0, requests: 5 })).rejects.toThrow(
      /closed without an answer/,
    )
  })

  const servers: ReturnType<typeof createServer>[] = []
  afterAll(() => {
    for (const server of servers) server.close().closeAllConnections()
  })

  async function serve(listener: NonNullable<Parameters<typeof createServer>[1]>): Promise<string> {
    const server = createServer(listener)
    servers.push(server)
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  }
})
