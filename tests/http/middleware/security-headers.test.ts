import { createHash } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import express from 'express'
import helmet from 'helmet'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { HELMET_OPTIONS, SECURITY_HEADERS } from '../../../src/http/middleware/security-headers.ts'
import { type Service, startExperiment, startService } from '../../support/http/service.ts'

let service: Service

beforeAll(async () => {
  service = await startService()
  await startExperiment(service)
})

afterAll(() => service.close())

describe('the security headers', () => {
  it('are those that helmet would set as a middleware', async () => {
    const app = express().disable('x-powered-by')
    app.use(helmet(HELMET_OPTIONS))
    app.get('/', (_request, response) => void response.end())
    const server = createServer(app)
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    const { headers } = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`)
    server.closeAllConnections()
    server.close()
    const transport = ['connection', 'content-length', 'date', 'keep-alive']
    const theirs = [...headers].filter(([name]) => !transport.includes(name))
    const ours = SECURITY_HEADERS.map(([name, value]) => [name.toLowerCase(), value])
    expect(theirs.length).toBeGreaterThan(10)
    expect(ours.toSorted()).toEqual(theirs.toSorted())
  })

  it.each([
    ['GET', '/experiments/spring-email/report.html'],
    ['GET', '/experiments/spring-email/report.svg'],
    ['GET', '/experiments/spring-email/assignments.csv'],
  ])('are in every answer that a browser may take for a page: %s %s', async (method, path) => {
    const { headers } = await service.call(method, path)
    for (const [name, value] of SECURITY_HEADERS) expect(headers.get(name), name).toBe(value)
  })

  it.each([
    [200, 'POST', '/assign', { experiment: 'spring-email', unit: 'u' }],
    [200, 'POST', '/rewards', { unit: 'u', metric: 'visit' }],
    [200, 'GET', '/experiments'],
    [200, 'GET', '/livez'],
    [400, 'POST', '/assign', {}],
    [404, 'GET', '/nothing'],
    [405, 'DELETE', '/assign'],
  ])(
    'are only the one that keeps JSON from being taken for a page: %i %s %s',
    async (expected, method, path, body?: object) => {
      const { headers, status } = await service.call(method, path, body)
      expect(status).toBe(expected)
      const sent = SECURITY_HEADERS.filter(([name]) => headers.has(name))
      expect(sent).toEqual([['X-Content-Type-Options', 'nosniff']])
    },
  )

  it('let nobody inline scripts or unknown styles, and ask for no other scheme', async () => {
    const policy = new Map(SECURITY_HEADERS).get('Content-Security-Policy') ?? ''
    expect(policy).toContain("default-src 'self'")
    expect(policy).not.toMatch(/unsafe|upgrade-insecure-requests|https?:|\*/)
  })

  it.each(['html', 'svg'])(
    'name the style sheets within the report as %s, which has nothing else to name',
    async face => {
      const { text, headers } = await service.call('GET', `/experiments/spring-email/report.${face}`)
      const sheets = [...text.matchAll(/<style>([^<]*)<\/style>/g)].map(([, css]) => css as string)
      expect(sheets.length).toBeGreaterThan(0)
      for (const css of sheets) {
        const digest = createHash('sha256').update(css).digest('base64')
        expect(headers.get('content-security-policy')).toContain(`'sha256-${digest}'`)
      }
      // What no digest can allow.
      expect(text).not.toMatch(/\sstyle=|<script|\son\w+=|javascript:/)
    },
  )
})
