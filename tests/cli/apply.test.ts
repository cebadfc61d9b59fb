import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { readExperimentFiles } from '../../src/cli/apply/experiment-files.ts'
import { type Plan, planExperiment } from '../../src/cli/apply/plan.ts'
import { planText } from '../../src/cli/apply/plan-text.ts'
import { carryOut } from '../../src/cli/apply.ts'
import { Client } from '../../src/cli/service/client.ts'
import { experimentFileSchema } from '../../src/http/input/experiment-file.ts'
import { SchemaJudge } from '../support/http/json-schema.ts'
import { type Service, startService } from '../support/http/service.ts'
import { scratchFolder } from '../support/scratch.ts'

const EXAMPLES = fileURLToPath(new URL('../../docs/use/examples', import.meta.url))

const EMAIL = `key: spring-email
arms:
  - key: control
  - key: mens
    payload: { template: m1 }
  - key: womens
metrics:
  - { key: visit, type: binary, role: primary }
`

let service: Service
let client: Client
let folder: string

beforeAll(async () => {
  service = await startService()
  client = new Client({ url: new URL(service.url), key: null, onNotice: () => {} })
})

afterAll(async () => {
  await service.close()
})

beforeEach(() => {
  folder = scratchFolder()
})

afterEach(() => rmSync(folder, { recursive: true }))

function write(text: string, name = 'experiment.yaml'): string {
  const path = join(folder, name)
  writeFileSync(path, text)
  return path
}

/** What is told of files, each fault as `line:column message`. */
async function judge(text: string): Promise<{ plans: Plan[]; faults: string[] }> {
  const { experiments, faults } = readExperimentFiles([write(text)])
  const planned = await Promise.all(experiments.map(filed => planExperiment(client, filed)))
  const all = [...faults, ...planned.flatMap(each => ('faults' in each ? each.faults : []))]
  return {
    plans: planned.flatMap(each => ('plan' in each ? each.plan : [])),
    faults: all.map(({ line, column, message }) => `${line}:${column} ${message}`),
  }
}

async function apply(text: string): Promise<string[]> {
  const { plans, faults } = await judge(text)
  expect(faults).toEqual([])
  const steps: string[] = []
  await carryOut(client, plans, step => steps.push(step))
  return steps
}

const textOf = async (text: string) => planText((await judge(text)).plans, (_, line) => line)
const statusOf = async (key: string) => (await service.call('GET', `/experiments/${key}`)).body

