// Every command that talks to a service takes its key as an option and from the environment alike.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Service, startService } from '../../support/http/service.ts'

const KEY = 'correct-horse-battery-staple'
const EXAMPLES = fileURLToPath(new URL('../../../docs/use/examples', import.meta.url))

let service: Service

beforeAll(async () => {
  service = await startService({ adminKey: KEY })
})

afterAll(() => service.close())

async function run(script: string, args: readonly string[], key = ''): Promise<{ code: number; told: string }> {
  const path = fileURLToPath(new URL('../../../bin/pinwheel.js', import.meta.url))
  const child = spawn(process.execPath, [path, script, '--url', service.url, ...args], {
    env: { ...process.env, PINWHEEL_KEY: key },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const told = child.stderr.setEncoding('utf8').toArray()
  const [code] = (await once(child, 'close')) as [number]
  return { code, told: (await told).join('') }
}

describe.each([
  ['demo', ['--units', '20', '--name', 'demo-key']],
  ['apply', [EXAMPLES]],
])('pinwheel %s', (script, args) => {
  it('names the option where it has no key, or one that is not taken', async () => {
    const told = `The service at ${service.url} asks for a key: give one with --key KEY, or in the environment as PINWHEEL_KEY\n`
    expect(await run(script, args)).toEqual({ code: 1, told })
    expect(await run(script, args, 'stale')).toMatchObject({
      code: 1,
      told: expect.stringMatching(/does not take the key: .*; give another one with --key KEY/),
    })
  })

  it('reads the key from its option, else from the environment', async () => {
    expect(await run(script, args, KEY)).toMatchObject({ code: 0 })
    expect(await run(script, [...args, '--key', KEY], 'stale')).toMatchObject({ code: 0 })
  })
})

describe('npm run', () => {
  it.each(['demo', 'replay', 'apply', 'attack', 'screenshot'])('%s reads its key where the others do', script => {
    const text = readFileSync(new URL(`../../../${scriptPath(script)}`, import.meta.url), 'utf8')
    expect(text).toContain('keyOf(values.key)')
  })
})

function scriptPath(script: string): string {
  return ['demo', 'apply'].includes(script) ? `src/cli/${script}.ts` : `scripts/${script}.ts`
}
