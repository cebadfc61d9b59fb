// CloudEvents 1.0.2 over HTTP: one in a structured or a binary message, or many in a batch. The
// type is the metric, the subject the unit; source and id together tell an event from all others.
import { hash } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Catalogue } from '../../bandit/catalogue.ts'
import { BanditError } from '../../bandit/errors.ts'
import { UNIT_MAX_CHARACTERS } from '../../bandit/facts.ts'
import type { Context } from '../context.ts'
import { isObject, missingOr, refuse } from '../input/fields.ts'
import type { Caller } from '../middleware/authenticate.ts'
import { BATCH_LIMIT, bodyHeadOf, JSON_TYPE, readValue, TEXT_TYPE } from '../middleware/body.ts'
import { refuseLongList } from '../routes/record-events.ts'
import { answerEvents, metricNamed, type SentEvent } from './sent-events.ts'

const SINGLE_TYPE = 'application/cloudevents+json'
const BATCH_TYPE = 'application/cloudevents-batch+json'

/** POST /v1/events */
export async function answerCloudEvents(
  context: Context,
  request: IncomingMessage,
  response: ServerResponse,
  caller: Caller,
): Promise<void> {
  const isBinary = request.headers['ce-specversion'] !== undefined
  const types = isBinary ? [JSON_TYPE, TEXT_TYPE] : [SINGLE_TYPE, BATCH_TYPE]
  const head = bodyHeadOf(request)
  const { value } = await readValue(request, { limit: BATCH_LIMIT, types, kind: caller.kind, head })
  if (isBinary) return answerEvents(context, response, caller, read(context, { ...attributesIn(request), data: value }))
  if (head.type === SINGLE_TYPE) return answerEvents(context, response, caller, read(context, value))
  refuse(Array.isArray(value) ? [] : [{ path: '', message: 'must be a list of CloudEvents' }])
  refuseLongList((value as unknown[]).length)
  const events = (value as unknown[]).map(event => read(context, event))
  await answerEvents(context, response, caller, events)
}

function read({ catalogue }: { catalogue: Catalogue }, event: unknown): SentEvent {
  if (!isObject(event)) return new BanditError('invalid_request', 'the event must be an object')
  const { specversion, id, source, type, subject, time, data } = event
  if (specversion !== '1.0') return unusable('specversion', specversion, 'must be "1.0"')
  if (!isText(type)) return unusable('type', type, 'must be text')
  const metric = metricNamed(catalogue, type)
  if (metric === null) return null
  if (!isText(id)) return unusable('id', id, 'must be text')
  if (!isText(source)) return unusable('source', source, 'must be text')
  if (event.data_base64 !== undefined) return new BanditError('invalid_request', 'data must be JSON, not data_base64')
  const value = isObject(data) ? (data.value ?? undefined) : undefined
  return { metric, unit: subject, value, id: idOf(source, id), at: time ?? undefined }
}

function unusable(name: string, value: unknown, message: string): BanditError {
  return new BanditError('invalid_request', `${name} ${missingOr(value, message)}`)
}

/**
 * A source is a URI and has no spaces, so the two stay apart; where they are too long for an id,
 * their hash is as good.
 */
function idOf(source: string, id: string): string {
  const whole = `${source} ${id}`
  return whole.length <= UNIT_MAX_CHARACTERS ? whole : hash('sha256', whole)
}

/**
 * The attributes of a binary message, from its headers `ce-…`, percent-decoded (HTTP binding 1.0.2,
 * §3.1.3.2).
 */
function attributesIn({ headers }: IncomingMessage): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) =>
      name.startsWith('ce-') ? [[name.slice('ce-'.length), decoded(String(value))]] : [],
    ),
  )
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw new BanditError('invalid_request', `A header is no percent-encoded UTF-8: ${text.slice(0, 80)}`)
  }
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== ''
}
