// Every operation is sent what it does not expect; a status that it answers and the document does
// not list is an error of the service that the tests start
// (tests/support/http/unlisted-statuses.ts), here and in all other tests.
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import request from 'supertest'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openApiDocument } from '../../src/http/openapi.ts'
import { faultyStore } from '../support/faulty-store.ts'
import { Interface } from '../support/http/interface.ts'
import { type Service, startExperiment, startService } from '../support/http/service.ts'
import { unlistedStatuses } from '../support/http/unlisted-statuses.ts'

const { operations } = new Interface(openApiDocument())
const store = faultyStore()
let open: Service
let locked: Service

beforeAll(async () => {
  open = await startService({ wrapStore: store.wrapStore })
  locked = await startService({ adminKey: 'a key of some length' })
  await startExperiment(open)
})

afterAll(async () => {
  await open.close()
  await locked.close()
})

const KEYS = ['spring-email', 'nobody', '%zz', '%00', '%F0%9F%98%80', '../http', 'x'.repeat(300)]
const QUERIES = [
  '',
  '?colour=red',
  '?metric=sales',
  '?metric=visit&metric=visit',
  '?after=x',
  '?format=pdf',
  '?%zz=%zz',
]
const HEADERS: Readonly<Record<string, string>>[] = [
  {},
  { Host: 'shop.example' },
  { Origin: 'https://shop.example' },
  { Accept: 'image/png' },
  { Authorization: 'Bearer no-key' },
  { Authorization: 'Basic %' },
  { 'X-API-Key': 'a key of some length' },
  { 'If-None-Match': '*' },
  { Range: 'bytes=0-1' },
]
const TYPES = [
  'application/json',
  'application/x-www-form-urlencoded',
  'application/x-ndjson',
  'text/plain',
  'image/png',
  'x',
]
const BODIES = ['', '{', '[]', 'null', '7', '{"colour": "red"}', '{"key": "nobody"}', 'a=1&a=2', '\0', '[[[[']

function send(service: Service, method: string, path: string) {
  return request(service.server)[method.toLowerCase() as 'get' | 'post' | 'put' | 'delete'](path)
}

describe.each(operations)('$id', ({ method, path }) => {
  const address = path.replace('{key}', 'spring-email').replace('{id}', 'wh_nobody')

  it('answers listed statuses to any address', async () => {
    for (const key of KEYS) {
      for (const query of QUERIES) await send(open, method, path.replace(/\{\w+\}/, key) + query)
    }
  })

  it('answers listed statuses to any headers', async () => {
    for (const headers of HEADERS) {
      for (const service of [open, locked]) await send(service, method, address).set(headers)
    }
  })

  it('answers listed statuses to any body', async () => {
    for (const type of method === 'GET' ? [] : TYPES) {
      for (const body of BODIES) await send(open, method, address).set('Content-Type', type).send(body)
    }
    for (const encoding of method === 'GET' ? [] : ['gzip', 'br', 'zstd']) {
      await send(open, method, address)
        .set('Content-Encoding', encoding)
        .set('Content-Type', 'application/json')
        .send('{}')
    }
  })

  it('answers listed statuses when the store does not answer', async () => {
    store.isDown = true
    await send(open, method, address)
    store.isDown = false
  })
})

describe('unlistedStatuses()', () => {
  it('names an operation that answers a status that the document does not list', async () => {
    const server = createServer((incoming, response) => response.writeHead(incoming.url === '/livez' ? 418 : 200).end())
    const unlisted = unlistedStatuses(server)
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    for (const path of ['/livez', '/version', '/nothing']) await fetch(`http://127.0.0.1:${port}${path}`)
    expect([...unlisted]).toEqual(['getLivez 418'])
    server.close()
  })
})
