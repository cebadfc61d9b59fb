// What the handlers work with.

import type { Keyring } from '../access/keyring.ts'
import type { Catalogue } from '../bandit/catalogue.ts'
import type { Logger } from '../server/log.ts'
import type { Store } from '../store/port.ts'
import type { ExperimentMonitor } from '../webhooks/monitor.ts'
import type { Family } from './metrics/exposition.ts'
import type { Metrics } from './metrics/metrics.ts'
import type { LivePages } from './pages/live.ts'

export interface Context {
  readonly catalogue: Catalogue
  readonly store: Store
  /** The clock, ms since 1970. */
  readonly now: () => number
  /** Random text for a new experiment. */
  readonly newSalt: () => string
  /** Random bytes for what must not be guessed. */
  readonly randomBytes: (size: number) => Buffer
  readonly log: Logger
  readonly keyring: Keyring
  /** Whose pages may ask; `*` among them: all. Empty: none, and no word of CORS is said. */
  readonly allowedOrigins: ReadonlySet<string>
  /** The pages that are looked at now. */
  readonly live: LivePages
  readonly monitor: Pick<ExperimentMonitor, 'latest'>
  /** Webhooks may point to loopback and private addresses. */
  readonly allowsPrivateTargets: boolean
  readonly metrics: Metrics
  /** What was counted, and how the process fares; of all processes that share the address. */
  readonly gatherMetrics: () => Promise<Family[]>
}
