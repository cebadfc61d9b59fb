import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { Client, reasonOf } from '../../../src/cli/service/client.ts'

const QUICK = { limitMs: 5_000, firstWaitMs: 1, longestWaitMs: 4 }
const closers: (() => void)[] = []
afterEach(() => {
  for (const close of closers.splice(0)) close()
})

async function listen(listener: RequestListener): Promise<Server> {
  const server = createServer(listener)
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  closers.push(() => {
    server.closeAllConnections()
    server.close()
  })
  return server
}

function clientOf(server: Server, patience = QUICK) {
  const said: string[] = []
  const url = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
  const client = new Client({ url, key: 'secret', say: sentence => said.push(sentence), patience })
  closers.push(() => client.close())
  return { client, said, url }
}

describe('Client', () => {
  it('sends JSON and its key, and gives the body of the answer', async () => {
    const server = await listen((request, response) => {
      request.on('data', chunk => response.end(JSON.stringify([request.headers.authorization, JSON.parse(chunk)])))
    })
    expect(await clientOf(server).client.ask('POST', '/assign', { unit: 'u-1' })).toEqual([
      'Bearer secret',
      { unit: 'u-1' },
    ])
  })

  it('retries after a cut connection and after 503, and reports it once', async () => {
    let requests = 0
    const server = await listen((request, response) => {
      requests += 1
      if (requests === 1) return void request.socket.destroy()
      if (requests === 2) return void response.writeHead(503).end('{"detail":"The store does not answer"}')
      if (requests === 3) return void response.writeHead(200).write('{"half', () => request.socket.destroy())
      response.end('{"whole":true}')
    })
    const { client, said } = clientOf(server)
    expect(await client.ask('GET', '/report')).toEqual({ whole: true })
    expect(requests).toBe(4)
    expect(said).toEqual([expect.stringContaining('(ECONNRESET); trying again for up to 5 s'), 'The service is back'])
  })

  it('does not retry after a refusal, and reports its reason', async () => {
    let requests = 0
    const server = await listen((_request, response) => {
      requests += 1
      response.writeHead(409).end('{"detail":"The experiment is stopped"}')
    })
    const ask = clientOf(server).client.ask('PUT', '/experiments/e', {})
    await expect(ask).rejects.toThrow('PUT /experiments/e was refused: The experiment is stopped')
    expect(requests).toBe(1)
  })

  it.each([
    [null, 'asks for a key: give one with --key KEY, or in the environment as PINWHEEL_KEY'],
    ['old', 'does not take the key: The key is not known here; give another one with --key KEY, or in'],
  ])('names the option of the command where the service does not take the key %j', async (key, told) => {
    const detail = key === null ? 'Send a key as "Authorization: Bearer <key>"' : 'The key is not known here'
    const server = await listen((_request, response) => void response.writeHead(401).end(JSON.stringify({ detail })))
    const { url } = clientOf(server)
    const client = new Client({ url, key, say: () => {} })
    closers.push(() => client.close())
    for (const asked of [client.ask('PUT', '/experiments/e', {}), client.send('POST', '/experiments/e/plan')]) {
      await expect(asked).rejects.toThrow(`The service at ${url.origin} ${told}`)
      await expect(asked).rejects.not.toThrow('Bearer')
    }
  })

  it('fails with a message when the service stays unavailable', async () => {
    const server = await listen(request => void request.socket.destroy())
    const { client } = clientOf(server, { limitMs: 1, firstWaitMs: 2, longestWaitMs: 2 })
    await expect(client.ask('GET', '/x')).rejects.toThrow(/\(ECONNRESET\).*run the same command again to continue/)
  })

  it('greet() explains how to start a service when none answers, and does not wait', async () => {
    const server = await listen(() => {})
    const { client, url } = clientOf(server)
    await new Promise(resolve => server.close(resolve))
    await expect(client.greet()).rejects.toThrow(
      `No service answers at ${url.origin} (ECONNREFUSED); start one with: npm start`,
    )
  })
})

it('reasonOf() names every fault, or the status where there is no reason', () => {
  const body = JSON.stringify({ detail: 'Not valid', errors: [{ path: 'alpha', message: 'must be small' }] })
  expect(reasonOf({ status: 400, body })).toBe('Not valid; alpha must be small')
  expect(reasonOf({ status: 502, body: '<html>' })).toBe('status 502')
})
