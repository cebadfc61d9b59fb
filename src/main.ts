// Starts the service and stops it. Here time and chance enter: everything below gets them as arguments.
import { randomBytes } from 'node:crypto'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Catalogue } from './bandit/catalogue.ts'
import { refreshSnapshots } from './bandit/refresh-snapshots.ts'
import type { Store } from './bandit/store.ts'
import { type Config, ConfigError, readConfig } from './config.ts'
import { createServer } from './http/server.ts'
import { createLog, type Logger } from './log.ts'
import { DatabaseError } from './store/database-error.ts'
import { openStore } from './store/open.ts'

/** How often it is looked whether a snapshot is due; each experiment's own are at least a second apart. */
const REFRESH_TICK_MS = 100

/** Requests that were accepted have this long to be answered after SIGTERM. */
const SHUTDOWN_GRACE_MS = 10_000

try {
  process.loadEnvFile()
} catch {
  // A .env file is a convenience, and there is none.
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
  const store = await openStore(config.databaseUrl)
  const catalogue = await Catalogue.load(store)
  const deps = {
    catalogue,
    store,
    now: Date.now,
    newSalt: () => randomBytes(16).toString('hex'),
    log,
    adminKey: config.adminKey,
  }
  const server = createServer(deps)
  await listen(server, config)
  const { port } = server.address() as AddressInfo
  const host = config.host.includes(':') ? `[${config.host}]` : config.host
  process.stdout.write(
    `Pinwheel listens on http://${host}:${port} and keeps its data in ${withoutPassword(config.databaseUrl)}\n`,
  )
  const stopRefreshing = keepRefreshing({ catalogue, store }, log)
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.once(signal, () => void stop(server, store, stopRefreshing, log))
  }
}

function listen(server: Server, { host, port }: Config): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', error => reject(new ConfigError(`Cannot listen on ${host}:${port}: ${error.message}`)))
    server.listen(port, host, resolve)
  })
}

/** Answers how to stop, which resolves when nothing is under way any more. */
function keepRefreshing(deps: { catalogue: Catalogue; store: Store }, log: Logger): () => Promise<void> {
  let current: Promise<void> | null = null
  const timer = setInterval(() => {
    current ??= refresh(deps, log).finally(() => {
      current = null
    })
  }, REFRESH_TICK_MS)
  return async () => {
    clearInterval(timer)
    await current
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

/** No new connections; what was accepted is answered; then the process ends by itself. */
async function stop(server: Server, store: Store, stopRefreshing: () => Promise<void>, log: Logger): Promise<void> {
  const deadline = setTimeout(() => server.closeAllConnections(), SHUTDOWN_GRACE_MS)
  await new Promise<void>(resolve => {
    server.close(() => resolve())
    server.closeIdleConnections()
  })
  clearTimeout(deadline)
  await stopRefreshing()
  await store.close()
  log.info('stopped')
}

function withoutPassword(url: string): string {
  return url.replace(/:\/\/([^:@/]+):[^@]*@/, '://$1:***@')
}
