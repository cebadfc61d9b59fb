// Rewards in the shapes of event SDKs and of CloudEvents.
import { z } from 'zod'
import type { ErrorCode } from '../../bandit/errors.ts'
import { UNMEASURED_TYPES } from '../events/segment-events.ts'
import { MAX_ERRORS } from '../events/sent-events.ts'
import { STATUSES } from '../problem.ts'
import type { Operation } from './operation.ts'
import { resultSchema } from './rewards.ts'
import { count, sentInstant } from './shapes.ts'

const time = sentInstant.optional()
const maybeText = z.string().nullable().optional()
const maybeUnit = z.union([z.string(), z.int()]).nullable().optional()

const trackSchema = z
  .looseObject({
    event: z.string().describe('The metric; `Order Completed` is also `order-completed`.'),
    userId: maybeUnit.describe('The unit.'),
    anonymousId: maybeUnit.describe('The unit where there is no userId, or an empty one.'),
    messageId: maybeText.describe('Makes the event count once.'),
    properties: z
      .looseObject({ value: z.number().optional(), revenue: z.number().optional() })
      .optional()
      .describe('`value`, or else `revenue`, or else 1 is the value.'),
    timestamp: time,
    originalTimestamp: time,
    sentAt: time.describe('By the sender’s clock: puts right the time of the event.'),
    receivedAt: time.describe('Of a collector that has put `timestamp` right.'),
  })
  .meta({ id: 'TrackEvent' })

const cloudEventSchema = z
  .looseObject({
    specversion: z.literal('1.0'),
    id: z.string().min(1),
    source: z.string().min(1).describe('With the id it makes the event count once.'),
    type: z.string().describe('The metric.'),
    subject: z.union([z.string(), z.int()]).optional().describe('The unit.'),
    time,
    data: z.unknown().optional().describe('Its `value`, or else 1, is the value.'),
  })
  .meta({ id: 'CloudEvent' })

const TRACK = { event: 'Order Completed', userId: 'u-17', messageId: 'm-991', properties: { revenue: 19.9 } }
const CLOUD_EVENT = {
  specversion: '1.0',
  id: '991',
  source: '/shop',
  type: 'order-completed',
  subject: 'u-17',
  data: { value: 19.9 },
}

const CODES = Object.keys(STATUSES) as ErrorCode[]

const summarySchema = z
  .object({
    success: z.literal(true),
    recorded: count,
    duplicate: count,
    unassigned: count,
    late: count,
    rejected: count,
    ignored: count.describe('Those that no experiment measures.'),
    errors: z
      .array(z.object({ index: count.describe('In the list, from 0.'), code: z.enum(CODES), message: z.string() }))
      .optional()
      .describe(`The first ${MAX_ERRORS} events that could not be used, and why. Absent where there is none.`),
    moreErrors: count.optional().describe('How many others could not be used.'),
    results: z
      .array(z.union([resultSchema, z.object({ status: z.literal('ignored') })]))
      .describe('One for each event, in their order.'),
  })
  .meta({ id: 'EventSummary' })

const NONE = { recorded: 0, duplicate: 0, unassigned: 0, late: 0, rejected: 0, ignored: 0 }

const answers = {
  200: {
    description: 'What became of each event.',
    content: {
      'application/json': {
        schema: summarySchema,
        example: { success: true, ...NONE, recorded: 1, results: [{ status: 'recorded' }] },
      },
    },
  },
}

const common = { method: 'post', tag: 'Rewards', scope: 'reward' } as const

const PROBLEMS = [
  'invalid_request',
  'invalid_json',
  'body_too_large',
  'unsupported_media_type',
  'store_unavailable',
  'overloaded',
] as const

export const SENT_EVENT_OPERATIONS: readonly Operation[] = [
  {
    ...common,
    path: '/v1/batch',
    id: 'recordBatch',
    summary: 'Events as the SDKs of Segment and RudderStack send them',
    description:
      'Calls of the type `track` are rewards; all others, and events that no experiment measures, are ignored.',
    body: {
      required: true,
      content: {
        'application/json': {
          schema: z.looseObject({ batch: z.array(z.unknown()), sentAt: time }),
          example: { batch: [{ type: 'track', ...TRACK }], sentAt: '2026-11-22T10:05:00Z' },
        },
      },
    },
    answers,
    problems: PROBLEMS,
  },
  {
    ...common,
    path: '/v1/track',
    id: 'recordTrack',
    summary: 'One such event',
    description: 'One that is rejected is a 400.',
    body: { required: true, content: { 'application/json': { schema: trackSchema, example: TRACK } } },
    answers,
    problems: PROBLEMS,
  },
  ...UNMEASURED_TYPES.map(
    (type): Operation => ({
      ...common,
      path: `/v1/${type}`,
      id: `ignore${type.charAt(0).toUpperCase()}${type.slice(1)}`,
      summary: `Takes \`${type}\` calls, and ignores them`,
      answers: {
        200: {
          description: 'It was ignored.',
          content: {
            'application/json': { schema: z.object({ success: z.literal(true) }), example: { success: true } },
          },
        },
      },
      problems: ['overloaded'],
    }),
  ),
  {
    ...common,
    path: '/v1/events',
    id: 'recordCloudEvents',
    summary: 'CloudEvents 1.0',
    description:
      'One event in the structured or, with the headers `ce-…`, in the binary mode, or a batch. A single one that is rejected is a 400; those that no experiment measures are ignored.',
    body: {
      required: true,
      content: {
        'application/cloudevents+json': { schema: cloudEventSchema, example: CLOUD_EVENT },
        'application/cloudevents-batch+json': { schema: z.array(cloudEventSchema), example: [CLOUD_EVENT] },
        'application/json': {
          schema: z.unknown().describe('The data of an event in the binary mode.'),
          example: CLOUD_EVENT.data,
        },
      },
    },
    answers,
    problems: PROBLEMS,
  },
]
