// The path of a newcomer: the commands of the README in its order, in a shell, against a service
// with an empty database. Each prints what stands below it, but for times, secrets and the arm that
// chance gives.
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { scratchFolder } from '../../support/scratch.ts'

const root = fileURLToPath(new URL('../../../', import.meta.url))
const readme = readFileSync(join(root, 'README.md'), 'utf8')

let folder: string
let environment: NodeJS.ProcessEnv
let service: ChildProcess
let address: string

beforeAll(async () => {
  folder = scratchFolder()
  environment = {
    ...process.env,
    PORT: '0',
    LOG_LEVEL: 'silent',
    DATABASE_URL: `sqlite:${join(folder, 'pinwheel.db')}`,
  }
  service = spawn(process.execPath, ['bin/pinwheel.js', 'serve'], {
    cwd: root,
    env: environment,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [line] = (await once(service.stdout as NonNullable<typeof service.stdout>, 'data')) as [Buffer]
  address = /http:\/\/(\S+)/.exec(String(line))?.[1] ?? ''
}, 30_000)

afterAll(async () => {
  service.kill()
  await once(service, 'exit')
  rmSync(folder, { recursive: true })
})

/**
 * The console blocks that a newcomer types, without their indentation, but for npx --no pinwheel
 * demo and its long report.
 */
function blocks(): string[] {
  return [...readme.matchAll(/^( *)```console\n(.*?)^ *```$/gms)]
    .map(([, indent = '', text = '']) => text.replaceAll(new RegExp(`^${indent}`, 'gm'), ''))
    .filter(text => !text.startsWith('$ npx --no pinwheel demo'))
}

/**
 * The commands of a block, each with what it prints. A command ends with its line, or with the line
 * of its closing quote.
 */
function commandsIn(block: string): { command: string; output: string }[] {
  return block
    .split(/^\$ /m)
    .slice(1)
    .map(part => {
      const [command = ''] = /^(?:[^'\n]|'[^']*')*\n/.exec(part) ?? []
      return { command, output: part.slice(command.length) }
    })
}

/**
 * Prints a line of its own after each command, so that what they print can be told apart in one
 * shell.
 */
const END = '--- end of a command ---'

async function type(commands: readonly string[]): Promise<string[]> {
  const script = commands.map(command => {
    const here = command.replaceAll('localhost:8080', address).replace(/^curl/, 'curl --silent --show-error')
    return `${here.trimEnd()}\necho '${END}'\n`
  })
  const { stdout } = await promisify(execFile)('sh', ['-c', `exec 2>&1\n${script.join('')}`], {
    cwd: root,
    env: environment,
  })
  return stdout.split(`${END}\n`).slice(0, -1)
}

/** An output without what differs from one time to the next. */
function lasting(output: string): string {
  return output
    .replaceAll(/\d{4}-\d\d-\d\d[T ][\d:.]+( UTC|Z)/g, 'TIME')
    .replaceAll(/"salt":"[0-9a-f]{32}"/g, '"salt":"SALT"')
    .replaceAll(/pw_sk_[\w…]+/g, 'SECRET')
    .replaceAll(/"arm":"\w+","payload":\{"template":"[cmw]1"\},"propensity":0\.[24]/g, 'ARM')
}

describe('README.md', () => {
  it('has commands that print the output below them', async () => {
    const commands = blocks().flatMap(commandsIn)
    expect(commands.length).toBeGreaterThanOrEqual(7)
    const printed = await type(commands.map(({ command }) => command))
    for (const [position, { command, output }] of commands.entries()) {
      // A last line with three dots stands for the rest.
      const [, shown = '', rest] = /^(.*?)(…\n)?$/s.exec(lasting(output)) ?? []
      const whole = lasting(printed[position] ?? '')
      expect(rest === undefined ? whole : whole.slice(0, shown.length), command).toBe(shown)
    }
    expect(printed[3]).toContain('"recorded":1')
  }, 60_000)

  it('names, with CONTRIBUTING.md, every command that package.json has, and no other', () => {
    const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
      scripts: Record<string, string>
    }
    const both = readme + readFileSync(join(root, 'CONTRIBUTING.md'), 'utf8')
    const named = new Set([...both.matchAll(/npm (?:run (?:--silent )?)?([a-z:-]+)/g)].map(([, name]) => name))
    named.delete('ci')
    expect([...named].sort()).toEqual(Object.keys(scripts).sort())
    const rows = [...both.matchAll(/^\| `npm run ([a-z-]+)/gm)].map(([, name]) => name)
    expect(rows).toEqual([...new Set(rows)])
  })
})
