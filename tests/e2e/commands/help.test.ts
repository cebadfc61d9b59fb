// Every command tells what it does, and ends quietly where nobody reads what it prints.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { COMMANDS } from '../../../src/cli/command-line.ts'
import { startExperiment, startService } from '../../support/http/service.ts'
import { scratchFolder } from '../../support/scratch.ts'

/** What programs import. */
const LIBRARIES: ReadonlySet<string> = new Set(['start-command.ts'])

// Processes start in each test.
vi.setConfig({ testTimeout: 60_000 })

const root = fileURLToPath(new URL('../../../', import.meta.url))
const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { scripts: Record<string, string> }
const pinwheel = Object.keys(COMMANDS).map(name => ({ usage: `pinwheel ${name}`, words: ['bin/pinwheel.js', name] }))
const programs = readdirSync(join(root, 'scripts'))
  .filter(file => file.endsWith('.ts') && !LIBRARIES.has(file))
  .map(file => {
    const [name] = Object.entries(scripts).find(([, command]) => command.endsWith(`scripts/${file}`)) ?? []
    return { usage: name === undefined ? `node scripts/${file}` : `npm run ${name}`, words: [`scripts/${file}`] }
  })

let folder: string

beforeAll(() => {
  folder = scratchFolder()
})

afterAll(() => rmSync(folder, { recursive: true }))

/** Runs a program in an empty folder. `isRead` false: its output is closed before it writes. */
async function run(
  [file = '', ...words]: readonly string[],
  args: readonly string[],
  { isRead = true, url = '' } = {},
) {
  const env = { ...process.env, ...(url !== '' && { DATABASE_URL: url }) }
  const child = spawn(process.execPath, [join(root, file), ...words, ...args], {
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

describe('every command', () => {
  it.each([{ usage: 'pinwheel COMMAND', words: ['bin/pinwheel.js'] }, ...pinwheel, ...programs])(
    '$usage --help prints its usage and does nothing else',
    async ({ usage, words }) => {
      const quiet = { code: 0, told: '' }
      const [read, unread] = await Promise.all([run(words, ['--help']), run(words, ['--help'], { isRead: false })])
      expect(read).toMatchObject(quiet)
      expect(read.out.split('\n')[0]).toMatch(new RegExp(`^Usage: ${usage}( |$)`))
      expect(unread).toEqual({ ...quiet, out: '' })
      expect(readdirSync(folder)).toEqual([])
    },
  )

  it.each([[[]], [['nothing']], [['verify', '--nonsense']], [['backup']], [['serve', 'twice']]])(
    'pinwheel %j is wrong usage: exit code 2, and a sentence on stderr',
    async args => {
      expect(await run(['bin/pinwheel.js'], args)).toEqual({ code: 2, out: '', told: expect.stringMatching(/\S/) })
    },
  )
})

describe('npx --no pinwheel verify', () => {
  it('continues to its exit code when its output is closed', async () => {
    const service = await startService()
    await startExperiment(service)
    const url = `sqlite:${service.databasePath}`
    const told = { code: 0, told: '' }
    const out = 'spring-email: 0 units, 0 rewards, 0 cells: no difference\n'
    expect(await run(['bin/pinwheel.js', 'verify'], [], { url })).toEqual({ ...told, out })
    expect(await run(['bin/pinwheel.js', 'verify'], [], { url, isRead: false })).toEqual({ ...told, out: '' })
    await service.close()
  })
})
