// POST /rewards: one event, a list of events, or a stream of them. Events are checked by hand; the
// schema says the same, and a test holds them to it.
import type { IncomingMessage, ServerResponse } from 'node:http'
import { setImmediate } from 'node:timers/promises'
import { z } from 'zod'
import { BanditError, type ErrorCode, type Fault, StoreUnavailableError } from '../../bandit/errors.ts'
import { type Reward, unitIn } from '../../bandit/facts.ts'
import { MAX_REWARD_VALUE, type RewardResult, recordRewards } from '../../bandit/rewards.ts'
import { answerJson } from '../answer.ts'
import type { Context } from '../context.ts'
import { RejectionMessages } from '../events/rejection-messages.ts'
import { fieldFaults, isObject, nameRule, refuse, unitRule } from '../input/fields.ts'
import { instantFault, instantOf } from '../input/instants.ts'
import type { Caller } from '../middleware/authenticate.ts'
import {
  BATCH_LIMIT,
  chunksOf,
  decodeUtf8,
  FORM_TYPE,
  JSON_TYPE,
  mediaTypeOf,
  NDJSON_TYPE,
  parseJson,
  readValue,
  TEXT_TYPE,
} from '../middleware/body.ts'
import { linesOf } from '../middleware/lines.ts'
import { spendMore, spendSlowly } from '../middleware/rate-limit.ts'
import { STATUSES, sendProblem } from '../problem.ts'
import { nameSchema, unitSchema } from './assign.ts'
import { answers, type HotRoute } from './route.ts'
import { count, sentInstant } from './shapes.ts'

/** So many events share a transaction, and a turn of the event loop; more would hold others up. */
const SLICE = 500

/** A list is answered event by event, so it has an end. A stream needs none. */
export const MAX_LIST_EVENTS = 100_000

/** The stream is read by itself; anyone who sends another type is told of all. */
const TYPES = [JSON_TYPE, FORM_TYPE, TEXT_TYPE, NDJSON_TYPE]

const MAX_LINE_BYTES = 64 * 1024

/** A longer stream is answered with its counts and its rejected lines only. */
export const MAX_RESULTS = 10_000

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
  if (mediaTypeOf(request) === NDJSON_TYPE) return answerJson(response, await recordStream(context, request, caller))
  const { value, isForm } = await readValue(request, BATCH_LIMIT, TYPES, caller.kind)
  if (Array.isArray(value)) return answerJson(response, await recordList(context, value, caller))
  const event = isForm ? fromForm(value) : value
  refuse(rewardFaults(event))
  const [result] = await recordRewards(context, [rewardOf(event as RewardBody)], context.now())
  if (result?.status === 'rejected') sendProblem(response, new BanditError(result.code, result.message), 400)
  else answerJson(response, summaryOf([result as RewardResult]))
}

interface RewardBody {
  readonly unit: string | number
  readonly metric: string
  readonly value?: number
  readonly experiment?: string
  readonly id?: string
  readonly at?: string
}

const REWARD_RULES = {
  unit: unitRule,
  metric: (value: unknown) => (typeof value === 'string' && value !== '' ? null : 'must be the key of a metric'),
  value: (value: unknown) => {
    if (value === undefined || (typeof value === 'number' && Number.isFinite(value))) return null
    return typeof value === 'number' ? 'must be a finite number' : 'must be a number'
  },
  experiment: (value: unknown) =>
    value === undefined || (typeof value === 'string' && value !== '') ? null : 'must be the key of an experiment',
  id: (value: unknown) => (value === undefined ? null : nameRule(value)),
  at: (value: unknown) => (value === undefined ? null : instantFault(value)),
}

function rewardFaults(event: unknown): Fault[] {
  return isObject(event) ? fieldFaults(event, REWARD_RULES) : NO_OBJECT
}

const NO_OBJECT = fieldFaults(null, REWARD_RULES)

function rewardOf({ at, unit, ...event }: RewardBody): Reward {
  return { ...event, unit: unitIn(unit), value: event.value ?? 1, ...(at !== undefined && { at: instantOf(at) }) }
}

/** Forms know strings only: the value becomes a number, if it is one. */
function fromForm(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, 'value')) return value
  const text = (value as { value: unknown }).value
  const isNumber = typeof text === 'string' && /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text)
  return { ...value, value: isNumber ? Number(text) : text }
}

/**
 * Events with their faults found or not, in slices; the good ones of each slice are recorded
 * together. A store that fails is told of the whole call while nothing of it was recorded, and of
 * each event afterwards: a 503 would have the recorded ones sent again.
 */
async function recordSlice(
  context: Context,
  events: readonly (unknown | BanditError)[],
  messages: RejectionMessages,
  isFirst: boolean,
): Promise<RewardResult[]> {
  const faults = events.map(event => (event instanceof BanditError ? event : shapeError(event, messages)))
  const good = events.filter((_, position) => faults[position] === null)
  const rewards = good.map(event => rewardOf(event as RewardBody))
  const results = await recordRewards(context, rewards, context.now()).catch(error => {
    if (isFirst || !(error instanceof StoreUnavailableError)) throw error
    return rewards.map(() => UNAVAILABLE)
  })
  for (const fault of faults) if (fault !== null) context.metrics.rejected(fault.code)
  let next = 0
  return faults.map(fault => {
    const result = fault === null ? (results[next++] as RewardResult) : rejectionOf(fault)
    return result.status === 'rejected' ? { ...result, message: messages.told(result.message) } : result
  })
}

