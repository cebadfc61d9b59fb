import { type Announcement, type DueMessage, MAX_WEBHOOKS, type Webhook } from '../../webhooks/webhook.ts'
import type { WebhookStore } from '../port.ts'
import { read, type Scripts, statement, tell, tellPostgres, write } from './script.ts'

type WebhookRow = Omit<Webhook, 'events'> & { readonly events: string }

/** Anyone who makes another one meanwhile waits, and then counts this one too. */
const LOCK_WEBHOOKS = statement('LOCK TABLE webhooks IN SHARE ROW EXCLUSIVE MODE')

const COUNT_WEBHOOKS = statement<{ readonly count: number }>('SELECT count(*) AS count FROM webhooks')

const CREATE_WEBHOOK = statement(`
  INSERT INTO webhooks (id, url, events, experiment_id, secret, created_at) VALUES ($1, $2, $3, $4, $5, $6)`)

const FIND_WEBHOOKS = statement<WebhookRow>(`
  SELECT id, url, events, experiment_id AS "experimentId", created_at AS "createdAt",
    (SELECT count(*) FROM messages WHERE webhook_id = webhooks.id) AS waiting,
    failures, next_attempt_at AS "nextAttemptAt", last_delivered_at AS "lastDeliveredAt", last_failed_at AS "lastFailedAt",
    last_error AS "lastError", given_up AS "givenUp"
  FROM webhooks ORDER BY created_at, id`)

const DELETE_WEBHOOK = statement('DELETE FROM webhooks WHERE id = $1')

const FIND_ANNOUNCEMENTS = statement<Announcement>(`
  SELECT subject, state, at FROM announcements WHERE experiment_id = $1 ORDER BY subject`)

const FIND_STATE = statement<Pick<Announcement, 'state'>>(`
  SELECT state FROM announcements WHERE experiment_id = $1 AND subject = $2`)

/** Where there is one already, only if its state is still `$5`. */
const KEEP_ANNOUNCEMENT = statement(`
  INSERT INTO announcements (experiment_id, subject, state, at) VALUES ($1, $2, $3, $4)
  ON CONFLICT (experiment_id, subject) DO UPDATE SET state = excluded.state, at = excluded.at
  WHERE announcements.state = CAST($5 AS text)`)

/** None of them can be deleted before the messages are queued. */
const LOCK_ALL = statement('SELECT 1 FROM webhooks FOR KEY SHARE')

/** `events` is a list in JSON; no type has a character that means another there. */
const QUEUE_MESSAGES = statement(`
  INSERT INTO messages (webhook_id, id, body, queued_at)
  SELECT id, CAST($2 AS text), CAST($3 AS text), CAST($4 AS bigint) FROM webhooks
  WHERE (experiment_id IS NULL OR experiment_id = $1) AND events LIKE '%"' || CAST($5 AS text) || '"%'
  ORDER BY created_at, webhooks.id`)

const FIND_DUE_MESSAGES = statement<DueMessage>(`
  SELECT messages.id, body, webhook_id AS "webhookId", sequence, url, secret, queued_at AS "queuedAt", failures,
    next_attempt_at AS "nextAttemptAt"
  FROM webhooks JOIN messages
    ON sequence = (SELECT min(sequence) FROM messages WHERE webhook_id = webhooks.id)
  WHERE next_attempt_at <= $1
  ORDER BY sequence LIMIT $2`)

const CLAIM_MESSAGE = statement('UPDATE webhooks SET next_attempt_at = $1 WHERE id = $2 AND next_attempt_at = $3')

const LOCK_WEBHOOK = statement('SELECT 1 FROM webhooks WHERE id = $1 FOR NO KEY UPDATE')

const DELETE_MESSAGE = statement('DELETE FROM messages WHERE sequence = $1')

const NOTE_DELIVERY = statement(`
  UPDATE webhooks SET failures = 0, next_attempt_at = 0, last_delivered_at = $1 WHERE id = $2`)

const DROP_MESSAGES = statement('DELETE FROM messages WHERE webhook_id = $1 AND queued_at < $2')

const NOTE_FAILURE = statement(`
  UPDATE webhooks
  SET failures = failures + 1, next_attempt_at = $2, last_failed_at = $3, last_error = $4, given_up = given_up + $5
  WHERE id = $1`)

export const webhookScripts: Scripts<WebhookStore> = {
  *createWebhook({ id, url, events, experimentId, secret, createdAt }) {
    yield* tellPostgres(LOCK_WEBHOOKS)
    const [kept] = yield* read(COUNT_WEBHOOKS)
    if (kept === undefined || kept.count >= MAX_WEBHOOKS) return false
    yield* tell(CREATE_WEBHOOK, [id, url, JSON.stringify(events), experimentId, secret, createdAt])
    return true
  },

  *findWebhooks() {
    return (yield* read(FIND_WEBHOOKS)).map(row => ({ ...row, events: JSON.parse(row.events) }))
  },

  *deleteWebhook(id) {
    return (yield* write(DELETE_WEBHOOK, [id])).count === 1
  },

  *findAnnouncements(experimentId) {
    return yield* read(FIND_ANNOUNCEMENTS, [experimentId])
  },

  *announce(experimentId, before, { subject, state, at }, message) {
    const [last] = yield* read(FIND_STATE, [experimentId, subject])
    if ((last?.state ?? null) !== before) return false
    if ((yield* write(KEEP_ANNOUNCEMENT, [experimentId, subject, state, at, before])).count === 0) return false
    if (message === null) return true
    yield* tellPostgres(LOCK_ALL)
    yield* tell(QUEUE_MESSAGES, [experimentId, message.id, message.body, at, message.type])
    return true
  },

  *findDueMessages(now, limit) {
    return yield* read(FIND_DUE_MESSAGES, [now, limit])
  },

  *claimMessage({ webhookId, nextAttemptAt }, until) {
    return (yield* write(CLAIM_MESSAGE, [until, webhookId, nextAttemptAt])).count === 1
  },

  *settleMessage({ webhookId, sequence }, result) {
    yield* tellPostgres(LOCK_WEBHOOK, [webhookId])
    if (result.isDelivered) {
      yield* tell(DELETE_MESSAGE, [sequence])
      yield* tell(NOTE_DELIVERY, [result.at, webhookId])
      return
    }
    const { at, error, nextAttemptAt, dropBefore } = result
    const { count } = yield* write(DROP_MESSAGES, [webhookId, dropBefore])
    yield* tell(NOTE_FAILURE, [webhookId, nextAttemptAt, at, error, count])
  },
}
