// Every command tells what it does, and ends quietly where nobody reads what it prints.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { startExperiment, startService } from '../support/http/service.ts'
import { scratchFolder } from '../support/scratch.ts'

// Processes start in each test.
vi.setConfig({ testTimeout: 60_000 })

const root = fileURLToPath(new URL('../../', import.meta.url))
const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { scripts: Record<string, string> }
const commands = Object.entries(scripts).flatMap(([name, command]) => {
  const [, file] = /^node ((?:scripts|src\/cli)\/\S+)$/.exec(command) ?? []
  return file === undefined ? [] : [{ name, file }]
})

let folder: string

beforeAll(() => {
  folder = scratchFolder()
})

afterAll(() => rmSync(folder, { recursive: true }))

/** Runs a script in an empty folder. `isRead` false: its output is closed before it writes. */
async function run(file: string, args: readonly string[], { isRead = true, url = '' } = {}) {
  const env = { ...process.env, ...(url !== '' && { DATABASE_URL: url }) }
  const child = spawn(process.execPath, [join(root, file), ...args], {
    cwd: folder,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  if (!isRead) child.stdout.destroy()
  const texts = [isRead ? child.stdout : null, child.stderr].map(async stream =>
    Buffer.concat((await stream?.toArray()) ?? []).toString(),
  )
  const [[code], out = '', told = ''] = await Promise.all([once(child, 'close') as Promise<[number]>, ...texts])
  return { code, out, told }
}

describe('npm run', () => {
  it('has the commands that the tests know', () => {
    expect(commands.length).toBeGreaterThan(20)
  })

  it.each(commands)('$name --help prints its usage and does nothing else', async ({ name, file }) => {
    const quiet = { code: 0, told: '' }
    const [read, unread] = await Promise.all([run(file, ['--help']), run(file, ['--help'], { isRead: false })])
    expect(read).toMatchObject(quiet)
    expect(read.out.split('\n')[0]).toMatch(new RegExp(`^Usage: npm run ${name}( |$)`))
    expect(unread).toEqual({ ...quiet, out: '' })
    expect(readdirSync(folder)).toEqual([])
  })
})

describe('npm run verify', () => {
  it('goes on to its exit code where nobody reads what it prints', async () => {
    const service = await startService()
    await startExperiment(service)
    const url = `sqlite:${service.databasePath}`
    const told = { code: 0, told: '' }
    const out = 'spring-email: 0 units, 0 rewards, 0 cells: no difference\n'
    expect(await run('src/cli/verify.ts', [], { url })).toEqual({ ...told, out })
    expect(await run('src/cli/verify.ts', [], { url, isRead: false })).toEqual({ ...told, out: '' })
    await service.close()
  })
})
