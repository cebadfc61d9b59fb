// The pages in a real browser: an experiment's whole life by clicks, with the keyboard alone, and
// for those who see little or nothing.
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { expectAccessible, sidewaysOf, startBrowser } from '../support/http/browser.ts'
import { emailDefinition, type Service, startExperiment, startService } from '../support/http/service.ts'

let browser: Browser
let service: Service
let context: BrowserContext
let page: Page
let complaints: string[]

beforeAll(async () => {
  browser = await startBrowser()
})

afterAll(() => browser?.close())

async function open(options: Parameters<Browser['newContext']>[0] = {}): Promise<Page> {
  context = await browser.newContext({ viewport: { width: 1080, height: 900 }, ...options })
  context.setDefaultTimeout(5_000)
  const opened = await context.newPage()
  opened.on('console', message => {
    if (message.type() === 'error') complaints.push(message.text())
  })
  opened.on('pageerror', error => complaints.push(error.message))
  return opened
}

beforeEach(() => {
  complaints = []
})

afterEach(async () => {
  await context?.close()
  await service?.close()
})

/** Units and their visits, and the snapshot that follows. */
async function drive(key: string, from: number, count: number, rates: Record<string, number>): Promise<void> {
  const units = Array.from({ length: count }, (_, unit) => `u${from + unit}`)
  const { body } = await service.call('POST', '/assign/batch', { experiment: key, units })
  const events = (body.assignments as { unit: string; arm: string }[]).flatMap(({ unit, arm }, place) =>
    (place * 0.618) % 1 < (rates[arm] ?? 0) ? [{ unit, metric: 'visit' }] : [],
  )
  await service.call('POST', '/rewards', events)
  await service.advance(1_000)
}