describe('apply', () => {
  it('finds nothing to do where a file leaves out what the experiment has', async () => {
    const whole = `${EMAIL}policy: { type: uniform }\nminDuration: 7d\nonHarm: pause\ndescription: mail\n`
    const named = (text: string) => text.replace('spring-email', 'left-out')
    expect(await apply(named(whole))).toEqual(['created left-out'])
    expect(await apply(named(EMAIL))).toEqual([])
    expect(await statusOf('left-out')).toMatchObject({
      policy: { type: 'uniform' },
      minDuration: '7d',
      onHarm: 'pause',
    })
    expect(await apply(named(`${EMAIL}onHarm: null\n`))).toEqual(['changed left-out'])
  })

  it('creates, changes and moves an experiment, and a second time finds nothing to do', async () => {
    expect(await apply(`${EMAIL}status: running\n`)).toEqual(['created spring-email', 'started spring-email'])
    expect(await apply(`${EMAIL}status: running\n`)).toEqual([])
    expect(await textOf(`${EMAIL}status: running\n`)).toBe('No changes: 1 experiment as in the files.\n')
    const exploring = `${EMAIL}policy: { type: thompson, exploration: 0.3 }\n`
    expect(await apply(exploring)).toEqual(['changed spring-email'])
    expect(await statusOf('spring-email')).toMatchObject({ status: 'running', policy: { exploration: 0.3 } })
    expect(await apply(`${exploring}status: paused\n`)).toEqual(['paused spring-email'])
    expect(await apply(exploring)).toEqual([])
    const over = `${exploring}status: stopped\nwinner: mens\n`
    expect(await apply(over)).toEqual(['stopped spring-email, winner mens'])
    expect(await statusOf('spring-email')).toMatchObject({ status: 'stopped', winner: 'mens' })
    expect(await apply(over)).toEqual([])
    expect(await apply(over.replace('winner: mens', 'winner: null'))).toEqual(['stopped spring-email, winner none'])
    expect(await statusOf('spring-email')).toMatchObject({ winner: null })
  })

  it('tells what would change field by field, and changes nothing by telling', async () => {
    await apply(`${EMAIL.replace('spring-email', 'told')}status: running\n`)
    const before = await statusOf('told')
    const wanted = `key: told
description: Shorter
arms:
  - key: control
  - { key: mens, payload: { template: m2 } }
  - { key: womens, retired: true }
  - { key: kids, payload: { ages: [1] } }
metrics:
  - { key: visit, type: binary, role: primary }
status: paused
`
    const text = await textOf(wanted)
    expect(text.split('\n').map(line => line.replace(/ {2,}/g, '  '))).toEqual([
      `~ told is running, ${join(folder, 'experiment.yaml')}:1`,
      '  ~ description  "" → "Shorter"',
      '  ~ arms.mens.payload.template  "m1" → "m2"',
      '  - arms.womens.retired  true: it keeps its units and gets no new ones',
      '  + arms.kids  {"payload":{"ages":[1]}}',
      '  ~ status running → paused',
      '',
      '1 experiment: 1 to change.',
      '',
    ])
    expect(await statusOf('told')).toEqual(before)
  })

  it('tells every fault with its line and column, those of the service too', async () => {
    await apply(`${EMAIL.replace('spring-email', 'frozen')}status: running\n`)
    const { faults } = await judge(`key: one
arms:
  - key: a
    colour: red
  - { key: b.c }
metrics:
  - key: spend
    type: continuous
    role: primary
policy: { type: fixed, weights: { b.c: 2 } }
status: over
---
key: frozen
alpha: 0.1
arms: [{ key: control }, { key: mens, payload: { template: m1 } }, { key: womens }]
metrics: [{ key: visit, type: binary, role: primary }]
---
key: frozen
status: stopped
winner: kids
arms: [{ key: control }, { key: mens, payload: { template: m1 } }, { key: womens }]
metrics: [{ key: visit, type: binary, role: primary }]
---
key: draft
status: paused
arms: [{ key: a }, { key: b }]
metrics: &visit [{ key: visit, type: binary, role: primary, window: 2w }]
`)
    expect(faults.map(fault => fault.split(' ').slice(0, 4).join(' ')).sort()).toEqual([
      '10:24 policy.weights has no',
      '10:24 policy.weights must sum',
      '11:1 status must be',
      '14:1 alpha is frozen',
      '18:1 key "frozen" is',
      '20:1 Experiment "frozen" has',
      '27:61 metrics[0].window "2w" must',
      '4:5 arms[0].colour is unknown;',
      '7:5 metrics[0].range is required',
    ])
  })

  it('lists for a misspelt field those of a file, its status and winner too', async () => {
    const { faults } = await judge(`${EMAIL.replace('spring-email', 'misspelt')}staus: running\n`)
    expect(faults).toEqual([
      '9:1 staus is unknown; allowed: key, description, arms, control, metrics, policy, features, adjust, alpha, plannedUnits, onHarm, minDuration, $schema, status, winner',
    ])
  })

  it('tells of a frozen metric what would change of it, and where', async () => {
    const running = `${EMAIL.replace('spring-email', 'frozen-metric')}status: running\n`
    await apply(running)
    const { faults } = await judge(running.replace('role: primary', 'role: primary, window: 7d'))
    expect(faults).toEqual([
      '8:48 metrics.visit.window is frozen at null since the experiment was started, and cannot become "7d"; stop it and create a new one instead',
    ])
  })

  it.each([
    ['key: a\narms: [\n', /^3:1 Flow sequence/],
    ['key: a\nkey: b\n', /^2:1 Map keys must be unique/],
    ['key: a\nalpha: .inf\n', /^2:8 must be a finite number/],
    ['key: a\nalpha: !!weird 1\n', /^2:8 Unresolved tag/],
    ['key: a\narms: *arms\n', /^2:7 refers to nothing/],
    ['- key: a\n', /^1:1 must be an experiment/],
    ['arms: []\n', /^1:1 key is required/],
    ['\nkey: 10\n', /^2:1 key must be text/],
    ['# nothing\n---\n', /^1:1 the file holds no experiment/],
    [`${EMAIL.replace('spring-email', 'fresh')}winner: mens\n`, /^9:1 winner is for an experiment that is over/],
    [`${EMAIL.replace('spring-email', 'fresh')}status: paused\n`, /^9:1 Cannot pause experiment "fresh": it is draft/],
  ])('finds what is wrong with %j', async (text, fault) => {
    const { faults } = await judge(text)
    expect(faults).toHaveLength(1)
    expect(faults[0]).toMatch(fault)
  })

  it('reads JSON, folders and several experiments in a file, and follows references to where they lead', async () => {
    write(
      JSON.stringify({ $schema: 'x', key: 'json', arms: [{ key: 'a' }, { key: 'b' }], metrics: [] }, null, 2),
      'b.json',
    )
    write(`${EMAIL}---\n${EMAIL.replace('spring-email', 'second')}`, 'a.yml')
    write('key: no\n', 'notes.txt')
    const { experiments, faults } = readExperimentFiles([folder])
    expect(faults).toEqual([])
    expect(experiments.map(({ key }) => key)).toEqual(['spring-email', 'second', 'json'])
    expect(experiments[2]?.definition).not.toHaveProperty('$schema')
    const [filed] = readExperimentFiles([write('key: a\nx: &arms\n  - key: b\narms: *arms\n')]).experiments
    expect(filed?.place('arms[0].key')).toMatchObject({ line: 3, column: 5 })
    expect(filed?.place('arms.b.payload')).toMatchObject({ line: 3, column: 5 })
    expect(filed?.place('policy.type')).toMatchObject({ line: 1, column: 1 })
    expect(() => readExperimentFiles([join(folder, 'nowhere.yaml')])).toThrow('Cannot read')
  })
})

