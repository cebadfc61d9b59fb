import type { Refreshed } from '../bandit/snapshots.ts'
import type { Logger } from '../server/log.ts'

/** Tells the log of a snapshot that was taken, or why it could not be. */
export function logRefreshed(log: Logger, refreshed: Refreshed): void {
  const { experiment } = refreshed
  if ('error' in refreshed) {
    log.error({ err: refreshed.error, experiment }, 'the policy could not be refreshed; its last snapshot stays')
    return
  }
  const { number: snapshot, propensities } = refreshed.snapshot
  log.debug({ experiment, snapshot, propensities }, 'snapshot taken')
}