describe('the pages', () => {
  it('create an experiment, show it live, and end it, by clicks', async () => {
    service = await startService()
    page = await open()
    await page.goto(service.url)
    await page.getByRole('heading', { name: 'No experiments yet' }).waitFor()
    await page.getByRole('link', { name: 'Create the first one' }).click()

    await page.getByLabel('Key', { exact: true }).fill('Spring')
    await page.getByLabel('Key of arm 2').fill('mens')
    await page.getByRole('button', { name: 'Add an arm' }).click()
    await expect.poll(() => page.evaluate('document.activeElement.id')).toBe('arms[2].key')
    await page.getByLabel('Key of arm 3').fill('womens')
    await page.getByLabel('Key of metric 1').fill('visit')
    await page.getByText('"Spring" must be 1 to 64 characters').waitFor()
    await page.getByLabel('Key', { exact: true }).fill('spring-email')
    await page.locator('#command', { hasText: '{"key": "visit", "type": "binary", "role": "primary"}' }).waitFor()
    expect(await page.locator('#command').textContent()).toContain(
      `curl -X PUT ${service.url}/experiments/spring-email`,
    )
    expect(await page.locator('.fault').count()).toBe(0)
    await page.getByRole('button', { name: 'Create and start' }).click()
    await page.waitForURL('**/pages/spring-email')
    await page.getByText('No unit has been assigned yet.').first().waitFor()
    await page.getByText('Live', { exact: true }).waitFor()

    await drive('spring-email', 0, 3_000, { control: 0.1, mens: 0.5, womens: 0.3 })
    await page.getByText(/3,000 in \d+ snapshots/).waitFor()
    await page.getByText('Ship mens', { exact: true }).waitFor()
    expect(await page.locator('#announcement').textContent()).toBe('spring-email is running. Ship mens')

    await page.getByRole('button', { name: 'Pause…' }).click()
    await page.getByRole('dialog', { name: 'Pause spring-email?' }).getByRole('button', { name: 'Pause' }).click()
    await page.getByText('paused · version 3').waitFor()
    await page.getByRole('button', { name: 'Resume…' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Resume' }).click()
    await page.getByText('running · version 4').waitFor()
    await page.getByRole('button', { name: 'Retire an arm…' }).click()
    await page.getByLabel('Arm', { exact: true }).selectOption('womens')
    await page.getByRole('dialog').getByRole('button', { name: 'Retire' }).click()
    await page.getByText('running · version 5').waitFor()
    await page.getByRole('button', { name: 'Stop…' }).click()
    expect(await page.getByLabel('Winner').inputValue()).toBe('mens')
    await page.getByRole('dialog').getByRole('button', { name: 'Stop' }).click()
    await page.getByText('stopped · winner mens · version 6').waitFor()

    const { body } = await service.call('GET', '/experiments/spring-email')
    expect(body).toMatchObject({
      status: 'stopped',
      winner: 'mens',
      arms: [{ retired: false }, { retired: false }, { retired: true }],
    })
    expect(complaints).toEqual([])
  })

  it('keep what a reader does while they change: focus, scrolling, an open dialog', async () => {
    service = await startService()
    await startExperiment(service)
    await drive('spring-email', 0, 500, { mens: 0.4 })
    page = await open({ viewport: { width: 390, height: 800 } })
    await page.goto(`${service.url}/pages/spring-email`)
    await page.getByText('Live', { exact: true }).waitFor()
    const table = page.getByRole('region', { name: /^The newest/ })
    await table.evaluate(box => box.scrollTo({ left: 120 }))
    await page.getByRole('button', { name: 'Stop…' }).click()
    await page.getByLabel('Winner').selectOption('womens')
    await drive('spring-email', 500, 500, { mens: 0.4 })
    await page.getByText(/1,000 in \d+ snapshots/).waitFor({ state: 'attached' })
    expect(await page.getByRole('dialog').isVisible()).toBe(true)
    expect(await page.getByLabel('Winner').inputValue()).toBe('womens')
    expect(await page.evaluate('document.activeElement.id')).toBe('stop-winner')
    await page.keyboard.press('Escape')
    expect(await table.evaluate(box => box.scrollLeft)).toBe(120)
  })

  it('can be used with the keyboard alone', async () => {
    service = await startService()
    await startExperiment(service)
    page = await open()
    await page.goto(service.url)
    const focused = () => page.evaluate('document.activeElement.textContent.trim()')
    /** Tabs on to what is called so, and sees that the focus can be seen. */
    const tabTo = async (name: string) => {
      for (let step = 0; step < 30; step++) {
        await page.keyboard.press('Tab')
        if ((await focused()) !== name) continue
        expect(await page.evaluate('getComputedStyle(document.activeElement).outlineStyle')).not.toBe('none')
        return
      }
      throw new Error(`The focus never came to "${name}"`)
    }
    await page.keyboard.press('Tab')
    expect(await focused()).toBe('Skip to the content')
    await page.keyboard.press('Enter')
    await tabTo('spring-email')
    await page.keyboard.press('Enter')
    await page.waitForURL('**/pages/spring-email')
    await tabTo('Pause…')
    await page.keyboard.press('Enter')
    await page.getByRole('dialog').waitFor()
    await page.keyboard.press('Escape')
    expect(await focused()).toBe('Pause…')
    await page.keyboard.press('Enter')
    await tabTo('Pause')
    await page.keyboard.press('Enter')
    await page.getByText('paused · version 3').waitFor()
  })

  it.each(['light', 'dark'] as const)(
    'have no serious fault for anybody, %s, and never move sideways on a phone',
    async colorScheme => {
      service = await startService()
      await startExperiment(service, {
        arms: Array.from({ length: 5 }, (_, arm) => ({ key: `arm-with-a-rather-long-name-${arm}` })),
        metrics: [
          { key: 'visit', type: 'binary', role: 'primary' },
          { key: 'left', type: 'binary', role: 'guardrail', goal: 'decrease' },
        ],
      })
      await service.call('POST', '/experiments', emailDefinition({ key: 'draft' }))
      await drive('spring-email', 0, 2_000, {
        'arm-with-a-rather-long-name-4': 0.6,
        'arm-with-a-rather-long-name-0': 0.2,
      })
      page = await open({ colorScheme, viewport: { width: 390, height: 800 }, reducedMotion: 'reduce' })
      for (const path of ['/', '/pages/spring-email', '/pages/draft', '/new']) {
        await page.goto(service.url + path)
        expect(await sidewaysOf(page), path).toBe(0)
        // What the colours do not touch need not be looked at twice.
        await expectAccessible(page, colorScheme === 'light' ? null : ['color-contrast'])
      }
      expect(complaints).toEqual([])
    },
  )

  it('would be told of a fault', async () => {
    service = await startService()
    page = await open()
    await page.setContent('<input><p style="color:#ccc;background:#fff">pale</p>')
    await expect(expectAccessible(page, null)).rejects.toThrow(/label: input.*|color-contrast: p/)
  })

  it('ask once for a key, keep it out of reach of scripts, and forget it', async () => {
    service = await startService({ adminKey: 'correct-horse-battery-staple' })
    page = await open()
    await page.goto(`${service.url}/new`)
    await page.getByLabel('Key of this service').fill('wrong')
    await page.keyboard.press('Enter')
    await page.getByText('This is no valid key.').waitFor()
    await page.getByLabel('Key of this service').fill('correct-horse-battery-staple')
    await page.keyboard.press('Enter')
    await page.waitForURL('**/new')
    await page.getByRole('heading', { name: 'New experiment' }).waitFor()
    expect(await page.evaluate('document.cookie')).toBe('')
    await page.getByRole('button', { name: 'Sign out' }).click()
    await page.getByRole('heading', { name: 'A key is needed' }).waitFor()
  })

  it('are whole without scripts', async () => {
    service = await startService()
    await startExperiment(service)
    await drive('spring-email', 0, 500, { mens: 0.4 })
    page = await open({ javaScriptEnabled: false })
    await page.goto(`${service.url}/pages/spring-email`)
    await page.getByRole('button', { name: 'Pause…' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Pause' }).click()
    await page.getByText('paused · version 3').waitFor()
    await page.goto(`${service.url}/new`)
    await page.getByRole('button', { name: 'Add a metric' }).click()
    await page.getByLabel('Key of metric 2').fill('Visit')
    await page.getByRole('button', { name: 'Check' }).last().click()
    await page.getByText('"Visit" must be 1 to 64 characters').waitFor()
  })
})
