import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Service, startExperiment, startService } from '../../../support/http/service.ts'

let service: Service

beforeAll(async () => {
  service = await startService()
  await startExperiment(service)
})

afterAll(() => service.close())

const put = (change: object) => service.call('PUT', '/experiments/spring-email', change)
const report = async (face: string) => service.call('GET', `/experiments/spring-email/report.${face}`)

describe('recentChanges', () => {
  it('tells who changed what, and when, the newest change first', async () => {
    service.now += 60_000
    await put({ policy: { exploration: 0.2 } })
    const at = new Date(service.now).toISOString()
    const { recentChanges } = (await report('json')).body
    expect(recentChanges).toMatchObject([
      { version: 3, at, actor: 'anonymous', what: 'changed: policy.exploration 0.1 → 0.2' },
      { version: 2, what: 'started: status draft → running' },
      { version: 1, what: 'created' },
    ])
  })

  it('stands in the text, in the HTML, and on the page with a link to the whole history', async () => {
    expect((await report('txt')).text).toMatch(
      /\n\nRecent changes\n {2}version {2}when .*\n.*anonymous {2}changed: policy\.exploration 0\.1 → 0\.2\n/,
    )
    const link = '<a href="/experiments/spring-email/history">'
    const { text: html } = await report('html')
    expect(html).toContain('<h2>Recent changes</h2>')
    expect(html).not.toContain(link)
    const { text: page } = await service.call('GET', '/pages/spring-email')
    expect(page).toContain('<h2>Recent changes</h2>')
    expect(page).toContain(link)
  })

  it('tells of the newest ten, and of a few differences of each', async () => {
    for (let change = 1; change <= 9; change++) await put({ description: `${change}`.repeat(100) })
    const arms = ['control', 'mens', 'womens', ...Array.from({ length: 8 }, (_, arm) => `new-${arm}`)]
    await put({ arms: arms.map(key => ({ key })) })
    const { recentChanges } = (await report('json')).body
    expect(recentChanges).toHaveLength(10)
    expect(recentChanges[0]).toMatchObject({ version: 13, what: expect.stringMatching(/; and \d more$/) })
    expect(recentChanges[1].what).toBe(`changed: description ${'8'.repeat(60)}… → ${'9'.repeat(60)}…`)
    expect((await report('txt')).text).toContain('The newest 10 of 13 versions.')
  })
})
