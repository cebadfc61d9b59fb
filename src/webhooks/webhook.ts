// A webhook: a URL that gets a message when something happens to an experiment; the announcements,
// and the messages that carry them.

export const EVENT_TYPES = [
  'recommendation',
  'verdict',
  'guardrail.harmed',
  'sample-ratio.alarm',
  'arm.starved',
  'rewards.silent',
  'experiment.stopped',
] as const

export type EventType = (typeof EVENT_TYPES)[number]

/** More would make every announcement a write of as many rows. */
export const MAX_WEBHOOKS = 100

export interface NewWebhook {
  readonly id: string
  readonly url: string
  readonly events: readonly EventType[]
  /** Null: every experiment. */
  readonly experimentId: number | null
  /** `whsec_` and base64; see `headersOf`. */
  readonly secret: string
  readonly createdAt: number
}

/** A webhook and the state of its deliveries. Instants are ms since 1970. */
export interface Webhook extends Omit<NewWebhook, 'secret'> {
  /** Queued messages, including the one being sent. */
  readonly waiting: number
  /** Attempts that failed in a row. */
  readonly failures: number
  /** When the next message may be tried, if one waits. */
  readonly nextAttemptAt: number
  readonly lastDeliveredAt: number | null
  readonly lastFailedAt: number | null
  readonly lastError: string | null
  /** Messages that were dropped after they had failed for days. */
  readonly givenUp: number
}

/**
 * The last announced state of a subject, such as an arm's verdict. A subject without announcements
 * is in its quiet state.
 */
export interface Announcement {
  readonly subject: string
  readonly state: string
  /** An instant, ms since 1970. */
  readonly at: number
}

/** A message to a webhook. Its `id` is the same at every attempt. */
export interface Message {
  readonly id: string
  readonly type: EventType
  /** JSON, frozen when it was announced. */
  readonly body: string
}

/** The message that is next in line for a webhook. */
export interface DueMessage extends Omit<Message, 'type'> {
  readonly webhookId: string
  /** Its place among all messages. */
  readonly sequence: number
  readonly url: string
  readonly secret: string
  readonly queuedAt: number
  readonly failures: number
  /**
   * Its value when the message was found due; the process that changes it first delivers the
   * message.
   */
  readonly nextAttemptAt: number
}

/**
 * How an attempt ended. `dropBefore`: messages that were queued before this instant are dropped.
 */
export type DeliveryResult =
  | { readonly isDelivered: true; readonly at: number }
  | {
      readonly isDelivered: false
      readonly at: number
      readonly error: string
      readonly nextAttemptAt: number
      readonly dropBefore: number
    }
