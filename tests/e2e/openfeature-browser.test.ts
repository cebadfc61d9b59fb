// OpenFeature's SDK for browsers in a real one, on a page of another origin than the service: what
// preflights, exposed headers and caches make of the protocol is seen nowhere else.
import { readFileSync, rmSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { onFile, ServiceProcess } from '../../scripts/crash/service-process.ts'
import { startBrowser } from '../support/http/browser.ts'
import { emailDefinition } from '../support/http/service.ts'
import { scratchFolder } from '../support/scratch.ts'

const KEY = 'correct-horse-battery-staple'

const packages = new URL('../../node_modules/', import.meta.url)

const MODULES: Readonly<Record<string, URL>> = {
  '@openfeature/core': new URL('@openfeature/core/dist/esm/index.js', packages),
  '@openfeature/web-sdk': new URL('@openfeature/web-sdk/dist/esm/index.js', packages),
  '@openfeature/ofrep-core': new URL('ofrep-core-2/index.esm.js', packages),
  '@openfeature/ofrep-web-provider': new URL('@openfeature/ofrep-web-provider/index.esm.js', packages),
}

const PAGE = `<!doctype html><title>Shop</title>
<script type="importmap">${JSON.stringify({
  imports: Object.fromEntries(Object.keys(MODULES).map(name => [name, `/modules/${name}`])),
})}</script>
<script type="module">
  import { OpenFeature, ProviderEvents } from '@openfeature/web-sdk'
  import { OFREPWebProvider } from '@openfeature/ofrep-web-provider'
  window.changes = []
  window.start = async (baseUrl, key, unit) => {
    const headers = [['Authorization', 'Bearer ' + key]]
    await OpenFeature.setContext({ targetingKey: unit })
    await OpenFeature.setProviderAndWait(new OFREPWebProvider({ baseUrl, headers, pollInterval: 20 }))
    const client = OpenFeature.getClient()
    client.addHandler(ProviderEvents.ConfigurationChanged, details => changes.push(details.flagsChanged))
    window.read = () => client.getStringDetails('spring-email', 'none')
  }
</script>`

describe('a page of another origin', () => {
  let folder: string
  let shop: Server
  let service: ServiceProcess
  let url: string
  let browser: Browser
  let page: Page

  beforeAll(async () => {
    folder = scratchFolder()
    shop = createServer((request, response) => {
      const file = MODULES[request.url?.replace('/modules/', '') ?? '']
      const type = file === undefined ? 'text/html' : 'text/javascript'
      response.setHeader('Content-Type', type).end(file === undefined ? PAGE : readFileSync(file))
    })
    await new Promise<void>(resolve => shop.listen(0, '127.0.0.1', resolve))
    const origin = `http://127.0.0.1:${(shop.address() as AddressInfo).port}`
    service = new ServiceProcess({
      ...onFile(join(folder, 'pinwheel.db')),
      environment: { ALLOWED_ORIGINS: origin, PINWHEEL_ADMIN_KEY: KEY },
    })
    const launched = startBrowser()
    url = (await service.url()) ?? service.told
    await call('POST', '/experiments', emailDefinition({ arms: [{ key: 'control' }, { key: 'mens' }] }))
    await call('POST', '/experiments/spring-email/start')
    browser = await launched
    page = await browser.newPage()
    await page.goto(origin)
  })

  afterAll(async () => {
    await browser?.close()
    await service?.kill()
    shop?.close()
    rmSync(folder, { recursive: true })
  })

  async function call(method: string, path: string, body?: object) {
    const headers = { authorization: `Bearer ${KEY}`, 'content-type': 'application/json' }
    const response = await fetch(url + path, {
      method,
      headers,
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })
    if (!response.ok) throw new Error(await response.text())
    return (await response.json()) as Record<string, unknown>
  }

  it('gets the kept arm, asks again with the ETag, and reports no change until there is one', async () => {
    const statuses: number[] = []
    page.on('response', response => {
      const isEvaluation = response.request().method() === 'POST' && response.url().includes('/ofrep/')
      if (isEvaluation) statuses.push(response.status())
    })
    await page.evaluate(`start('${url}', '${KEY}', 'u-17')`)
    const kept = await call('POST', '/assign', { experiment: 'spring-email', unit: 'u-17' })
    expect(kept.reason).toBe('kept')
    expect(await page.evaluate('read()')).toMatchObject({
      value: kept.arm,
      variant: kept.arm,
      reason: 'SPLIT',
      flagMetadata: { propensity: kept.propensity },
    })
    await expect.poll(() => statuses.length).toBeGreaterThan(5)
    expect(statuses.slice(0, 6)).toEqual([200, 304, 304, 304, 304, 304])
    expect(await page.evaluate('changes')).toEqual([])
    const other = kept.arm === 'control' ? 'mens' : 'control'
    await call('POST', '/experiments/spring-email/stop', { winner: other })
    await expect.poll(() => page.evaluate('changes')).toEqual([['spring-email']])
    expect(await page.evaluate('read()')).toMatchObject({ value: other, reason: 'STATIC' })
  })

  it('sends what happened', async () => {
    const sent = await page.evaluate(
      ([url, key]) =>
        fetch(`${url}/v1/track`, {
          method: 'POST',
          keepalive: true,
          headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
          body: JSON.stringify({ event: 'Visit', userId: 'u-17' }),
        }).then(response => response.json()),
      [url, KEY],
    )
    expect(sent).toMatchObject({ success: true, ignored: 0 })
  })
})
