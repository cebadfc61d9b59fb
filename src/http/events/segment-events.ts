// What the SDKs of Segment and RudderStack send, at the paths where they send it: a track call is a
// reward, its event the metric, its user the unit. Their other calls are taken and ignored.
import type { IncomingMessage, ServerResponse } from 'node:http'
import { BanditError } from '../../bandit/errors.ts'
import { answerJson } from '../answer.ts'
import type { Context } from '../context.ts'
import { isObject, missingOr, refuse } from '../input/fields.ts'
import { instantFault, instantOf } from '../input/instants.ts'
import type { Caller } from '../middleware/authenticate.ts'
import { BATCH_LIMIT, readValue } from '../middleware/body.ts'
import { refuseLongList } from '../routes/record-events.ts'
import { answerEvents, metricNamed, type SentEvent } from './sent-events.ts'

/** The calls that measure nothing; each has a path of its own beside `/v1/batch`. */
export const UNMEASURED_TYPES = ['identify', 'group', 'alias', 'page', 'screen'] as const

/** POST /v1/batch */
export async function answerSegmentBatch(
  context: Context,
  request: IncomingMessage,
  response: ServerResponse,
  caller: Caller,
): Promise<void> {
  const body = await readObject(request, caller)
  refuse(
    Array.isArray(body.batch) ? [] : [{ path: 'batch', message: missingOr(body.batch, 'must be a list of events') }],
  )
  refuseLongList((body.batch as unknown[]).length)
  const now = context.now()
  const events = (body.batch as unknown[]).map(event => readEvent(context, event, body.sentAt, now))
  await answerEvents(context, response, caller, events)
}

/** POST /v1/track */
export async function answerSegmentTrack(
  context: Context,
  request: IncomingMessage,
  response: ServerResponse,
  caller: Caller,
): Promise<void> {
  await answerEvents(context, response, caller, readTrack(context, await readObject(request, caller), context.now()))
}

/** POST /v1/identify and the like */
export async function answerUnmeasured(
  _context: Context,
  _request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  answerJson(response, { success: true })
}

type Fields = Readonly<Record<string, unknown>>

async function readObject(request: IncomingMessage, { kind }: Caller): Promise<Fields> {
  // RudderStack's SDK names compressed JSON a form.
  const { value } = await readValue(request, { limit: BATCH_LIMIT, types: 'any', kind })
  refuse(isObject(value) ? [] : [{ path: '', message: 'must be an object' }])
  return value as Fields
}

const TYPES: readonly unknown[] = ['track', ...UNMEASURED_TYPES]

function readEvent(context: Context, event: unknown, sentAt: unknown, now: number): SentEvent {
  if (!isObject(event)) return unusable('the event must be an object')
  if (!TYPES.includes(event.type))
    return unusable(`type ${missingOr(event.type, `must be one of ${TYPES.join(', ')}`)}`)
  return event.type === 'track' ? readTrack(context, { sentAt, ...event }, now) : null
}

function readTrack({ catalogue }: Context, event: Fields, now: number): SentEvent {
  if (typeof event.event !== 'string' || event.event === '') {
    return unusable(`event ${missingOr(event.event, 'must be the name of an event')}`)
  }
  const metric = metricNamed(catalogue, event.event)
  if (metric === null) return null
  const properties = event.properties ?? {}
  if (!isObject(properties)) return unusable('properties must be an object')
  return {
    metric,
    unit: unitOf(event),
    value: properties.value ?? properties.revenue ?? undefined,
    id: event.messageId ?? undefined,
    at: timeOf(event, now),
  }
}

/** SDKs for pages send an empty userId before anybody has signed in. */
function unitOf({ userId, anonymousId }: Fields): unknown {
  return (userId === '' ? undefined : userId) ?? anonymousId
}

function unusable(message: string): BanditError {
  return new BanditError('invalid_request', message)
}

/**
 * When it happened by our clock: as long ago as, by the sender's clock, the event was when it was
 * sent. So a clock that is wrong takes nothing from a unit, not even one that is a second slow and
 * would date an event before its assignment. What a collector has received and passes on bears a
 * time that is corrected already.
 */
function timeOf({ timestamp, originalTimestamp, sentAt, receivedAt }: Fields, now: number): unknown {
  const told = timestamp ?? originalTimestamp ?? undefined
  if (!isInstant(told) || !isInstant(sentAt) || isInstant(receivedAt)) return told
  return new Date(now - (instantOf(sentAt) - instantOf(told))).toISOString()
}

function isInstant(time: unknown): time is string {
  return instantFault(time) === null
}