describe('npx --no pinwheel apply', () => {
  it('exits with 1, 0 and 1: something to change, done, a fault', async () => {
    const good = write(EMAIL.replace('spring-email', 'process'))
    const incomplete = write('key: c\n', 'c.yaml')
    const [dry, bad] = await Promise.all([run(good, '--dry-run'), run(good, incomplete)])
    expect(dry).toMatchObject({ code: 1, errors: '' })
    expect(dry.output).toContain('+ process is new')
    // biome-ignore lint/suspicious/noControlCharactersInRegex: colours are what is looked for
    expect(dry.output).not.toMatch(/\x1b/)
    expect(bad).toMatchObject({ code: 1, output: '' })
    expect(bad.errors).toMatch(/c\.yaml:1:1 arms is required.*c\.yaml:1:1 metrics is required.*Nothing was changed/s)
    expect((await service.call('GET', '/experiments/process')).status).toBe(404)
    expect(await run(good)).toMatchObject({ code: 0, output: expect.stringContaining('created process') })
    expect((await service.call('GET', '/experiments/process')).status).toBe(200)
  })
})

describe('npx --no pinwheel apply without a service', () => {
  const lost = ['--url', 'http://127.0.0.1:9']

  it('says that a file is not there, before it looks for the service', async () => {
    const { code, errors } = await run(...lost, join(folder, 'nowhere.yaml'))
    expect([code, errors]).toEqual([1, expect.stringMatching(/^Cannot read .*nowhere\.yaml: ENOENT/)])
    expect((await run(...lost)).errors).toBe('Name the files: pinwheel apply experiments/*.yaml\n')
    expect((await run(...lost, folder)).errors).toBe(`There is no YAML or JSON file in ${folder}\n`)
  })

  it('says that none answers where the files are there', async () => {
    expect((await run(...lost, write(EMAIL))).errors).toMatch(/^No service answers at http:\/\/127\.0\.0\.1:9 /)
  })
})

describe('docs/use/examples', () => {
  it('are what the service takes, and what editors are told by the schema', async () => {
    expect(readdirSync(EXAMPLES).length).toBeGreaterThan(1)
    const { experiments, faults } = readExperimentFiles([EXAMPLES])
    expect(faults).toEqual([])
    const schema = experimentFileSchema()
    const judge = new SchemaJudge((schema.$defs ?? {}) as Record<string, unknown>, { allowsMore: false })
    for (const { key, definition, status } of experiments) {
      const plan = await service.call('POST', `/experiments/example-${key}/plan`, { ...definition, key: undefined })
      expect(plan.status, plan.text).toBe(200)
      expect(judge.faults(schema, { ...definition, ...(status !== undefined && { status }) })).toEqual([])
      expect(judge.faults(schema, { ...definition, status: 'draft' })).not.toEqual([])
      expect(judge.faults(schema, { ...definition, metrics: [] })).not.toEqual([])
    }
  })
})

async function run(...parameters: string[]): Promise<{ code: number; output: string; errors: string }> {
  const pinwheel = fileURLToPath(new URL('../../bin/pinwheel.js', import.meta.url))
  const child = spawn(process.execPath, [pinwheel, 'apply', '--url', service.url, ...parameters])
  const [output, errors] = [child.stdout, child.stderr].map(stream => stream.setEncoding('utf8').toArray())
  const [code] = (await once(child, 'close')) as [number]
  return { code, output: ((await output) ?? []).join(''), errors: ((await errors) ?? []).join('') }
}
