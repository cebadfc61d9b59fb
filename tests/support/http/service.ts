// A whole service inside the test: the real app on a real SQLite file, with a clock that the test
// sets.
import { randomBytes } from 'node:crypto'
import { rmSync, writeFileSync } from 'node:fs'
import type { IncomingMessage, Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import request from 'supertest'
import { Keyring } from '../../../src/access/keyring.ts'
import { Catalogue } from '../../../src/bandit/catalogue.ts'
import { refreshSnapshots } from '../../../src/bandit/snapshots.ts'
import { Metrics } from '../../../src/http/metrics/metrics.ts'
import { countedFamilies } from '../../../src/http/metrics/metrics-page.ts'
import { LivePages } from '../../../src/http/pages/live.ts'
import { createServer } from '../../../src/http/server.ts'
import { createLog } from '../../../src/server/log.ts'
import { openStore } from '../../../src/store/open.ts'
import type { Store } from '../../../src/store/port.ts'
import { ExperimentMonitor, type Seen } from '../../../src/webhooks/monitor.ts'
import { blankDatabase } from '../blank-database.ts'
import { scratchFolder } from '../scratch.ts'
import type { Answer } from './answer.ts'
import { unlistedStatuses } from './unlisted-statuses.ts'

/** An instant to begin with: 2026-01-05T12:00:00Z, a Monday. */
export const NOON = Date.UTC(2026, 0, 5, 12)

export interface Service {
  readonly url: string
  readonly server: Server
  readonly store: Store
  readonly catalogue: Catalogue
  readonly live: LivePages
  readonly keyring: Keyring
  /** The SQLite file, for another process that gets in its way. */
  readonly databasePath: string
  /** The service's clock, ms since 1970. */
  now: number
  /** Moves the clock on and takes the snapshots that are due. */
  advance(ms: number): Promise<void>
  /** Looks at the experiments, and announces what has changed. */
  look(): Promise<Seen[]>
  /** Calls a path; objects are sent as JSON, strings as forms. */
  call(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>
  /** Closes the service, and opens another on the same file. */
  restart(): Promise<Service>
  close(): Promise<void>
}

export interface ServiceOptions {
  readonly adminKey?: string | null
  /** For keys without a rate of their own. */
  readonly rate?: string | null
  readonly allowedOrigins?: readonly string[]
  readonly salt?: string
  readonly now?: number
  readonly allowsPrivateTargets?: boolean
  /** The bytes of the SQLite file to serve; a new database otherwise. */
  readonly database?: Buffer
  /** Stands between the service and its store, to make it fail. */
  readonly wrapStore?: (store: Store) => Store
}

export async function startService(options: ServiceOptions = {}): Promise<Service> {
  const folder = scratchFolder()
  writeFileSync(join(folder, 'pinwheel.db'), options.database ?? (await blankDatabase()))
  return serve(folder, options)
}

async function serve(folder: string, options: ServiceOptions): Promise<Service> {
  const databasePath = join(folder, 'pinwheel.db')
  const metrics = new Metrics()
  const opened = await openStore(`sqlite:${databasePath}`, { onCommit: commit => metrics.committed(commit) })
  const store = options.wrapStore?.(opened) ?? opened
  const catalogue = await Catalogue.load(store)
  let salts = 0
  const clock = { now: options.now ?? NOON }
  const live = new LivePages(catalogue)
  let messages = 0
  // The tests' ledgers are small: no look costs anything by this clock, so none puts another off.
  const monitor = new ExperimentMonitor({
    catalogue,
    store,
    elapsedMs: () => 0,
    newId: () => `msg_${clock.now}-${++messages}`,
  })
  const keyring = await Keyring.load(
    store,
    { adminKey: options.adminKey ?? null, rate: options.rate ?? null },
    clock.now,
  )
  const server = createServer({
    catalogue,
    store,
    now: () => clock.now,
    newSalt: () => options.salt ?? `salt-${++salts}`,
    log: createLog('silent'),
    keyring,
    allowedOrigins: new Set(options.allowedOrigins),
    live,
    randomBytes,
    monitor,
    allowsPrivateTargets: options.allowsPrivateTargets ?? false,
    metrics,
    gatherMetrics: () => countedFamilies({ metrics, store }),
  })
  const unlisted = unlistedStatuses(server)
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const shut = async () => {
    server.closeAllConnections()
    await new Promise(resolve => server.close(resolve))
    await opened.close()
    if (unlisted.size > 0) throw new Error(`The OpenAPI document does not list ${[...unlisted].join(', ')}`)
  }
  return {
    url,
    server,
    store,
    catalogue,
    live,
    keyring,
    databasePath,
    get now() {
      return clock.now
    },
    set now(at: number) {
      clock.now = at
    },
    async advance(ms) {
      clock.now += ms
      await refreshSnapshots({ catalogue, store }, clock.now)
    },
    look: () => monitor.look(clock.now),
    call: (method, path, body, headers) => call(server, method, path, body, headers),
    async restart() {
      await shut()
      return serve(folder, { ...options, now: clock.now })
    },
    async close() {
      await shut()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

async function call(
  server: Server,
  method: string,
  path: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<Answer> {
  const isForm = typeof body === 'string'
  const type = isForm ? 'application/x-www-form-urlencoded' : 'application/json'
  const asked = new request.Test(server, method, path)
    .redirects(0)
    .ok(() => true)
    .buffer(true)
    .parse(readText)
    .serialize(sent => sent)
    .set({ 'accept-encoding': 'gzip, deflate', ...(body !== undefined && { 'content-type': type }), ...headers })
  if (body !== undefined)
    asked.send(body instanceof Uint8Array ? Buffer.from(body) : isForm ? body : JSON.stringify(body))
  const { status, headers: head, body: answered } = await asked
  // An answer without a body has an empty object there.
  const text = typeof answered === 'string' ? answered : ''
  const isJson = /[/+]json(;|$)/.test(head['content-type'] ?? '')
  return { status, headers: new Headers(head), text, body: isJson && text !== '' ? JSON.parse(text) : null }
}

/** The bytes as text, whatever their type. Superagent takes what is there when the answer ends. */
function readText(response: unknown, done: (error: Error | null, body: string) => void): void {
  const chunks: Buffer[] = []
  const stream = response as IncomingMessage
  stream.on('data', chunk => chunks.push(chunk)).on('end', () => done(null, Buffer.concat(chunks).toString()))
}

/** A definition with three arms and one binary metric, changed as the test needs. */
export function emailDefinition(changes: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    key: 'spring-email',
    arms: [{ key: 'control' }, { key: 'mens', payload: { template: 'm1' } }, { key: 'womens' }],
    metrics: [{ key: 'visit', type: 'binary', role: 'primary' }],
    ...changes,
  }
}

/** The same, created and started. */
export async function startExperiment(service: Service, changes: Record<string, unknown> = {}): Promise<void> {
  const definition = emailDefinition(changes)
  const created = await service.call('POST', '/experiments', definition)
  if (created.status !== 201) throw new Error(`Cannot create the experiment: ${created.text}`)
  const started = await service.call('POST', `/experiments/${definition.key}/start`)
  if (started.status !== 200) throw new Error(`Cannot start the experiment: ${started.text}`)
}
