// npm run screenshot: the picture of the page in the README, of an experiment on a running service
// (npx --no pinwheel demo makes one).
import { mkdirSync, statSync } from 'node:fs'
import chromium from '@sparticuz/chromium'
import { chromium as player } from 'playwright-core'
import { keyOf, urlOf } from '../src/cli/service/options.ts'
import { readArguments } from '../src/cli/terminal/arguments.ts'
import { Failure, runScript } from '../src/cli/terminal/failure.ts'

const HELP = `Usage: npm run screenshot -- [options]

Takes a picture of an experiment's page on a running service, as npx --no pinwheel demo leaves it.

OPTIONS
  --url URL        where the service listens (http://127.0.0.1:8080)
  --key KEY        a key with the scope read, if the service asks for one; better in the environment, as PINWHEEL_KEY
  --name NAME      the experiment's key (demo)
  --out FILE       docs/use/page.png
  --dark           as it looks in the dark
  --width PIXELS   1040
  --height PIXELS  1332
`

const OPTIONS = {
  url: { type: 'string', default: 'http://127.0.0.1:8080' },
  key: { type: 'string' },
  name: { type: 'string', default: 'demo' },
  out: { type: 'string', default: 'docs/use/page.png' },
  dark: { type: 'boolean', default: false },
  width: { type: 'string', default: '1040' },
  height: { type: 'string', default: '1332' },
  help: { type: 'boolean', short: 'h', default: false },
} as const

await runScript(async () => {
  const { values } = readArguments(OPTIONS)
  if (values.help) return void process.stdout.write(HELP)
  const address = new URL(`/pages/${values.name}`, urlOf(values.url))
  const key = keyOf(values.key)
  const browser = await player.launch({
    executablePath: await chromium.executablePath(),
    args: ['--no-sandbox', '--headless=new', '--disable-gpu', '--no-first-run'],
  })
  try {
    const page = await browser.newPage({
      viewport: { width: Number(values.width), height: Number(values.height) },
      colorScheme: values.dark ? 'dark' : 'light',
      reducedMotion: 'reduce',
      ...(key !== null && { extraHTTPHeaders: { Authorization: `Bearer ${key}` } }),
    })
    const answer = await page.goto(address.href)
    if (answer?.status() !== 200)
      throw new Failure(`${address} answers ${answer?.status()}; npx --no pinwheel demo makes it`)
    await page.getByText('Live', { exact: true }).waitFor()
    mkdirSync('docs', { recursive: true })
    await page.screenshot({ path: values.out })
  } finally {
    await browser.close()
  }
  process.stdout.write(`${values.out}: ${Math.round(statSync(values.out).size / 1024)} KiB\n`)
})
