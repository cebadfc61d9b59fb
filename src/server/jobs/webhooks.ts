// Monitors the experiments and delivers webhooks until the service stops.
import type { Store } from '../../store/port.ts'
import { type Delivery, deliverMessages } from '../../webhooks/deliver-messages.ts'
import type { ExperimentMonitor, Seen } from '../../webhooks/monitor.ts'
import { post } from '../../webhooks/post.ts'
import type { Logger } from '../log.ts'
import { repeat } from './run-periodically.ts'

const LOOK_TICK_MS = 5_000
const DELIVERY_TICK_MS = 1_000

interface Deps {
  readonly monitor: ExperimentMonitor
  readonly store: Store
  readonly allowsPrivateTargets: boolean
  readonly log: Logger
  /** Called after every attempt. */
  readonly onDelivery: (delivery: Delivery) => void
}

/** Returns how to stop: a delivery that is under way is aborted, and made after the next start. */
export function startAnnouncing(
  { monitor, store, allowsPrivateTargets, log, onDelivery }: Deps,
  { lookTickMs = LOOK_TICK_MS, deliveryTickMs = DELIVERY_TICK_MS } = {},
): () => Promise<void> {
  const stopping = new AbortController()
  const monitoring = repeat(lookTickMs, async () => {
    for (const seen of await monitor.look(Date.now())) logSeen(log, seen)
  })
  const send = (url: string, headers: Readonly<Record<string, string>>, body: string) =>
    post(url, headers, body, { allowsPrivate: allowsPrivateTargets, signal: stopping.signal })
  const deps = { store, send, now: Date.now, chance: Math.random }
  const delivering = repeat(deliveryTickMs, async () => {
    try {
      while (!stopping.signal.aborted) {
        const deliveries = await deliverMessages(deps)
        for (const delivery of deliveries) {
          onDelivery(delivery)
          if (delivery.error === null) log.debug(delivery, 'webhook delivered')
          else log.warn({ ...delivery }, 'webhook not delivered; it will be tried again')
        }
        if (deliveries.length === 0) return
      }
    } catch (error) {
      log.error({ err: error }, 'webhooks could not be delivered')
    }
  })
  return async () => {
    stopping.abort()
    await Promise.all([monitoring.stop(), delivering.stop()])
  }
}

function logSeen(log: Logger, seen: Seen): void {
  const { experiment } = seen
  if ('error' in seen) log.error({ err: seen.error, experiment }, 'the experiment could not be looked at')
  else if ('announced' in seen) log.info({ experiment, event: seen.announced, details: seen.details }, 'announced')
  else if ('paused' in seen) {
    const done = 'the experiment was paused because of the arm'
    log.warn({ experiment, arm: seen.paused, metric: seen.metric }, `${done}: it harms a guardrail`)
  } else {
    const done = seen.isPaused
      ? 'the last arm beside the control was retired, and the experiment paused'
      : 'the arm was retired'
    log.warn({ experiment, arm: seen.retired, metric: seen.metric }, `${done}: it harms a guardrail`)
  }
}
