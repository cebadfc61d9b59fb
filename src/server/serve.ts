// One process that serves, from its start to its stop. Time and chance enter here; all other code
// gets them as arguments.
import cluster from 'node:cluster'
import { randomBytes, randomUUID } from 'node:crypto'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Keyring } from '../access/keyring.ts'
import { Catalogue } from '../bandit/catalogue.ts'
import { StoreUnavailableError } from '../bandit/errors.ts'
import { refreshSnapshots } from '../bandit/snapshots.ts'
import { logRefreshed } from '../http/log-refreshed.ts'
import { Metrics } from '../http/metrics/metrics.ts'
import { countedFamilies } from '../http/metrics/metrics-page.ts'
import { LivePages } from '../http/pages/live.ts'
import { createProbeServer, createServer } from '../http/server.ts'
import { DatabaseError } from '../store/database-error.ts'
import { claimStore, openStore } from '../store/open.ts'
import type { Store } from '../store/port.ts'
import { ExperimentMonitor } from '../webhooks/monitor.ts'
import { type Config, ConfigError, refuseToOpen } from './config.ts'
import { gatherMetrics } from './gather-metrics.ts'
import { startFollowing } from './jobs/follow.ts'
import { repeat } from './jobs/run-periodically.ts'
import { startAnnouncing } from './jobs/webhooks.ts'
import { onceAskedToStop, printStartupMessage } from './lifetime.ts'
import type { Logger } from './log.ts'
import { measureProcess } from './process-metrics.ts'
import { shareRates } from './share-rates.ts'

/** The interval of checks for due snapshots, which are a second apart except in a bulk load. */
const REFRESH_TICK_MS = 100

/**
 * Connections that wait to be accepted. A client whose connection the system dropped would notice
 * only after seconds. (The system may have a lower limit: net.core.somaxconn.)
 */
const BACKLOG = 4_096

/** Requests that were accepted have this long to be answered after SIGTERM. */
const SHUTDOWN_GRACE_MS = 10_000

/** While it stops, connections that have become idle are closed this often. */
const IDLE_TICK_MS = 50

/**
 * Serves until SIGTERM or SIGINT; resolves when it listens.
 *
 * @throws ConfigError, DatabaseError
 */
export async function serve(config: Config, log: Logger): Promise<void> {
  const metrics = new Metrics()
  // The process that started the workers has claimed the store for all of them.
  const release = cluster.isWorker ? () => {} : claimStore(config.databaseUrl)
  let onNews = () => {}
  const store = await openStore(config.databaseUrl, {
    isServed: true,
    onNews: () => onNews(),
    onHealthChange: error => {
      if (error === null) log.info('the store writes again')
      else log.error({ err: error }, 'the store cannot write; /assign answers fallback until it can')
    },
    onCommit: commit => metrics.committed(commit),
  })
  try {
    onNews = await run(config, log, store, metrics, release)
  } catch (error) {
    await store.close()
    throw error
  }
}

/** Resolves to the function to call when another process has changed something. */
async function run(
  config: Config,
  log: Logger,
  store: Store,
  metrics: Metrics,
  release: () => void,
): Promise<() => void> {
  const { catalogue, keyring } = await load(store, config)
  refuseToOpen(config, keyring.hasLiveKey(Date.now()))
  const live = new LivePages(catalogue)
  const newId = () => `msg_${randomUUID()}`
  const monitor = new ExperimentMonitor({ catalogue, store, elapsedMs: () => performance.now(), newId })
  const measured = measureProcess()
  const deps = {
    catalogue,
    keyring,
    store,
    now: Date.now,
    newSalt: () => randomBytes(16).toString('hex'),
    randomBytes,
    log,
    allowedOrigins: config.allowedOrigins,
    live,
    monitor,
    allowsPrivateTargets: config.allowsPrivateTargets,
    metrics,
    gatherMetrics: gatherMetrics(async () => [...(await countedFamilies({ metrics, store })), ...measured()]),
  }
  const [server, probes] = [createServer(deps), createProbeServer(deps)]
  await listen(server, config.host, config.port)
  if (config.probePort !== null) {
    await listen(probes, config.host, config.probePort).catch(error => {
      server.close()
      throw error
    })
  }
  if (!cluster.isWorker) printStartupMessage(config, (server.address() as AddressInfo).port)
  if (keyring.isOpen) log.warn('there is no key: anyone who can reach this address may do everything')
  const following = startFollowing(deps)
  const tasks = [
    repeat(REFRESH_TICK_MS, async () => {
      for (const refreshed of await refreshSnapshots(deps, Date.now())) logRefreshed(log, refreshed)
    }).stop,
    following.stop,
    shareRates(keyring),
    startAnnouncing({ ...deps, onDelivery: ({ error }) => metrics.delivered(error === null) }),
  ]
  onceAskedToStop(async () => {
    live.close()
    await stopServing(server)
    await stopServing(probes)
    await Promise.all(tasks.map(stop => stop()))
    await store.close()
    release()
    log.info('stopped')
    // Its channel to the others would keep a worker alive.
    cluster.worker?.disconnect()
  })
  return following.runSoon
}

/** A damaged database may fail only when it is read. */
async function load(store: Store, { adminKey, rateLimit: rate }: Config) {
  try {
    const keyring = await Keyring.load(store, { adminKey, rate }, Date.now())
    return { keyring, catalogue: await Catalogue.load(store) }
  } catch (error) {
    if (!(error instanceof StoreUnavailableError)) throw error
    throw new DatabaseError(`Cannot read the database: ${(error.cause as Error).message}`, { cause: error })
  }
}

/** @throws ConfigError */
function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', error => reject(new ConfigError(`Cannot listen on ${host}:${port}: ${error.message}`)))
    server.listen({ port, host, backlog: BACKLOG }, resolve)
  })
}

/** No new connections; resolves when what was accepted is answered. */
async function stopServing(server: Server): Promise<void> {
  const deadline = setTimeout(() => server.closeAllConnections(), SHUTDOWN_GRACE_MS)
  // Kept connections would bring further requests, or stay idle for seconds.
  server.prependListener('request', (_, response) => response.setHeader('Connection', 'close'))
  const closing = setInterval(() => server.closeIdleConnections(), IDLE_TICK_MS)
  await new Promise<void>(resolve => server.close(() => resolve()))
  clearInterval(closing)
  clearTimeout(deadline)
}