function rejectionOf({ code, message }: BanditError): RewardResult {
  return { status: 'rejected', code, message }
}

const UNAVAILABLE: RewardResult = {
  status: 'rejected',
  code: 'store_unavailable',
  message: 'The store did not answer; send this event again',
}

function shapeError(event: unknown, messages: RejectionMessages): BanditError | null {
  const faults = rewardFaults(event)
  return faults.length === 0 ? null : messages.shapeError(faults)
}

/**
 * Records events, each a reward as it was sent, or a `BanditError` for one that is none; in slices,
 * with a summary.
 */
export async function recordList(context: Context, events: readonly (unknown | BanditError)[], caller: Caller) {
  refuseLongList(events.length)
  spendMore(caller, events.length, context.now())
  const messages = new RejectionMessages()
  const results: RewardResult[] = []
  for (let from = 0; from < events.length; from += SLICE) {
    if (from > 0) await setImmediate()
    results.push(...(await recordSlice(context, events.slice(from, from + SLICE), messages, from === 0)))
  }
  return summaryOf(results)
}

/** @throws BanditError `invalid_request` */
export function refuseLongList(length: number): void {
  if (length <= MAX_LIST_EVENTS) return
  const message = `must have at most ${MAX_LIST_EVENTS} events, not ${length}; send more as ${NDJSON_TYPE}`
  refuse([{ path: '', message }])
}

async function recordStream(context: Context, request: IncomingMessage, caller: Caller) {
  const counts = noCounts()
  const messages = new RejectionMessages()
  const results: LineResult[] = []
  let seen = 0
  const record = async (slice: readonly { number: number; event: unknown }[]) => {
    if (seen > 0) await setImmediate()
    await spendSlowly(caller, slice.length, context.now())
    const recorded = await recordSlice(
      context,
      slice.map(({ event }) => event),
      messages,
      seen === 0,
    )
    for (const [position, result] of recorded.entries()) {
      counts[result.status] += 1
      seen += 1
      const line = slice[position]?.number as number
      if (seen <= MAX_RESULTS || (result.status === 'rejected' && results.length < 2 * MAX_RESULTS))
        results.push({ line, ...result })
    }
  }
  let slice: { number: number; event: unknown }[] = []
  for await (const lines of linesOf(chunksOf(request), MAX_LINE_BYTES)) {
    for (const { number, bytes } of lines) {
      if (bytes !== null && isBlank(bytes)) continue
      slice.push({ number, event: bytes === null ? LINE_TOO_LONG : parseLine(bytes) })
      if (slice.length < SLICE) continue
      await record(slice)
      slice = []
    }
  }
  await record(slice)
  const isWhole = seen <= MAX_RESULTS
  return { ...counts, results: isWhole ? results : results.filter(result => result.status === 'rejected') }
}

type LineResult = RewardResult & { readonly line: number }

/** Nothing but spaces, tabs and carriage returns. */
function isBlank(line: Buffer): boolean {
  return line.every(byte => byte === 0x20 || byte === 0x09 || byte === 0x0d)
}

const LINE_TOO_LONG = new BanditError('invalid_json', `The line is longer than ${MAX_LINE_BYTES} bytes`)

function parseLine(bytes: Buffer): unknown | BanditError {
  try {
    const text = decodeUtf8(bytes, 'The line')
    return endsAsItBegins(text.trim()) ? parseJson(text, MAX_LINE_BYTES, 'The line') : NO_JSON
  } catch (error) {
    if (error instanceof BanditError) return error
    throw error
  }
}

const NO_JSON = new BanditError('invalid_json', 'The line is not valid JSON: it is cut off, or something else')

/**
 * False for most of what is no JSON: the engine takes 2 µs to say so of each line, and a MB may
 * have half a million.
 */
function endsAsItBegins(text: string): boolean {
  const [first, last] = [text[0] ?? '', text.at(-1) ?? '']
  const end = ENDS[first]
  return end === undefined ? /\d/.test(last) && /[-\d]/.test(first) : end.includes(last) && text.length > 1
}

/** With which character JSON ends that begins with this one; numbers end with a digit. */
const ENDS: Readonly<Record<string, string>> = { '{': '}', '[': ']', '"': '"', t: 'e', f: 'e', n: 'l' }

function summaryOf(results: readonly RewardResult[]) {
  const counts = noCounts()
  for (const { status } of results) counts[status] += 1
  return { ...counts, results }
}

function noCounts(): Record<RewardResult['status'], number> {
  return { recorded: 0, duplicate: 0, unassigned: 0, late: 0, rejected: 0 }
}
