// A real browser for the tests of the pages: Chromium from a package, so that it is the same one
// everywhere.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import chromium from '@sparticuz/chromium'
import { type Browser, type Page, chromium as player } from 'playwright-core'
import { expect } from 'vitest'

const FLAGS = ['--no-sandbox', '--headless=new', '--disable-gpu', '--disable-background-networking', '--no-first-run']

/**
 * Fails where it cannot start: a page that nobody has looked at is not tested. The package unpacks
 * Chromium into the system's temporary folder, and takes what is there for a whole one, also while
 * another test file is writing it; so each browser has a folder of its own.
 */
export async function startBrowser(): Promise<Browser> {
  const folder = mkdtempSync(join(tmpdir(), 'pinwheel-chromium-'))
  const { TMPDIR } = process.env
  process.env.TMPDIR = folder
  const unpacking = chromium.executablePath()
  const executablePath = await unpacking.finally(() => {
    if (TMPDIR === undefined) delete process.env.TMPDIR
    else process.env.TMPDIR = TMPDIR
  })
  const browser = await player.launch({ executablePath, args: FLAGS })
  return browser.on('disconnected', () => rmSync(folder, { recursive: true, force: true }))
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
