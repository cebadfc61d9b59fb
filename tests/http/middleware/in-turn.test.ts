import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, describe, expect, it } from 'vitest'
import { MAX_WAITING_OF_CONNECTION, Turns } from '../../../src/http/middleware/in-turn.ts'
import { startService } from '../../support/http/service.ts'

const open: (() => void)[] = []

afterEach(() => {
  for (const close of open.splice(0)) close()
})

/** A server that answers each request by `answer`, and the turns that it takes. */
async function serveInTurn(answer: (path: string) => Promise<string>, most?: number) {
  const turns = new Turns(most)
  const begun: string[] = []
  const server = createServer(turns.serverOptions, (request, response) =>
    turns.inTurn(request, response, async () => {
      begun.push(request.url ?? '')
      response.end(await answer(request.url ?? ''))
    }),
  )
  await listen(server)
  return { turns, begun, server, port: (server.address() as AddressInfo).port }
}

async function listen(server: Server): Promise<void> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  open.push(() => {
    server.closeAllConnections()
    server.close()
  })
}

async function connected(port: number): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1' })
  await once(socket, 'connect')
  socket.on('error', () => {})
  open.push(() => socket.destroy())
  return socket
}

function requests(count: number): string {
  return Array.from({ length: count }, (_, place) => `GET /${place} HTTP/1.1\r\nHost: a\r\n\r\n`).join('')
}

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await sleep(5)
}

describe('Turns', () => {
  it('inTurn() begins a request of a connection when the answer before it was written', async () => {
    let free = () => {}
    const first = new Promise<void>(resolve => {
      free = resolve
    })
    const { begun, turns, port } = await serveInTurn(async path => {
      if (path === '/0') await first
      return path
    })
    const socket = await connected(port)
    socket.write(requests(50))
    await until(() => turns.waiting === 49)
    expect(begun).toEqual(['/0'])
    // Another connection has turns of its own.
    const other = await connected(port)
    other.write(requests(1))
    await until(() => begun.length === 2)
    free()
    let text = ''
    for await (const chunk of socket) {
      text += chunk
      if (text.includes('/49')) break
    }
    expect([...text.matchAll(/\r\n\r\n(\/\d+)/g)].map(([, path]) => path)).toEqual(
      Array.from({ length: 50 }, (_, place) => `/${place}`),
    )
    expect(turns.waiting).toBe(0)
  })

  it('inTurn() reads requests with bodies one after the other, however many were sent ahead', async () => {
    const turns = new Turns()
    const server = createServer((request, response) =>
      turns.inTurn(request, response, async () => {
        let body = ''
        for await (const chunk of request) body += chunk
        await sleep(1)
        response.end(`<${body.length}>`)
      }),
    )
    await listen(server)
    const socket = await connected((server.address() as AddressInfo).port)
    const bodies = Array.from({ length: 30 }, (_, place) => 'x'.repeat(place * 5_000))
    for (const body of bodies) {
      socket.write(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${body.length}\r\n\r\n${body}`)
    }
    let text = ''
    for await (const chunk of socket) {
      text += chunk
      if (text.includes('<145000>')) break
    }
    expect([...text.matchAll(/<(\d+)>/g)].map(([, length]) => Number(length))).toEqual(
      bodies.map(({ length }) => length),
    )
  })

  it('inTurn() cuts off the connection that brings more than may wait, and no other', async () => {
    const { turns, port } = await serveInTurn(
      path => (path === '/0' ? new Promise(() => {}) : Promise.resolve(path)),
      20,
    )
    const patient = await connected(port)
    patient.write(requests(11))
    await until(() => turns.waiting === 10)
    const greedy = await connected(port)
    greedy.resume().write(requests(50))
    await once(greedy, 'close')
    await until(() => turns.waiting === 10)
    expect(patient.destroyed).toBe(false)
  })

  it('serverOptions stop the parser at the first request that is one too many', async () => {
    const turns = new Turns()
    let [parsed, stopped] = [0, 0]
    const server = createServer(
      {
        ...turns.serverOptions,
        shouldUpgradeCallback: request => {
          const isStopped = turns.serverOptions.shouldUpgradeCallback?.(request) ?? false
          if (isStopped) stopped += 1
          return isStopped
        },
      },
      (request: IncomingMessage, response) => {
        parsed += 1
        turns.inTurn(request, response, () => {})
      },
    )
    await listen(server)
    const socket = await connected((server.address() as AddressInfo).port)
    socket.resume().write(requests(1_000))
    await once(socket, 'close')
    await until(() => turns.waiting === 0)
    expect({ parsed, stopped }).toEqual({ parsed: 1 + MAX_WAITING_OF_CONNECTION, stopped: 1 })
  })

  it('serverOptions leave requests for another protocol as they were', async () => {
    const { port } = await serveInTurn(async path => path)
    const socket = await connected(port)
    socket.write('GET /h2c HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n')
    expect(String((await once(socket, 'data'))[0])).toMatch(/^HTTP\/1.1 200 OK(?:.|\s)*\/h2c$/)
    const tunnel = await connected(port)
    tunnel.resume().write('CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n')
    await once(tunnel, 'close')
  })

  it('inTurn() forgets what waited when its connection closes', async () => {
    const { turns, port, begun, server } = await serveInTurn(() => new Promise(() => {}))
    const socket = await connected(port)
    socket.write(requests(10))
    await until(() => turns.waiting === 9)
    server.closeAllConnections()
    await until(() => turns.waiting === 0)
    expect(begun).toEqual(['/0'])
  })
})

describe('100 requests that are sent ahead by a client that never reads', () => {
  it('are answered only as far as its connection takes answers', async () => {
    const service = await startService()
    open.push(() => void service.close())
    let answered = 0
    service.server.prependListener('request', (_, response) => response.once('finish', () => (answered += 1)))
    const socket = await connected(Number(new URL(service.url).port))
    const cpuBefore = process.cpuUsage()
    socket.write('GET /openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n'.repeat(100))
    let before = -1
    while (answered !== before) {
      before = answered
      await sleep(300)
    }
    const { user, system } = process.cpuUsage(cpuBefore)
    // The system takes some MB that nobody has read: of answers of 150 KB, some dozens.
    expect(answered).toBeLessThan(80)
    expect((user + system) / 1e6).toBeLessThan(3)
  })
})
