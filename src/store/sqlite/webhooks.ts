import type Database from 'better-sqlite3'
import { type Announcement, type DueMessage, MAX_WEBHOOKS, type Webhook } from '../../webhooks/webhook.ts'
import type { CommandsOf } from '../commands.ts'
import type { WebhookStore } from '../port.ts'

type WebhookRow = Omit<Webhook, 'events'> & { readonly events: string }

export function webhookCommands(db: Database.Database): CommandsOf<WebhookStore> {
  const createWebhook = db.prepare(`
    INSERT INTO webhooks (id, url, events, experiment_id, secret, created_at)
    SELECT :id, :url, :events, :experimentId, :secret, :createdAt
    WHERE (SELECT count(*) FROM webhooks) < :most`)

  const findWebhooks = db.prepare<[], WebhookRow>(`
    SELECT id, url, events, experiment_id AS experimentId, created_at AS createdAt,
      (SELECT count(*) FROM messages WHERE webhook_id = webhooks.id) AS waiting,
      failures, next_attempt_at AS nextAttemptAt, last_delivered_at AS lastDeliveredAt, last_failed_at AS lastFailedAt,
      last_error AS lastError, given_up AS givenUp
    FROM webhooks ORDER BY created_at, id`)

  const deleteWebhook = db.prepare<[string]>('DELETE FROM webhooks WHERE id = ?')

  const findAnnouncements = db.prepare<[number], Announcement>(`
    SELECT subject, state, at FROM announcements WHERE experiment_id = ? ORDER BY subject`)

  const firstAnnouncement = db.prepare(`
    INSERT INTO announcements (experiment_id, subject, state, at) VALUES (:experimentId, :subject, :state, :at)
    ON CONFLICT (experiment_id, subject) DO NOTHING`)

  const nextAnnouncement = db.prepare(`
    UPDATE announcements SET state = :state, at = :at
    WHERE experiment_id = :experimentId AND subject = :subject AND state = :before`)

  const queueMessages = db.prepare(`
    INSERT INTO messages (webhook_id, id, body, queued_at)
    SELECT id, :id, :body, :at FROM webhooks
    WHERE (experiment_id IS NULL OR experiment_id = :experimentId)
      AND EXISTS (SELECT 1 FROM json_each(events) WHERE value = :type)
    ORDER BY created_at, id`)

  const findDueMessages = db.prepare<[number, number], DueMessage>(`
    SELECT messages.id, body, webhook_id AS webhookId, sequence, url, secret, queued_at AS queuedAt, failures,
      next_attempt_at AS nextAttemptAt
    FROM webhooks JOIN messages
      ON sequence = (SELECT min(sequence) FROM messages WHERE webhook_id = webhooks.id)
    WHERE next_attempt_at <= ?
    ORDER BY sequence LIMIT ?`)

  const claimMessage = db.prepare<[number, string, number]>(`
    UPDATE webhooks SET next_attempt_at = ? WHERE id = ? AND next_attempt_at = ?`)

  const deleteMessage = db.prepare<[number]>('DELETE FROM messages WHERE sequence = ?')

  const noteDelivery = db.prepare<[number, string]>(`
    UPDATE webhooks SET failures = 0, next_attempt_at = 0, last_delivered_at = ? WHERE id = ?`)

  const dropMessages = db.prepare<[string, number]>('DELETE FROM messages WHERE webhook_id = ? AND queued_at < ?')

  const noteFailure = db.prepare(`
    UPDATE webhooks
    SET failures = failures + 1, next_attempt_at = :nextAttemptAt, last_failed_at = :at, last_error = :error,
      given_up = given_up + :dropped
    WHERE id = :webhookId`)

  return {
    createWebhook: ({ events, ...webhook }) =>
      createWebhook.run({ ...webhook, events: JSON.stringify(events), most: MAX_WEBHOOKS }).changes === 1,

    findWebhooks: () => findWebhooks.all().map(row => ({ ...row, events: JSON.parse(row.events) })),

    deleteWebhook: id => deleteWebhook.run(id).changes === 1,

    findAnnouncements: experimentId => findAnnouncements.all(experimentId),

    announce: (experimentId, before, announcement, message) => {
      const command = before === null ? firstAnnouncement : nextAnnouncement
      const change = { experimentId, ...announcement, ...(before !== null && { before }) }
      if (command.run(change).changes === 0) return false
      if (message !== null) queueMessages.run({ experimentId, at: announcement.at, ...message })
      return true
    },

    findDueMessages: (now, limit) => findDueMessages.all(now, limit),

    claimMessage: ({ webhookId, nextAttemptAt }, until) =>
      claimMessage.run(until, webhookId, nextAttemptAt).changes === 1,

    settleMessage: ({ webhookId, sequence }, result) => {
      if (result.isDelivered) {
        deleteMessage.run(sequence)
        noteDelivery.run(result.at, webhookId)
        return
      }
      const { at, error, nextAttemptAt, dropBefore } = result
      const dropped = dropMessages.run(webhookId, dropBefore).changes
      noteFailure.run({ webhookId, at, error, nextAttemptAt, dropped })
    },
  }
}
