// Clients that leave before their answer begins: nothing waits for them, and nobody after them is
// refused.
import { once } from 'node:events'
import { connect } from 'node:net'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { requestHead } from '../support/http/raw-http.ts'
import { type Service, startExperiment, startService } from '../support/http/service.ts'

let service: Service

beforeAll(async () => {
  service = await startService()
  await startExperiment(service)
})

afterAll(() => service.close())

it('answerInParts() ends for 300 clients that leave while their bodies are unpacked', { timeout: 60_000 }, async () => {
  const units = Array.from({ length: 200 }, (_, unit) => `u${unit}`)
  const body = gzipSync(JSON.stringify({ experiment: 'spring-email', units }))
  const head = requestHead('POST', '/assign/batch', { 'Content-Encoding': 'gzip', 'Content-Length': body.length })
  const leave = async () => {
    const socket = connect({ host: '127.0.0.1', port: Number(new URL(service.url).port) })
    await once(socket, 'connect')
    socket.write(Buffer.concat([Buffer.from(head), body]), () => socket.destroy())
    await once(socket, 'close')
  }
  await Promise.all(Array.from({ length: 300 }, leave))
  // A request is counted when its handler has ended.
  const ended = async () => {
    const { text } = await service.call('GET', '/metrics')
    const counts = text.matchAll(/^http_server_request_duration_seconds_count\{.*assign\/batch.*\} (\d+)$/gm)
    return [...counts].reduce((sum, [, count]) => sum + Number(count), 0)
  }
  await expect.poll(ended, { timeout: 10_000 }).toBe(300)
})
