// POST /rewards: one event, a list of events, or a stream of them. Events are checked by hand; the
// schema says the same, and a test holds them to it.
import type { IncomingMessage, ServerResponse } from 'node:http'
import { z } from 'zod'
import { BanditError, type ErrorCode } from '../../bandit/errors.ts'
import { MAX_REWARD_VALUE, type RewardResult, recordRewards } from '../../bandit/rewards.ts'
import { answerJson } from '../answer.ts'
import type { Context } from '../context.ts'
import { refuse } from '../input/fields.ts'
import { type RewardBody, rewardFaults, rewardOf } from '../input/reward-body.ts'
import type { Caller } from '../middleware/authenticate.ts'
import {
  BATCH_LIMIT,
  bodyHeadOf,
  chunksOf,
  FORM_TYPE,
  JSON_TYPE,
  NDJSON_TYPE,
  readValue,
  TEXT_TYPE,
} from '../middleware/body.ts'
import { STATUSES, sendProblem } from '../problem.ts'
import { nameSchema, unitSchema } from './assign.ts'
import { MAX_LIST_EVENTS, noCounts, recordList, recordStream, summaryOf } from './record-events.ts'
import { answers, type HotRoute } from './route.ts'
import { count, sentInstant } from './shapes.ts'

/** The types that a refusal names; lines are read before. */
const TYPES = [JSON_TYPE, FORM_TYPE, TEXT_TYPE, NDJSON_TYPE]

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

export const REWARD_ROUTE: HotRoute = {
  method: 'POST',
  path: '/rewards',
  scope: 'reward',
  bodyLimit: BATCH_LIMIT,
  handler: postRewards,
  document: {
    id: 'recordRewards',
    tag: 'Rewards',
    summary: 'Record what happened to units',
    description: `One event, a list of up to ${MAX_LIST_EVENTS.toLocaleString('en-US')}, or a stream of any length with an event on each line. The good events of a call are recorded whatever is wrong with others; a single one that is rejected is a 400. What is answered \`recorded\` is on disk.`,
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
      200: answers('What became of each event.', summarySchema, {
        ...noCounts(),
        recorded: 1,
        results: [{ status: 'recorded' }],
      }),
    },
    problems: ['experiment_not_found', 'metric_not_found', 'store_unavailable'],
    statuses: { experiment_not_found: 400, metric_not_found: 400 },
  },
}

async function postRewards(
  context: Context,
  request: IncomingMessage,
  response: ServerResponse,
  caller: Caller,
): Promise<void> {
  const head = bodyHeadOf(request)
  if (head.type === NDJSON_TYPE) {
    return answerJson(response, await recordStream(context, chunksOf(request, head), caller))
  }
  const { value, isForm } = await readValue(request, { limit: BATCH_LIMIT, types: TYPES, kind: caller.kind, head })
  if (Array.isArray(value)) return answerJson(response, await recordList(context, value, caller))
  const event = isForm ? fromForm(value) : value
  refuse(rewardFaults(event))
  const [result] = await recordRewards(context, [rewardOf(event as RewardBody)], context.now())
  if (result?.status === 'rejected') sendProblem(response, new BanditError(result.code, result.message), 400)
  else answerJson(response, summaryOf([result as RewardResult]))
}

/** Forms know strings only: the value becomes a number, if it is one. */
function fromForm(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, 'value')) return value
  const text = (value as { value: unknown }).value
  const isNumber = typeof text === 'string' && /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text)
  return { ...value, value: isNumber ? Number(text) : text }
}
