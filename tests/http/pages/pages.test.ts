import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Answer } from '../../support/http/answer.ts'
import { expectProblem } from '../../support/http/problem.ts'
import { emailDefinition, type Service, startExperiment, startService } from '../../support/http/service.ts'

const KEY = 'correct-horse-battery-staple'
const COOKIE = { cookie: `pinwheel_key=${KEY}` }
const HERE = { 'sec-fetch-site': 'same-origin' }

/** Without following: where a form leads is what is tested. */
async function submit(service: Service, path: string, form: string, headers: Record<string, string> = {}) {
  return fetch(service.url + path, {
    method: 'POST',
    redirect: 'manual',
    headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
    body: form,
  })
}

function expectPage(answer: Answer, status: number): void {
  expect(answer.status, answer.text).toBe(status)
  expect(answer.headers.get('content-type')).toBe('text/html; charset=utf-8')
  expect(answer.headers.get('content-security-policy')).toContain(
    "default-src 'none'; script-src 'self'; style-src 'self'",
  )
  expect(answer.headers.get('cache-control')).toBe('no-store')
}

describe('the pages of an open service', () => {
  let service: Service

  beforeAll(async () => {
    service = await startService()
    await startExperiment(service, {
      metrics: [
        { key: 'visit', type: 'binary', role: 'primary' },
        { key: 'spend', type: 'continuous', range: [0, 100] },
      ],
    })
  })

  afterAll(() => service.close())

  it.each(['/', '/new', '/pages/spring-email', '/pages/spring-email?metric=spend'])('GET %s', async path => {
    expectPage(await service.call('GET', path), 200)
    expect((await service.call('HEAD', path)).status).toBe(200)
  })

  it.each([
    ['/pages/none', 404, 'There is no experiment'],
    ['/pages/spring-email?metric=none', 404, 'has no metric'],
  ])('GET %s says in a page what is wrong', async (path, status, words) => {
    const answer = await service.call('GET', path)
    expectPage(answer, status)
    expect(answer.text).toContain(words)
  })

  it('shows the metric that is asked for', async () => {
    const { text } = await service.call('GET', '/pages/spring-email?metric=spend')
    expect(text).toContain('spend is a secondary metric')
    expect(text).toContain('<a href="/pages/spring-email?metric=spend" aria-current="page">')
  })

  it('shows what has changed, on whatever metric, at once', async () => {
    const page = async () => (await service.call('GET', '/pages/spring-email?metric=spend')).text
    await service.call('POST', '/assign', { experiment: 'spring-email', unit: 'u-1' })
    expect(await page()).toContain('<dd>1 in 1 snapshot')
    const before = await page()
    await service.call('POST', '/rewards', { unit: 'u-1', metric: 'spend', value: 71 })
    expect(before).not.toContain('spend sums to 71 over 1 unit')
    expect(await page()).toContain('spend sums to 71')
  })

  it('makes a page once for all who were told of the same change', async () => {
    let reads = 0
    const counted = await startService({
      wrapStore: store => ({
        ...store,
        readReportFacts: (...asked) => {
          reads++
          return store.readReportFacts(...asked)
        },
      }),
    })
    await startExperiment(counted)
    const revision = counted.live.revision('spring-email')
    const ask = (told: number) => counted.call('GET', '/pages/spring-email', undefined, { 'x-revision': String(told) })
    await ask(revision)
    reads = 0
    await Promise.all([ask(revision), ask(revision - 1), counted.call('GET', '/pages/spring-email')])
    expect(reads).toBe(0)
    await counted.call('POST', '/assign', { experiment: 'spring-email', unit: 'u-1' })
    await ask(revision)
    expect(reads).toBe(0)
    await Promise.all([ask(revision + 1), ask(revision + 1), ask(Number.NaN), ask(1e300)])
    expect(reads).toBe(1)
    await counted.close()
  })

  it('gives files that are named by what is in them, for ever', async () => {
    const { text } = await service.call('GET', '/')
    const addresses = [...text.matchAll(/(?:href|src)="(\/assets\/[^"]+)"/g)].map(([, address = '']) => address)
    expect(addresses).toHaveLength(3)
    for (const address of [...addresses, (addresses[2] ?? '').replace('page.js', 'live.js')]) {
      const file = await service.call('GET', address)
      expect(file.status).toBe(200)
      expect(file.headers.get('cache-control')).toBe('public, max-age=31536000, immutable')
    }
    for (const path of [
      '/assets/0000000000000000/page.js',
      `${addresses[2]?.replace('page.js', '..%2f..%2fframe.ts')}`,
    ])
      expectProblem(await service.call('GET', path), 404, 'not_found')
  })

  it.each([
    ['another site', { 'sec-fetch-site': 'cross-site' }, 403],
    ['a sibling of the site', { 'sec-fetch-site': 'same-site' }, 403],
    ['an address that was typed', { 'sec-fetch-site': 'none' }, 403],
    ['another origin, in an older browser', { origin: 'http://evil.example' }, 403],
    ['no origin that could be told', { origin: 'null' }, 403],
  ])('lets %s change nothing', async (_, headers, status) => {
    const changes: [string, string][] = [
      ['/pages/spring-email/pause', ''],
      ['/pages/spring-email/retire', 'arm=mens'],
      ['/experiments/spring-email/pause', ''],
      ['/new', 'do=check'],
      ['/session', 'key=x'],
      ['/session/end', ''],
    ]
    for (const [path, form] of changes) expect((await submit(service, path, form, headers)).status, path).toBe(status)
    expect((await service.call('GET', '/experiments/spring-email')).body.status).toBe('running')
  })

  it.each<[string, (url: string) => Record<string, string>]>([
    ['its own pages', () => HERE],
    ['its own pages in an older browser', url => ({ origin: url })],
    ['a program', () => ({})],
  ])('lets %s change things', async (_, headers) => {
    const paused = await submit(service, '/pages/spring-email/pause', '', headers(service.url))
    expect([paused.status, paused.headers.get('location')]).toEqual([303, '/pages/spring-email'])
    const started = await submit(service, '/pages/spring-email/start', '', headers(service.url))
    expect(started.status).toBe(303)
  })

  it.each([
    ['pause of a draft', '/pages/draft/pause', '', 409, 'it is draft'],
    ['a winner that is no arm', '/pages/spring-email/stop', 'winner=none', 400, 'must be one of its arms'],
    ['an arm that is none', '/pages/spring-email/retire', 'arm=none', 400, 'has no arm'],
    ['no arm', '/pages/spring-email/retire', '', 400, 'has no arm'],
    ['a field that is none', '/pages/spring-email/pause', 'winner=mens', 400, 'is unknown'],
  ])('refuses %s in a page', async (_, path, form, status, words) => {
    await service.call('PUT', '/experiments/draft', emailDefinition({ key: 'draft' }))
    const answer = await service.call('POST', path, form)
    expectPage(answer, status)
    expect(answer.text).toContain(words)
  })

  it('retires the control as PUT does, and refuses an arm that has a fixed weight as PUT does', async () => {
    for (const key of ['by-page', 'by-put']) {
      await service.call('PUT', `/experiments/${key}`, emailDefinition({ key }))
      await service.call('POST', `/experiments/${key}/start`)
    }
    const read = async (key: string) => (await service.call('GET', `/experiments/${key}`)).body
    const { arms, policy } = await read('by-put')
    expect(policy.controlShare).not.toBeNull()
    const [control, ...others] = arms
    expect((await submit(service, '/pages/by-page/retire', 'arm=control')).status).toBe(303)
    const put = { arms: [{ ...control, retired: true }, ...others] }
    expect((await service.call('PUT', '/experiments/by-put', put)).status).toBe(200)
    for (const key of ['by-page', 'by-put']) {
      const changed = await read(key)
      expect([changed.arms[0].retired, changed.policy]).toEqual([true, { ...policy, controlShare: null }])
    }
    const weights = { mens: 0.5, womens: 0.5 }
    await service.call('PUT', '/experiments/by-page', { policy: { type: 'fixed', weights } })
    const refused = await service.call('POST', '/pages/by-page/retire', 'arm=mens')
    expectPage(refused, 400)
    expect(refused.text).toContain('policy.weights.mens')
  })

  it('retires an arm, and stops with a winner or none', async () => {
    expect((await submit(service, '/pages/spring-email/retire', 'arm=womens')).status).toBe(303)
    expect((await submit(service, '/pages/spring-email/stop', 'winner=')).status).toBe(303)
    const stopped = await service.call('GET', '/experiments/spring-email')
    expect(stopped.body).toMatchObject({ status: 'stopped', winner: null, version: expect.any(Number) })
    expect(stopped.body.arms[2]).toMatchObject({ key: 'womens', retired: true })
    await submit(service, '/pages/spring-email/stop', 'winner=mens')
    expect((await service.call('GET', '/experiments/spring-email')).body.winner).toBe('mens')
    expect((await service.call('GET', '/pages/spring-email')).text).toContain('stopped · winner mens')
  })
})

