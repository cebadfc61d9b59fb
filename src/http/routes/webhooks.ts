// /webhooks: who is told when something happens to an experiment. Their addresses may be secrets of
// others, so all of it is for administrators.
import type { ServerResponse } from 'node:http'
import type { Request } from 'express'
import { z } from 'zod'
import { BanditError } from '../../bandit/errors.ts'
import { targetFault } from '../../webhooks/target.ts'
import { EVENT_TYPES, MAX_WEBHOOKS, type Webhook } from '../../webhooks/webhook.ts'
import { answerJson, timestamp } from '../answer.ts'
import type { Context } from '../context.ts'
import { refuse } from '../input/fields.ts'
import { shapeFaults } from '../input/schema-faults.ts'
import { MAX_EVENTS, webhookSchema } from '../input/webhook-schema.ts'
import { readValue } from '../middleware/body.ts'
import { answers, json, LOCATION, type PlainRoute } from './route.ts'
import { count, instant } from './shapes.ts'

const SECRET_BYTES = 32

type WebhookBody = z.infer<typeof webhookSchema>

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

export const WEBHOOK_ROUTES: readonly PlainRoute[] = [
  {
    method: 'GET',
    path: '/webhooks',
    scope: 'admin',
    handler: listWebhooks,
    document: {
      id: 'listWebhooks',
      tag: 'Operation',
      summary: 'All webhooks, and how their deliveries go',
      answers: {
        200: answers('All webhooks, oldest first.', z.object({ webhooks: z.array(shownSchema) }), {
          webhooks: [WEBHOOK],
        }),
      },
      problems: ['store_unavailable'],
    },
  },
  {
    method: 'POST',
    path: '/webhooks',
    scope: 'admin',
    handler: postWebhook,
    document: {
      id: 'createWebhook',
      tag: 'Operation',
      summary: 'Have an address told what happens to experiments',
      description: 'Messages are signed as the Standard Webhooks specification says.',
      body: {
        required: true,
        content: json(webhookSchema, { url: WEBHOOK.url, events: WEBHOOK.events, experiment: WEBHOOK.experiment }),
      },
      answers: { 201: { ...answers('The webhook, with its secret.', madeSchema), headers: LOCATION } },
      problems: ['store_unavailable'],
    },
  },
  {
    method: 'GET',
    path: '/webhooks/:id',
    scope: 'admin',
    handler: getWebhook,
    document: {
      id: 'getWebhook',
      tag: 'Operation',
      summary: 'One webhook, and how its deliveries go',
      parameters: { path: idInPath },
      answers: { 200: answers('The webhook.', shownSchema) },
      problems: ['store_unavailable'],
    },
  },
  {
    method: 'DELETE',
    path: '/webhooks/:id',
    scope: 'admin',
    handler: deleteWebhook,
    document: {
      id: 'deleteWebhook',
      tag: 'Operation',
      summary: 'End a webhook',
      description: 'Messages that wait for it are dropped.',
      parameters: { path: idInPath },
      answers: { 204: { description: 'It is gone.' } },
      problems: ['store_unavailable'],
    },
  },
]

async function postWebhook(context: Context, request: Request, response: ServerResponse): Promise<void> {
  const { value } = await readValue(request)
  if (typeof value !== 'object' || value === null) {
    throw new BanditError('invalid_request', 'The request is not valid: the body must be an object with a "url"')
  }
  const { url: given, events: named } = value as { url?: unknown; events?: unknown }
  if (Array.isArray(named) && named.length > MAX_EVENTS) {
    refuse([{ path: 'events', message: `must name at most ${MAX_EVENTS} events, not ${named.length}` }])
  }
  const fault = typeof given === 'string' ? targetFault(given, context.allowsPrivateTargets) : null
  refuse([
    ...shapeFaults(webhookSchema, webhookSchema.safeParse(value)),
    ...(fault === null ? [] : [{ path: 'url', message: fault }]),
  ])
  const { url, events = EVENT_TYPES, experiment: key, secret } = value as WebhookBody
  const experiment = key === undefined ? null : context.catalogue.find(key)?.experiment
  if (experiment === undefined) refuse([{ path: 'experiment', message: `there is no experiment "${key}"` }])
  const webhook = {
    id: `wh_${context.randomBytes(12).toString('hex')}`,
    url,
    events: [...new Set(events)],
    experimentId: experiment?.id ?? null,
    secret: secret ?? `whsec_${context.randomBytes(SECRET_BYTES).toString('base64')}`,
    createdAt: context.now(),
  }
  if (!(await context.store.createWebhook(webhook))) {
    throw new BanditError('invalid_request', `There are ${MAX_WEBHOOKS} webhooks already; delete one first`)
  }
  response.setHeader('Location', `/webhooks/${webhook.id}`)
  const created = webhookJson(context, await webhookIn(context, webhook.id))
  answerJson(response, { ...created, secret: webhook.secret }, 201)
}

async function listWebhooks(context: Context, _request: Request, response: ServerResponse): Promise<void> {
  const webhooks = await context.store.findWebhooks()
  answerJson(response, { webhooks: webhooks.map(webhook => webhookJson(context, webhook)) })
}

async function getWebhook(context: Context, request: Request<{ id: string }>, response: ServerResponse): Promise<void> {
  answerJson(response, webhookJson(context, await webhookIn(context, request.params.id)))
}

async function deleteWebhook(
  context: Context,
  request: Request<{ id: string }>,
  response: ServerResponse,
): Promise<void> {
  if (!(await context.store.deleteWebhook(request.params.id))) throw notFound(request.params.id)
  response.writeHead(204, { 'Cache-Control': 'no-store' }).end()
}

async function webhookIn({ store }: Context, id: string): Promise<Webhook> {
  const webhook = (await store.findWebhooks()).find(each => each.id === id)
  if (webhook === undefined) throw notFound(id)
  return webhook
}

function notFound(id: string): BanditError {
  return new BanditError('not_found', `There is no webhook "${id}"`)
}

function webhookJson({ catalogue }: Context, webhook: Webhook) {
  const { id, url, events, experimentId, createdAt, waiting, failures, lastError, givenUp } = webhook
  const live = catalogue.all().find(({ experiment }) => experiment.id === experimentId)
  return {
    id,
    url,
    events,
    experiment: live?.experiment.definition.key ?? null,
    createdAt: timestamp(createdAt),
    waiting,
    failures,
    nextAttemptAt: waiting === 0 || failures === 0 ? null : timestamp(webhook.nextAttemptAt),
    lastDeliveredAt: timestamp(webhook.lastDeliveredAt),
    lastFailedAt: timestamp(webhook.lastFailedAt),
    lastError,
    givenUp,
  }
}
