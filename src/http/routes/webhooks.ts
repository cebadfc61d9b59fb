// /webhooks: who is told when something happens to an experiment. Their addresses may be secrets of
// others, so all of it is for administrators.
import type { Request, Response } from 'express'
import type { z } from 'zod'
import { BanditError } from '../../bandit/errors.ts'
import { targetFault } from '../../webhooks/target.ts'
import { EVENT_TYPES, MAX_WEBHOOKS, type Webhook } from '../../webhooks/webhook.ts'
import { answerJson, timestamp } from '../answer.ts'
import type { Context } from '../context.ts'
import { refuse } from '../input/fields.ts'
import { shapeFaults } from '../input/schema-faults.ts'
import { MAX_EVENTS, webhookSchema } from '../input/webhook-schema.ts'
import { authenticate } from '../middleware/authenticate.ts'
import { readValue } from '../middleware/body.ts'

const SECRET_BYTES = 32

type WebhookBody = z.infer<typeof webhookSchema>

export async function postWebhook(context: Context, request: Request, response: Response): Promise<void> {
  authenticate(context, request, 'admin')
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

export async function listWebhooks(context: Context, request: Request, response: Response): Promise<void> {
  authenticate(context, request, 'admin')
  const webhooks = await context.store.findWebhooks()
  answerJson(response, { webhooks: webhooks.map(webhook => webhookJson(context, webhook)) })
}

export async function getWebhook(
  context: Context,
  request: Request<{ id: string }>,
  response: Response,
): Promise<void> {
  authenticate(context, request, 'admin')
  answerJson(response, webhookJson(context, await webhookIn(context, request.params.id)))
}

export async function deleteWebhook(
  context: Context,
  request: Request<{ id: string }>,
  response: Response,
): Promise<void> {
  authenticate(context, request, 'admin')
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
