// The service as a process: how it starts, how it stops, and what it remembers when it is not even
// asked to stop.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { rmSync } from 'node:fs'
import { request as httpRequest, type IncomingMessage } from 'node:http'
import { type AddressInfo, createServer } from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { emailDefinition } from '../../support/http/service.ts'
import { scratchFolder } from '../../support/scratch.ts'

const main = new URL('../../../bin/pinwheel.js', import.meta.url).pathname

describe('main', () => {
  let folder: string
  let children: ChildProcess[]

  beforeEach(() => {
    folder = scratchFolder()
    children = []
  })

  afterEach(async () => {
    for (const child of children) {
      if (child.exitCode !== null || child.signalCode !== null) continue
      child.kill('SIGKILL')
      await once(child, 'exit')
    }
    rmSync(folder, { recursive: true })
  })

  function launch(environment: Record<string, string> = {}) {
    const child = spawn(process.execPath, [main, 'serve'], {
      cwd: folder,
      env: { PATH: process.env.PATH, PORT: '0', LOG_LEVEL: 'silent', ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    children.push(child)
    return child
  }

  async function start(environment: Record<string, string> = {}): Promise<{ child: ChildProcess; url: string }> {
    const child = launch(environment)
    const [greeting] = (await once(child.stdout, 'data')) as [Buffer]
    return { child, url: /http:\S+/.exec(greeting.toString())?.[0] ?? greeting.toString() }
  }

  async function post(url: string, body: object = {}) {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
    return (await response.json()) as Record<string, unknown>
  }

  it('prints in one line where it listens and where it keeps its data', async () => {
    const child = launch()
    const [greeting] = (await once(child.stdout, 'data')) as [Buffer]
    expect(greeting.toString()).toMatch(
      /^Pinwheel listens on http:\/\/127\.0\.0\.1:\d+ and keeps its data in sqlite:\.\/data\/pinwheel\.db\n$/,
    )
  })

  it.each([
    [
      'an open address without a key',
      { HOST: '0.0.0.0' },
      'set PINWHEEL_ADMIN_KEY, make a key with npx --no pinwheel keys',
    ],
    ['a port that is none', { PORT: 'http' }, 'PORT must be'],
    ['a store that it does not know', { DATABASE_URL: 'mysql://x' }, 'DATABASE_URL must be'],
    ['a file that cannot be', { DATABASE_URL: 'sqlite:/dev/null/x.db' }, 'Cannot open the database /dev/null/x.db'],
  ])('refuses %s with one sentence and exit code 1', async (_, environment, sentence) => {
    const child = launch(environment)
    let told = ''
    child.stderr.on('data', chunk => {
      told += chunk
    })
    const [code] = await once(child, 'close')
    expect(code).toBe(1)
    expect(told).toContain(sentence)
    expect(told.trim().split('\n')).toHaveLength(1)
  })

  it('refuses a port that is taken', async () => {
    const { url } = await start()
    const child = launch({ PORT: new URL(url).port, DATABASE_URL: 'sqlite:./other.db' })
    const [message] = (await once(child.stderr, 'data')) as [Buffer]
    expect(message.toString()).toContain('EADDRINUSE')
  })

  it('answers probes, and nothing else, on a port of their own', async () => {
    const probePort = String(await freePort())
    const { child } = await start({ PROBE_PORT: probePort })
    const probes = `http://127.0.0.1:${probePort}`
    for (const path of ['/livez', '/readyz', '/metrics', '/readyz?verbose', '/livez/', '//livez']) {
      expect((await fetch(probes + path)).status, path).toBe(200)
    }
    expect(await post(`${probes}/assign`, { experiment: 'x', unit: 'u' })).toMatchObject({
      code: 'not_found',
      detail: 'Here there is only /livez, /readyz, /metrics; ask the other port',
    })
    for (const path of ['/', '/livez/x', '/experiments', '//assign', '/metrics%20']) {
      expect((await fetch(probes + path)).status, path).toBe(404)
    }
    const ended = once(child, 'exit')
    child.kill('SIGTERM')
    expect(await ended).toEqual([0, null])
  })

  it('refuses a port for probes that is taken, and ends', async () => {
    const { url } = await start()
    const child = launch({ PROBE_PORT: new URL(url).port, DATABASE_URL: 'sqlite:./other.db' })
    const [message] = (await once(child.stderr, 'data')) as [Buffer]
    expect(message.toString()).toContain('EADDRINUSE')
    expect(await once(child, 'exit')).toEqual([1, null])
  })

  it('answers on SIGTERM what it has accepted, and ends with 0', async () => {
    const { child, url } = await start()
    await post(`${url}/experiments`, emailDefinition())
    await post(`${url}/experiments/spring-email/start`)
    const units = Array.from({ length: 5_000 }, (_, unit) => `u${unit}`)
    // The first bytes have arrived, so the request is accepted; the rest comes after the signal.
    const body = JSON.stringify({ experiment: 'spring-email', units })
    const request = httpRequest(`${url}/assign/batch`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
    })
    request.write(body.slice(0, 100))
    await fetch(`${url}/livez`)
    const ended = once(child, 'exit')
    child.kill('SIGTERM')
    request.end(body.slice(100))
    const [response] = (await once(request, 'response')) as [IncomingMessage]
    const answer = JSON.parse(Buffer.concat(await response.toArray()).toString())
    expect(answer.assignments).toHaveLength(5_000)
    expect(await ended).toEqual([0, null])
  })

  it('does not wait on SIGTERM for open pages', async () => {
    const { child, url } = await start()
    const events = await fetch(`${url}/events`)
    expect(events.headers.get('content-type')).toBe('text/event-stream; charset=utf-8')
    const ended = once(child, 'exit')
    const signalled = performance.now()
    child.kill('SIGTERM')
    expect(await events.text()).toBe('event: changed\ndata: 0\n\n')
    expect(await ended).toEqual([0, null])
    // Left alone, the stream would hold the process for the whole time of grace, which is ten
    // seconds.
    expect(performance.now() - signalled).toBeLessThan(5_000)
  })

  it('forgets nothing that it answered when it is killed', async () => {
    const { child, url } = await start()
    await post(`${url}/experiments`, emailDefinition())
    await post(`${url}/experiments/spring-email/start`)
    const kept = new Map<string, unknown>()
    const working = Array.from({ length: 200 }, async (_, unit) => {
      const answer = await post(`${url}/assign`, { experiment: 'spring-email', unit: `u${unit}` }).catch(() => null)
      if (answer?.reason === 'assigned') kept.set(`u${unit}`, answer)
      if (kept.size === 100) child.kill('SIGKILL')
    })
    await Promise.all(working)
    expect(kept.size).toBeGreaterThanOrEqual(100)
    const again = await start()
    for (const [unit, answer] of kept) {
      const { reason, ...same } = await post(`${again.url}/assign`, { experiment: 'spring-email', unit })
      expect({ ...same, reason: 'assigned' }).toEqual(answer)
      expect(reason).toBe('kept')
    }
  })
})

/** On which nobody listened a moment ago. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}
