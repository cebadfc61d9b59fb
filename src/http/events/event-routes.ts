// The addresses where event SDKs and senders of CloudEvents post, and their documentation.
import { z } from 'zod'
import type { ErrorCode } from '../../bandit/errors.ts'
import { BATCH_LIMIT } from '../middleware/body.ts'
import { STATUSES } from '../problem.ts'
import { resultSchema } from '../routes/rewards.ts'
import { answers, type HotRoute, json } from '../routes/route.ts'
import { count, sentInstant } from '../routes/shapes.ts'
import { answerCloudEvents } from './cloud-events.ts'
import { answerSegmentBatch, answerSegmentTrack, answerUnmeasured, UNMEASURED_TYPES } from './segment-events.ts'
import { MAX_ERRORS } from './sent-events.ts'

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

const summary = {
  200: answers('What became of each event.', summarySchema, {
    success: true,
    ...NONE,
    recorded: 1,
    results: [{ status: 'recorded' }],
  }),
}

const common = { method: 'POST', scope: 'reward', bodyLimit: BATCH_LIMIT, query: 'any' } as const

export const EVENT_ROUTES: readonly HotRoute[] = [
  {
    ...common,
    path: '/v1/batch',
    handler: answerSegmentBatch,
    document: {
      id: 'recordBatch',
      tag: 'Rewards',
      summary: 'Events as the SDKs of Segment and RudderStack send them',
      description:
        'Calls of the type `track` are rewards; all others, and events that no experiment measures, are ignored.',
      body: {
        required: true,
        content: json(z.looseObject({ batch: z.array(z.unknown()), sentAt: time }), {
          batch: [{ type: 'track', ...TRACK }],
          sentAt: '2026-11-22T10:05:00Z',
        }),
      },
      answers: summary,
      problems: ['store_unavailable'],
    },
  },
  {
    ...common,
    path: '/v1/track',
    handler: answerSegmentTrack,
    document: {
      id: 'recordTrack',
      tag: 'Rewards',
      summary: 'One such event',
      description: 'One that is rejected is a 400.',
      body: { required: true, content: json(trackSchema, TRACK) },
      answers: summary,
      problems: ['store_unavailable'],
    },
  },
  ...UNMEASURED_TYPES.map(
    (type): HotRoute => ({
      ...common,
      path: `/v1/${type}`,
      handler: answerUnmeasured,
      document: {
        id: `ignore${type.charAt(0).toUpperCase()}${type.slice(1)}`,
        tag: 'Rewards',
        summary: `Takes \`${type}\` calls, and ignores them`,
        answers: { 200: answers('It was ignored.', z.object({ success: z.literal(true) }), { success: true }) },
      },
    }),
  ),
  {
    ...common,
    path: '/v1/events',
    handler: answerCloudEvents,
    document: {
      id: 'recordCloudEvents',
      tag: 'Rewards',
      summary: 'CloudEvents 1.0',
      description:
        'One event in the structured or, with the headers `ce-…`, in the binary mode, or a batch. A single one that is rejected is a 400; those that no experiment measures are ignored.',
      body: {
        required: true,
        content: {
          'application/cloudevents+json': { schema: cloudEventSchema, example: CLOUD_EVENT },
          'application/cloudevents-batch+json': { schema: z.array(cloudEventSchema), example: [CLOUD_EVENT] },
          ...json(z.unknown().describe('The data of an event in the binary mode.'), CLOUD_EVENT.data),
        },
      },
      answers: summary,
      problems: ['store_unavailable'],
    },
  },
]
