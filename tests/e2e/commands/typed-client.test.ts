// A client in TypeScript: the types that openapi-typescript makes of the document, with its
// defaults, compile the README's calls.
import { execFile } from 'node:child_process'
import { readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { openApiDocument } from '../../../src/http/openapi/document.ts'
import { Interface } from '../../support/http/interface.ts'
import { type Service, startExperiment, startService } from '../../support/http/service.ts'
import { scratchFolder } from '../../support/scratch.ts'

const KEY = 'correct-horse-battery-staple'
const root = fileURLToPath(new URL('../../../', import.meta.url))
const bin = (path: string) => join(root, 'node_modules', path)
const run = promisify(execFile)
const api = new Interface(openApiDocument())
let folder: string

// A compiler starts in each test.
vi.setConfig({ testTimeout: 60_000 })

beforeAll(async () => {
  folder = scratchFolder()
  symlinkSync(bin(''), join(folder, 'node_modules'))
  writeFileSync(join(folder, 'package.json'), '{"type": "module"}')
  writeFileSync(join(folder, 'openapi.json'), JSON.stringify(openApiDocument()))
  const generator = bin('type-generator/node_modules/openapi-typescript/bin/cli.js')
  await run(process.execPath, [generator, 'openapi.json', '-o', 'pinwheel.d.ts'], { cwd: folder })
}, 60_000)

afterAll(() => rmSync(folder, { recursive: true, force: true }))

/**
 * What the compiler says about programs, by their names, beside the generated types; nothing: they
 * compile.
 */
async function compile(programs: Readonly<Record<string, string>>): Promise<string> {
  for (const [name, program] of Object.entries(programs)) writeFileSync(join(folder, name), program)
  const options = ['--noEmit', '--strict', '--target', 'es2024', '--module', 'nodenext', '--types', 'node']
  const files = [...Object.keys(programs), 'pinwheel.d.ts']
  try {
    await run(process.execPath, [bin('typescript/bin/tsc'), ...options, ...files], { cwd: folder })
    return ''
  } catch (error) {
    return (error as { stdout: string }).stdout
  }
}

const HEAD = `import createClient from 'openapi-fetch'
import type { components, paths } from './pinwheel.d.ts'

const client = createClient<paths>({ baseUrl: 'http://localhost:8080' })
`

/** The curl commands of the README that call the interface, each as a call of the client. */
function readmeCalls(): string[] {
  const readme = readFileSync(join(root, 'README.md'), 'utf8')
  return [...readme.matchAll(/^ *\$ curl ((?:[^'\n]|'[^']*')*)$/gm)].map(([, command = '']) => callOf(command))
}

function callOf(command: string): string {
  const words = [...command.matchAll(/'([^']*)'|"([^"]*)"|(\S+)/g)].map(
    ([, one, two, bare]) => one ?? two ?? bare ?? '',
  )
  const valuesOf = (option: string) => words.filter((_, position) => words[position - 1] === option)
  const data = valuesOf('-d')
  const method = valuesOf('-X')[0] ?? (data.length > 0 ? 'POST' : 'GET')
  const address = `http://${words.find(word => word.startsWith('localhost:8080/'))}`
  const { path } = api.find(method, address)
  const key = path.includes('{key}') ? { params: { path: { key: new URL(address).pathname.split('/')[2] } } } : {}
  const body = data.length === 0 ? {} : { body: bodyOf(data) }
  return `await client.${method}('${path}', ${JSON.stringify({ ...key, ...body })})`
}

/** JSON, or a form. */
function bodyOf(data: readonly string[]): unknown {
  const [first = ''] = data
  return first.startsWith('{') ? JSON.parse(first) : Object.fromEntries(new URLSearchParams(data.join('&')))
}

describe('the types of a client', () => {
  it('compile the calls of the README', async () => {
    const calls = readmeCalls()
    expect(calls.length).toBeGreaterThanOrEqual(5)
    expect(calls.join('\n')).toContain('client.PUT')
    expect(await compile({ 'readme.ts': [HEAD, ...calls].join('\n') })).toBe('')
  })

  it('compile requests with every default left out, and read JSON answers by their fields', async () => {
    const program = `${HEAD}
const path = { key: 'spring-email' }
const arms = [{ key: 'control' }, { key: 'mens' }]
const metrics = [{ key: 'spend', type: 'continuous' as const, role: 'primary' as const, range: [0, 500] as [number, number] }, { key: 'visit', type: 'binary' as const }]
const made = await client.POST('/experiments', { body: { key: 'spring-email', arms, metrics } })
const version: number | undefined = made.data?.version
await client.POST('/rewards', { body: [{ unit: 'u-17', metric: 'visit' }] })
await client.POST('/webhooks', { body: { url: 'https://example.com/hooks' } })
await client.POST('/simulate', { body: { arms: [{ key: 'a', rate: 0.1 }, { key: 'b', rate: 0.2 }] }, parseAs: 'stream' })
const report = await client.GET('/experiments/{key}/report', { params: { path, query: { metric: 'visit' } } })
const lift: number | null | undefined = report.data?.arms[0]?.lift?.absolute.estimate
const action: string | undefined = report.data?.recommendation?.action
const range: components['schemas']['Metric']['range'] = [0, 1]
const high: number = range[1]
const same = await client.GET('/experiments/{key}/report.json', { params: { path } })
const share: number | null | undefined = same.data?.arms[0]?.propensity
const text = await client.GET('/experiments/{key}/report.txt', { params: { path }, parseAs: 'text' })
const lines: string[] | undefined = text.data?.split('\\n')
const code: string | undefined = report.error?.code
console.log(version, lift, action, high, share, lines, code)
`
    expect(await compile({ 'defaults.ts': program })).toBe('')
  })

  it('do not compile what the service refuses, nor fields that no answer has', async () => {
    const wrong = [
      `await client.POST('/assign', { body: { experiment: 'spring-email' } })`,
      `await client.POST('/assign', { body: { experiment: 'spring-email', unit: ['u-17'] } })`,
      `await client.POST('/experiments', { body: { key: 'a', arms: [{ key: 'a' }, { key: 'b' }] } })`,
      `await client.GET('/experiments/{key}/report', { params: {} })`,
      `console.log((await client.GET('/experiments/{key}/report', { params: { path: { key: 'a' } } })).data?.colour)`,
      `await client.GET('/nothing')`,
    ]
    const program = [HEAD, ...wrong.map(call => `// @ts-expect-error\n${call}`)].join('\n')
    const told = await compile({ 'wrong.ts': program, 'control.ts': `${HEAD}\n${wrong[0]}\n` })
    expect(told).toMatch(/^control\.ts\(.*error TS2\d+/)
    expect(told).not.toContain('wrong.ts')
  })
})

describe('docs/use/typed-clients.md', () => {
  const document = readFileSync(join(root, 'docs/use/typed-clients.md'), 'utf8')
  const blockOf = (language: string) => new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\`$`, 'ms').exec(document)?.[1] ?? ''
  let service: Service

  beforeAll(async () => {
    service = await startService({ adminKey: KEY })
    const call = service.call
    service.call = (method, path, body, headers) => call(method, path, body, { 'x-api-key': KEY, ...headers })
    await startExperiment(service, {
      policy: { type: 'fixed', weights: { control: 0.001, mens: 0.998, womens: 0.001 } },
    })
  })

  afterAll(() => service.close())

  it('has a program that compiles and prints the output below it', async () => {
    const program = blockOf('ts')
    expect(await compile({ 'program.ts': program })).toBe('')
    const here = program.replaceAll('http://localhost:8080', service.url).replaceAll('YOUR-KEY', KEY)
    writeFileSync(join(folder, 'here.ts'), here)
    const { stdout } = await run(process.execPath, ['here.ts'], { cwd: folder })
    expect(stdout).toBe(blockOf('text'))
  })
})
