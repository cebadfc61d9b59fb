// What the documents tell people to type, typed: every TypeScript block is run, every curl command
// is given, and what they answer is what stands below them.
import { execFile } from 'node:child_process'
import { readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { type Service, startExperiment, startService } from '../../support/http/service.ts'
import { scratchFolder } from '../../support/scratch.ts'

// Processes start in each test.
vi.setConfig({ testTimeout: 60_000 })

const KEY = 'correct-horse-battery-staple'
const root = new URL('../../../', import.meta.url)

let service: Service

/**
 * The experiment of the documents, with an arm for nearly everybody, so that everybody's answer is
 * as written.
 */
beforeEach(async () => {
  service = await startService({ adminKey: KEY })
  const call = service.call
  service.call = (method, path, body, headers) => call(method, path, body, { 'x-api-key': KEY, ...headers })
  await startExperiment(service, {
    metrics: [{ key: 'order-completed', type: 'continuous', range: [0, 1_000], role: 'primary' }],
    policy: { type: 'fixed', weights: { control: 0.001, mens: 0.998, womens: 0.001 } },
  })
})

afterEach(() => service.close())

interface Block {
  readonly language: string
  readonly text: string
}

function blocksOf(name: string): Block[] {
  const document = readFileSync(new URL(`docs/use/${name}`, root), 'utf8')
  return [...document.matchAll(/^```(\w+)\n(.*?)^```$/gms)].map(([, language = '', text = '']) => ({ language, text }))
}

/** The same for this service and its key. */
function here(text: string): string {
  return text.replaceAll(/(http:\/\/)?localhost:8080/g, service.url).replaceAll('YOUR-KEY', KEY)
}

async function run(program: string, parameters: readonly string[], variables = {}): Promise<string> {
  const env = { ...process.env, ...variables }
  const { stdout } = await promisify(execFile)(program, parameters, { cwd: root, env })
  return stdout
}

const runTypeScript = (text: string) => run(process.execPath, ['--input-type=module-typescript', '--eval', here(text)])

/** A console block as its commands, each with what it answers. */
function commandsIn({ text }: Block): { command: string; answer: string }[] {
  return text
    .split(/^\$ /m)
    .slice(1)
    .map(part => {
      const end = part.indexOf('\n')
      return { command: part.slice(0, end), answer: part.slice(end + 1) }
    })
}

/** The unit of the documents gets its arm, or has it. */
async function assignUnit() {
  const { body } = await service.call('POST', '/assign', { experiment: 'spring-email', unit: 'u-17' })
  // Its events come after, though the SDKs count the milliseconds by a clock that goes on.
  service.now += 60_000
  return body
}

async function spent(): Promise<number> {
  const { body } = await service.call('GET', '/experiments/spring-email/snapshots')
  return body.snapshots[0].tallies.mens.sum
}

describe.each(['openfeature.md', 'events.md'])('docs/use/%s', name => {
  const blocks = blocksOf(name)
  const programs = blocks.flatMap(({ language, text }, position) => {
    if (language !== 'ts') return []
    const next = blocks[position + 1]
    return [{ about: /'([^']+)'/.exec(text)?.[1], text, answer: next?.language === 'text' ? next.text : '' }]
  })

  it.each(programs)('does what its program does: $about', async ({ text, answer }) => {
    if (name === 'events.md') await assignUnit()
    expect(await runTypeScript(text)).toBe(answer)
    // An evaluation assigns the unit; an event is a reward of it.
    expect(await assignUnit()).toMatchObject({ arm: 'mens', reason: 'kept' })
    expect(await spent()).toBe(name === 'events.md' ? 19.9 : 0)
  })

  it('answers its commands as it says', async () => {
    if (name === 'events.md') await assignUnit()
    const commands = blocks.filter(({ language }) => language === 'console').flatMap(commandsIn)
    expect(commands.length).toBeGreaterThan(0)
    for (const { command, answer } of commands) {
      expect(await run('sh', ['-c', here(command.replace(/^curl/, 'curl --silent'))]), command).toBe(answer)
    }
  })
})

/** What stands for anything in the answers of a document. */
const ANYTHING = '…'

describe('docs/use/context.md', () => {
  it('answers its commands as it says', async () => {
    const commands = blocksOf('context.md').flatMap(commandsIn)
    expect(commands.length).toBeGreaterThan(5)
    for (const { command, answer } of commands) {
      const parts = answer.split(ANYTHING).map(part => part.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&'))
      const told = await run('sh', ['-c', here(command.replace(/^curl/, 'curl --silent'))])
      expect(told, command).toMatch(new RegExp(`^${parts.join('.*?')}$`))
    }
  })
})

describe('docs/use/examples', () => {
  it('can be applied to a service that has the experiment of the README', async () => {
    const parameters = ['bin/pinwheel.js', 'apply', 'docs/use/examples', '--url', service.url, '--key', KEY]
    expect(await run(process.execPath, parameters)).toMatch(/^created summer-email$/m)
    expect(await run(process.execPath, parameters)).toContain('No changes')
  })
})

describe('npx --no pinwheel keys create', () => {
  const names = readdirSync(new URL('docs/', root), { recursive: true, encoding: 'utf8' }).filter(name =>
    name.endsWith('.md'),
  )
  const texts = [...names.map(name => `docs/${name}`), 'docs/operate/deploy/service-monitor.yaml'].map(name =>
    readFileSync(new URL(name, root), 'utf8'),
  )
  const commands = texts.flatMap(text =>
    [...text.matchAll(/npx --no pinwheel keys (create( --[a-z]+ [\w,-]+)+)/g)].map(([, words]) => words ?? ''),
  )

  it('makes a key as each document says', async () => {
    expect(commands.length).toBeGreaterThanOrEqual(3)
    const folder = scratchFolder()
    const variables = { DATABASE_URL: `sqlite:${join(folder, 'pinwheel.db')}` }
    for (const command of commands) {
      const secret = await run(process.execPath, ['bin/pinwheel.js', 'keys', ...command.split(' ')], variables)
      expect(secret, command).toMatch(/^pw_[sp]k_\w+\n$/)
    }
    rmSync(folder, { recursive: true })
  })
})
