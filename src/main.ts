// Starts the service and stops it. Here time and chance enter: everything below gets them as arguments.
import { randomBytes } from 'node:crypto'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Catalogue } from './bandit/catalogue.ts'
import { StoreUnavailableError } from './bandit/errors.ts'
import { type FollowDeps, followStore } from './bandit/follow-store.ts'
import { Keyring } from './bandit/keyring.ts'
import { refreshSnapshots } from './bandit/refresh-snapshots.ts'
import type { Store } from './bandit/store.ts'
import { type Config, ConfigError, readConfig, refuseToOpen } from './config.ts'
import { LivePages } from './http/live.ts'
import { createServer } from './http/server.ts'
import { createLog, type Logger } from './log.ts'
import { DatabaseError } from './store/database-error.ts'
import { claimStore, openStore } from './store/open.ts'

/** How often it is looked whether a snapshot is due; each experiment's own are at least a second apart. */
const REFRESH_TICK_MS = 100

/** How often it is looked what other processes on the same store have changed. */
const FOLLOW_TICK_MS = 400

/** Requests that were accepted have this long to be answered after SIGTERM. */
const SHUTDOWN_GRACE_MS = 10_000

/** While it stops, connections that have become idle are closed this often. */
const IDLE_TICK_MS = 50

try {
  process.loadEnvFile()
} catch (error) {
  // A .env file is a convenience; one that is there must be read.
  if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
}

try {
  const config = readConfig(process.env)
  await start(config, createLog(config.logLevel))
} catch (error) {
  // What a person at a terminal can mend is told in a sentence; the rest with its stack.
  const isExpected = error instanceof ConfigError || error instanceof DatabaseError
  process.stderr.write(`${isExpected ? error.message : (error as Error).stack}\n`)
  process.exitCode = 1
}

async function start(config: Config, log: Logger): Promise<void> {
  const release = claimStore(config.databaseUrl)
  const store = await openStore(config.databaseUrl, {
    isThreaded: true,
    onTurn: error => {
      if (error === null) log.info('the store writes again')
      else log.error({ err: error }, 'the store cannot write; /assign answers fallback until it can')
    },
  })
  try {
    await serve(config, log, store, release)
  } catch (error) {
    await store.close()
    throw error
  }
}

async function serve(config: Config, log: Logger, store: Store, release: () => void): Promise<void> {
  const { catalogue, keyring } = await load(store, config)
  refuseToOpen(config, keyring.hasLiveKey(Date.now()))
  const live = new LivePages(catalogue)
  const deps = {
    catalogue,
    keyring,
    store,
    now: Date.now,
    newSalt: () => randomBytes(16).toString('hex'),
    log,
    allowedOrigins: config.allowedOrigins,
    live,
  }
  const server = createServer(deps)
  await listen(server, config)
  const { port } = server.address() as AddressInfo
  const host = config.host.includes(':') ? `[${config.host}]` : config.host
  process.stdout.write(
    `Pinwheel listens on http://${host}:${port} and keeps its data in ${withoutPassword(config.databaseUrl)}\n`,
  )
  if (keyring.isOpen) log.warn('there is no key: whoever can reach this address may do everything')
  const tasks = [repeat(REFRESH_TICK_MS, () => refresh(deps, log)), repeat(FOLLOW_TICK_MS, () => follow(deps, log))]
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.once(signal, async () => {
      live.close()
      await stopServing(server)
      await Promise.all(tasks.map(stop => stop()))
      await store.close()
      release()
      log.info('stopped')
    })
  }
}

/** What is damaged may be found only when it is read. */
async function load(store: Store, { adminKey, rateLimit: rate }: Config) {
  try {
    const keyring = await Keyring.load(store, { adminKey, rate }, Date.now())
    return { keyring, catalogue: await Catalogue.load(store) }
  } catch (error) {
    if (!(error instanceof StoreUnavailableError)) throw error
    throw new DatabaseError(`Cannot read the database: ${(error.cause as Error).message}`, { cause: error })
  }
}

function listen(server: Server, { host, port }: Config): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', error => reject(new ConfigError(`Cannot listen on ${host}:${port}: ${error.message}`)))
    server.listen(port, host, resolve)
  })
}

/** Works again and again, never twice at once. Answers how to stop, which resolves when nothing is under way any more. */
function repeat(everyMs: number, work: () => Promise<void>): () => Promise<void> {
  let current: Promise<void> | null = null
  const timer = setInterval(() => {
    current ??= work().finally(() => {
      current = null
    })
  }, everyMs)
  return async () => {
    clearInterval(timer)
    await current
  }
}

async function follow(deps: FollowDeps & { keyring: Keyring; store: Store }, log: Logger): Promise<void> {
  try {
    await Promise.all([followStore(deps), deps.keyring.reread(deps.store, Date.now())])
  } catch (error) {
    // What is known goes on; that the store is unavailable is told elsewhere.
    if (!(error instanceof StoreUnavailableError)) log.error({ err: error }, 'other changes could not be taken in')
  }
}

async function refresh(deps: { catalogue: Catalogue; store: Store }, log: Logger): Promise<void> {
  for (const refreshed of await refreshSnapshots(deps, Date.now())) {
    const { experiment } = refreshed
    if ('error' in refreshed)
      log.error({ err: refreshed.error, experiment }, 'the policy could not be refreshed; its last snapshot stays')
    else
      log.debug(
        { experiment, snapshot: refreshed.snapshot.number, propensities: refreshed.snapshot.propensities },
        'snapshot taken',
      )
  }
}

/** No new connections; resolves when what was accepted is answered. */
async function stopServing(server: Server): Promise<void> {
  const deadline = setTimeout(() => server.closeAllConnections(), SHUTDOWN_GRACE_MS)
  // Connections that are kept alive would bring further requests, or stay idle for seconds.
  server.prependListener('request', (_, response) => response.setHeader('Connection', 'close'))
  const closing = setInterval(() => server.closeIdleConnections(), IDLE_TICK_MS)
  await new Promise<void>(resolve => server.close(() => resolve()))
  clearInterval(closing)
  clearTimeout(deadline)
}

function withoutPassword(url: string): string {
  return url.replace(/:\/\/([^:@/]+):[^@]*@/, '://$1:***@')
}
