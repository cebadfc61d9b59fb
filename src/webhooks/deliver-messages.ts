// Delivers the queued messages of webhooks: at least once, in order for each webhook, until they
// are accepted or days have passed. Messages are signed according to the Standard Webhooks
// specification (standardwebhooks.com).
import { createHmac } from 'node:crypto'
import type { WebhookStore } from '../store/port.ts'
import type { DeliveryResult, DueMessage } from './webhook.ts'

/** The number of webhooks served at once. */
const CONCURRENCY = 8

/** During this time no other process makes an attempt; longer than an attempt may last. */
const LEASE_MS = 60_000

const FIRST_RETRY_MS = 5_000
const LONGEST_RETRY_MS = 3_600_000

/** A message that was not accepted within this time is dropped. */
export const GIVE_UP_MS = 3 * 24 * 3_600_000

const MAX_ERROR_CHARACTERS = 200

export interface DeliveryDeps {
  readonly store: Pick<WebhookStore, 'findDueMessages' | 'claimMessage' | 'settleMessage'>
  /** Posts a message; rejects, with a message for a person, when it was not accepted. */
  readonly send: (url: string, headers: Readonly<Record<string, string>>, body: string) => Promise<void>
  /** The clock, ms since 1970. */
  readonly now: () => number
  /** Chance: in [0, 1). */
  readonly chance: () => number
}

export interface Delivery {
  readonly webhook: string
  readonly message: string
  /** Null: it was accepted. */
  readonly error: string | null
}

/**
 * One attempt for each webhook that has a message due. Call it again at once while it returns any.
 */
export async function deliverMessages(deps: DeliveryDeps): Promise<Delivery[]> {
  const due = await deps.store.findDueMessages(deps.now(), CONCURRENCY)
  return (await Promise.all(due.map(message => deliver(deps, message)))).filter(delivery => delivery !== null)
}

/** Null when another service was first. */
async function deliver(deps: DeliveryDeps, message: DueMessage): Promise<Delivery | null> {
  const { store, now } = deps
  if (!(await store.claimMessage(message, now() + LEASE_MS))) return null
  const result = await attempt(deps, message)
  await store.settleMessage(message, result)
  return { webhook: message.webhookId, message: message.id, error: result.isDelivered ? null : result.error }
}

async function attempt({ send, now, chance }: DeliveryDeps, message: DueMessage): Promise<DeliveryResult> {
  try {
    await send(message.url, headersOf(message, now()), message.body)
    return { isDelivered: true, at: now() }
  } catch (thrown) {
    const error = (thrown as Error).message.slice(0, MAX_ERROR_CHARACTERS)
    const at = now()
    const nextAttemptAt = at + retryMs(message.failures, chance())
    return { isDelivered: false, at, error, nextAttemptAt, dropBefore: at - GIVE_UP_MS }
  }
}

/**
 * Doubles after each failure, up to an hour, times a random factor between a half and one and a
 * half.
 */
export function retryMs(failures: number, chance: number): number {
  const longest = Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** Math.min(failures, 30))
  return Math.round(longest * (0.5 + chance))
}

/**
 * The signature is `v1,` and an HMAC-SHA256 in base64; the secret, `whsec_` and the key in base64.
 */
function headersOf({ id, body, secret }: DueMessage, now: number): Record<string, string> {
  const timestamp = Math.floor(now / 1_000)
  const key = Buffer.from(secret.slice('whsec_'.length), 'base64')
  const signature = createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64')
  return {
    'content-type': 'application/json',
    'webhook-id': id,
    'webhook-timestamp': String(timestamp),
    'webhook-signature': `v1,${signature}`,
  }
}
