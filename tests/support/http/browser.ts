// A real browser for the tests of the pages: Chromium from a package, so that it is the same one
// everywhere.
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import chromium from '@sparticuz/chromium'
import { type Browser, type Page, chromium as player } from 'playwright-core'
import { expect } from 'vitest'

const FLAGS = ['--no-sandbox', '--headless=new', '--disable-gpu', '--disable-background-networking', '--no-first-run']

/** Fails where it cannot start: a page that nobody has looked at is not tested. */
export async function startBrowser(): Promise<Browser> {
  return player.launch({ executablePath: await chromium.executablePath(), args: FLAGS })
}

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

interface Violation {
  readonly id: string
  readonly impact: string | null
  readonly nodes: readonly { readonly target: readonly string[] }[]
}

/**
 * No fault that would keep anybody from reading or using the page; `rules` null: by all the rules
 * that there are.
 */
export async function expectAccessible(page: Page, rules: readonly string[] | null): Promise<void> {
  // Evaluated by the debugger, which the page's policy against foreign scripts does not concern.
  await page.evaluate(AXE)
  const options = JSON.stringify(rules === null ? {} : { runOnly: rules })
  const { violations } = await page.evaluate<{ violations: Violation[] }>(`axe.run(document, ${options})`)
  const severe = violations.filter(({ impact }) => impact === 'serious' || impact === 'critical')
  expect(severe.map(({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target.join(' ')).join(', ')}`)).toEqual([])
}

/** How far the page can be moved sideways, in pixels. */
export function sidewaysOf(page: Page): Promise<number> {
  return page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth')
}
