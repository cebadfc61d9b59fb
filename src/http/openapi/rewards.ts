// POST /rewards. It checks events by hand; the schema here says the same, and a test holds them to
// it.
import { z } from 'zod'
import type { ErrorCode } from '../../bandit/errors.ts'
import { MAX_REWARD_VALUE } from '../../bandit/rewards.ts'
import { STATUSES } from '../problem.ts'
import { MAX_LIST_EVENTS } from '../routes/rewards.ts'
import { nameSchema, unitSchema } from './assign.ts'
import type { Operation } from './operation.ts'
import { count, sentInstant } from './shapes.ts'

export const rewardSchema = z
  .strictObject({
    unit: unitSchema,
    metric: z
      .string()
      .min(1)
      .meta({ description: 'The key of a metric.', examples: ['visit'] }),
    value: z
      .number()
      .min(-MAX_REWARD_VALUE)
      .max(MAX_REWARD_VALUE)
      .optional()
      .describe('Adds to the unit’s total; a negative one corrects an earlier one.')
      .meta({ default: 1 }),
    experiment: z
      .string()
      .min(1)
      .optional()
      .describe(
        'The one experiment that it is meant for. Without it the event counts in each that has the metric and the unit.',
      ),
    id: nameSchema
      .optional()
      .describe('Makes the event count once for each experiment and metric, however often it is sent.'),
    at: sentInstant
      .optional()
      .describe('When it happened, with a time zone, at most five minutes ahead of the service’s clock. Default: now.'),
  })
  .meta({ id: 'Reward' })

export const resultSchema = z.object({
  status: z
    .enum(['recorded', 'duplicate', 'unassigned', 'late', 'rejected'])
    .describe(
      '`duplicate`: the id was there before. `unassigned`: no experiment has the unit. `late`: before the assignment, or after the window: stored, not counted. `rejected`: see `code` and `message`.',
    ),
  clipped: z
    .literal(true)
    .optional()
    .describe(
      'The reward was recorded, and the unit’s total then lies outside the metric’s range, so that its outcome is the range’s end.',
    ),
  code: z
    .enum(Object.keys(STATUSES) as ErrorCode[])
    .optional()
    .describe('Of what was rejected.'),
  message: z.string().optional().describe('Why it was rejected.'),
  line: count.optional().describe('In a stream: the line, from 1.'),
})

const summarySchema = z
  .object({
    recorded: count,
    duplicate: count,
    unassigned: count,
    late: count,
    rejected: count,
    results: z
      .array(resultSchema)
      .describe('One for each event, in their order; of a stream of over 10,000 the rejected ones only.'),
  })
  .meta({ id: 'RewardSummary' })

const EVENT = { unit: 'u-17', metric: 'visit', value: 1, id: 'evt-991', at: '2026-11-22T10:05:00Z' }

export const REWARD_OPERATIONS: readonly Operation[] = [
  {
    method: 'post',
    path: '/rewards',
    id: 'recordRewards',
    tag: 'Rewards',
    summary: 'Record what happened to units',
    description: `One event, a list of up to ${MAX_LIST_EVENTS.toLocaleString('en-US')}, or a stream of any length with an event on each line. The good events of a call are recorded whatever is wrong with others; a single one that is rejected is a 400. What is answered \`recorded\` is on disk.`,
    scope: 'reward',
    body: {
      required: true,
      content: {
        'application/json': {
          schema: z.union([rewardSchema, z.array(rewardSchema).max(MAX_LIST_EVENTS)]),
          examples: { one: { value: EVENT }, list: { value: [EVENT, { unit: 'u-18', metric: 'visit' }] } },
        },
        'application/x-www-form-urlencoded': { schema: rewardSchema, example: EVENT },
        'application/x-ndjson': { schema: rewardSchema.meta({ description: 'Each line.' }), example: EVENT },
      },
    },
    answers: {
      200: {
        description: 'What became of each event.',
        content: {
          'application/json': {
            schema: summarySchema,
            example: {
              recorded: 1,
              duplicate: 0,
              unassigned: 0,
              late: 0,
              rejected: 0,
              results: [{ status: 'recorded' }],
            },
          },
        },
      },
    },
    problems: [
      'invalid_request',
      'invalid_json',
      'experiment_not_found',
      'metric_not_found',
      'body_too_large',
      'unsupported_media_type',
      'store_unavailable',
      'overloaded',
    ],
    statuses: { experiment_not_found: 400, metric_not_found: 400 },
  },
]
