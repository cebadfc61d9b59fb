// The operations on /webhooks.
import { z } from 'zod'
import { EVENT_TYPES } from '../../webhooks/webhook.ts'
import { webhookSchema } from '../input/webhook-schema.ts'
import type { Operation } from './operation.ts'
import { count, instant } from './shapes.ts'

const WEBHOOK = {
  id: 'wh_5f0c8f2d4be94e0f8a6f3a51',
  url: 'https://example.com/hooks',
  events: ['verdict', 'guardrail.harmed'],
  experiment: 'spring-email',
  createdAt: '2026-11-22T10:00:00.000Z',
  waiting: 1,
  failures: 2,
  nextAttemptAt: '2026-11-22T10:05:20.000Z',
  lastDeliveredAt: null,
  lastFailedAt: '2026-11-22T10:05:00.000Z',
  lastError: 'The answer was 503',
  givenUp: 0,
}

const shownSchema = z
  .object({
    id: z.string(),
    url: z.string(),
    events: z.array(z.enum(EVENT_TYPES)),
    experiment: z.string().nullable().describe('Null: all.'),
    createdAt: instant,
    waiting: count.describe('Messages that wait to be delivered.'),
    failures: count.describe('Attempts that failed in a row.'),
    nextAttemptAt: instant.nullable().describe('Null unless the last attempt failed.'),
    lastDeliveredAt: instant.nullable(),
    lastFailedAt: instant.nullable(),
    lastError: z.string().nullable(),
    givenUp: count.describe('Messages that were dropped after three days of failures.'),
  })
  .meta({ id: 'Webhook', examples: [WEBHOOK] })

const madeSchema = shownSchema
  .extend({ secret: z.string().describe('Shown this once.') })
  .meta({ id: 'NewWebhook', examples: [{ ...WEBHOOK, secret: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw' }] })

const idInPath = z.object({ id: z.string().meta({ description: 'The id of a webhook.', examples: [WEBHOOK.id] }) })

export const WEBHOOK_OPERATIONS: readonly Operation[] = [
  {
    method: 'get',
    path: '/webhooks',
    id: 'listWebhooks',
    tag: 'Operation',
    summary: 'All webhooks, and how their deliveries go',
    scope: 'admin',
    answers: {
      200: {
        description: 'All webhooks, oldest first.',
        content: {
          'application/json': {
            schema: z.object({ webhooks: z.array(shownSchema) }),
            example: { webhooks: [WEBHOOK] },
          },
        },
      },
    },
    problems: ['store_unavailable'],
  },
  {
    method: 'post',
    path: '/webhooks',
    id: 'createWebhook',
    tag: 'Operation',
    summary: 'Have an address told what happens to experiments',
    description: 'Messages are signed as the Standard Webhooks specification says.',
    scope: 'admin',
    body: {
      required: true,
      content: {
        'application/json': {
          schema: webhookSchema,
          example: { url: WEBHOOK.url, events: WEBHOOK.events, experiment: WEBHOOK.experiment },
        },
      },
    },
    answers: {
      201: {
        description: 'The webhook, with its secret.',
        headers: { Location: { schema: { type: 'string' }, description: 'Its address.' } },
        content: { 'application/json': { schema: madeSchema } },
      },
    },
    problems: ['invalid_request', 'invalid_json', 'body_too_large', 'unsupported_media_type', 'store_unavailable'],
  },
  {
    method: 'get',
    path: '/webhooks/{id}',
    id: 'getWebhook',
    tag: 'Operation',
    summary: 'One webhook, and how its deliveries go',
    scope: 'admin',
    parameters: { path: idInPath },
    answers: { 200: { description: 'The webhook.', content: { 'application/json': { schema: shownSchema } } } },
    problems: ['not_found', 'store_unavailable'],
  },
  {
    method: 'delete',
    path: '/webhooks/{id}',
    id: 'deleteWebhook',
    tag: 'Operation',
    summary: 'End a webhook',
    description: 'Messages that wait for it are dropped.',
    scope: 'admin',
    parameters: { path: idInPath },
    answers: { 204: { description: 'It is gone.' } },
    problems: ['not_found', 'store_unavailable'],
  },
]
