// Overload is told at once, and passes.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { RawConnection, requestHead } from '../../support/http/raw-http.ts'
import { type Service, startExperiment, startService } from '../../support/http/service.ts'

const MEGABYTE = 1024 * 1024

/** A thousand requests take a while to set out. */
const PATIENT = { timeout: 15_000 }

describe('Admission', () => {
  let service: Service
  let release = () => {}
  let isHeld = false

  beforeAll(async () => {
    const held = new Promise<void>(resolve => {
      release = resolve
    })
    service = await startService({
      wrapStore: store => ({
        ...store,
        keepAssignments: async proposal => {
          if (isHeld) await held
          return store.keepAssignments(proposal)
        },
      }),
    })
    await startExperiment(service)
  })

  afterAll(() => service.close())

  const assign = (unit: string) => service.call('POST', '/assign', { experiment: 'spring-email', unit })

  it('refuses bodies beyond 256 MiB at once, until those before them are gone', async () => {
    const head = requestHead('POST', '/assign/batch', { 'Content-Length': 16 * MEGABYTE })
    const connections = await Promise.all(Array.from({ length: 16 }, () => RawConnection.open(service.url)))
    await Promise.all(connections.map(connection => connection.send(head)))
    await expect.poll(async () => (await assign('u1')).status).toBe(503)
    const refused = await assign('u1')
    expect(refused.headers.get('retry-after')).toBe('1')
    expect(refused.body).toMatchObject({ code: 'overloaded' })
    await Promise.all(connections.map(connection => connection.reset()))
    await expect.poll(async () => (await assign('u1')).status).toBe(200)
  })

  it('refuses the request after the five hundredth that waits, and none once they are answered', async () => {
    isHeld = true
    const waiting = Array.from({ length: 500 }, (_, unit) => assign(`w${unit}`))
    await expect
      .poll(async () => (await service.call('POST', '/rewards', { unit: 'u1', metric: 'visit' })).status, PATIENT)
      .toBe(503)
    expect((await service.call('GET', '/livez')).status).toBe(200)
    isHeld = false
    release()
    const statuses = await Promise.all(waiting.map(async answer => (await answer).status))
    expect(statuses).toEqual(new Array(500).fill(200))
    expect((await assign('u2')).body.reason).toBe('assigned')
  })
})
