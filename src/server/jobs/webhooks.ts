// Checks the experiments and delivers webhook messages, beside the requests, until the service
// stops.

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
  /** Called for every attempt. */
  readonly onDelivery: (delivery: Delivery) => void
}

/**
 * Returns a function that stops it: an attempt in progress is aborted, and repeated after the next
 * start.
 */
export function startAnnouncing(
  { monitor, store, allowsPrivateTargets, log, onDelivery }: Deps,
  { lookTickMs = LOOK_TICK_MS, deliveryTickMs = DELIVERY_TICK_MS } = {},
): () => Promise<void> {
  const stopping = new AbortController()
  const stopLooking = repeat(lookTickMs, async () => {
    for (const seen of await monitor.look(Date.now())) logSeen(log, seen)
  })
  const send = (url: string, headers: Readonly<Record<string, string>>, body: string) =>
    post(url, headers, body, { allowsPrivate: allowsPrivateTargets, signal: stopping.signal })
  const deps = { store, send, now: Date.now, chance: Math.random }
  const stopDelivering = repeat(deliveryTickMs, async () => {
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
    await Promise.all([stopLooking(), stopDelivering()])
  }
}

function logSeen(log: Logger, seen: Seen): void {
  const { experiment } = seen
  if ('error' in seen) log.error({ err: seen.error, experiment }, 'the experiment could not be looked at')
  else if ('announced' in seen) log.info({ experiment, event: seen.announced, details: seen.details }, 'announced')
  else {
    const arm = 'paused' in seen ? seen.paused : seen.retired
    log.warn({ experiment, arm, metric: seen.metric }, `${doneAbout(seen)}: it harms a guardrail`)
  }
}

function doneAbout(
  seen: { readonly paused: string } | { readonly retired: string; readonly isPaused: boolean },
): string {
  if ('paused' in seen) return 'the experiment was paused because of the arm'
  return seen.isPaused
    ? 'the last arm beside the control was retired, and the experiment paused'
    : 'the arm was retired'
}