describe('the pages of a service with keys', () => {
  let service: Service

  beforeAll(async () => {
    service = await startService({ adminKey: KEY })
    await service.call('PUT', '/experiments/spring-email', emailDefinition(), { 'x-api-key': KEY })
  })

  afterAll(() => service.close())

  it.each(['/', '/new', '/pages/spring-email', '/pages/none'])('GET %s asks for a key', async path => {
    const answer = await service.call('GET', path)
    expectPage(answer, 401)
    expect(answer.text).toContain(`<input type="hidden" name="back" value="${path}">`)
    expect(answer.text).not.toContain('spring-email</h')
    expect((await service.call('GET', path, undefined, { cookie: 'pinwheel_key=wrong' })).status).toBe(401)
    expect((await service.call('GET', path, undefined, { cookie: 'pinwheel_key=%' })).status).toBe(401)
  })

  it.each(['/events', '/pages/spring-email/events'])('GET %s needs a key', async path => {
    expectProblem(await service.call('GET', path), 401, 'unauthorized')
  })

  it('keeps a right key in a cookie that no script reads and no other site sends', async () => {
    const answer = await submit(service, '/session', `key=${KEY}&back=/pages/spring-email`, HERE)
    expect([answer.status, answer.headers.get('location')]).toEqual([303, '/pages/spring-email'])
    expect(answer.headers.get('set-cookie')).toBe(
      `pinwheel_key=${KEY}; Path=/; Max-Age=2592000; HttpOnly; SameSite=Strict`,
    )
    const encrypted = await submit(service, '/session', `key=${KEY}`, { ...HERE, 'x-forwarded-proto': 'https' })
    expect(encrypted.headers.get('set-cookie')).toMatch(/; HttpOnly; SameSite=Strict; Secure$/)
    const ended = await submit(service, '/session/end', '', { ...COOKIE, ...HERE })
    expect(ended.headers.get('set-cookie')).toMatch(/^pinwheel_key=; Path=\/; Max-Age=0; HttpOnly/)
  })

  it.each(['//evil.example', '/\\evil.example', 'https://evil.example', 'javascript:alert(1)', '/\nx', ''])(
    'does not lead away to %j',
    async back => {
      const answer = await submit(service, '/session', `key=${KEY}&back=${encodeURIComponent(back)}`, HERE)
      expect(answer.headers.get('location')).toBe('/')
    },
  )

  it('says that a key is wrong, and keeps none', async () => {
    const answer = await submit(service, '/session', 'key=wrong', HERE)
    expect(answer.status).toBe(401)
    expect(answer.headers.get('set-cookie')).toBeNull()
    expect(await answer.text()).toContain('This is no valid key.')
  })

  it('reads with the cookie alone, and changes something with it only from its own pages', async () => {
    expect((await service.call('GET', '/pages/spring-email', undefined, COOKIE)).text).toContain('Sign out')
    const foreign: Record<string, string>[] = [
      {},
      { 'sec-fetch-site': 'cross-site' },
      { 'sec-fetch-site': 'same-site' },
      { origin: 'http://evil.example' },
      { origin: 'null' },
    ]
    for (const path of ['/pages/spring-email/start', '/experiments/spring-email/start', '/new'])
      for (const headers of foreign)
        expect((await submit(service, path, '', { ...COOKIE, ...headers })).status, JSON.stringify(headers)).toBe(403)
    expect((await submit(service, '/assign', 'experiment=spring-email&unit=u', COOKIE)).status).toBe(403)
    expect((await submit(service, '/pages/spring-email/start', '', { ...COOKIE, ...HERE })).status).toBe(303)
    expect((await submit(service, '/pages/spring-email/pause', '', { ...COOKIE, origin: service.url })).status).toBe(
      303,
    )
    expect((await submit(service, '/pages/spring-email/start', '', { 'x-api-key': KEY })).status).toBe(303)
  })
})
