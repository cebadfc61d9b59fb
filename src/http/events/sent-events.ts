// Events in the shapes that other products send, as rewards. A product sends all that happens, so
// an event that no experiment measures is ignored and no fault; the answer is that of /rewards,
// with the `success` that SDKs look for. Whatever could not be used is named in it, since its
// status is 200 whatever became of single events.
import type { ServerResponse } from 'node:http'
import type { Catalogue } from '../../bandit/catalogue.ts'
import { BanditError, StoreUnavailableError } from '../../bandit/errors.ts'
import type { RewardResult } from '../../bandit/rewards.ts'
import { answerJson } from '../answer.ts'
import type { Context } from '../context.ts'
import type { Caller } from '../middleware/authenticate.ts'
import { sendProblem } from '../problem.ts'
import { recordList } from '../routes/record-events.ts'

/**
 * An event as a reward that is still to be judged; what is wrong with it beyond that; null: no
 * experiment measures it.
 */
export type SentEvent =
  | {
      readonly metric: string
      readonly unit: unknown
      readonly value: unknown
      readonly id: unknown
      readonly at: unknown
    }
  | BanditError
  | null

/** An answer names at most so many events that could not be used. */
export const MAX_ERRORS = 100

/** Records a list of events, or a single one, which is answered 400 when it is rejected. */
export async function answerEvents(
  context: Context,
  response: ServerResponse,
  caller: Caller,
  sent: readonly SentEvent[] | SentEvent,
): Promise<void> {
  const events = Array.isArray(sent) ? (sent as readonly SentEvent[]) : [sent as SentEvent]
  const { results: judged, ...counts } = await recordList(
    context,
    events.filter(event => event !== null),
    caller,
  )
  // Their ids make a retry safe, and SDKs do retry; what they are told is rejected they would drop.
  if (judged.some(result => result.status === 'rejected' && result.code === 'store_unavailable')) {
    throw new StoreUnavailableError(new Error('The store failed within a list of events'))
  }
  const [only] = judged
  if (!Array.isArray(sent) && only?.status === 'rejected') {
    sendProblem(response, new BanditError(only.code, only.message), 400)
    return
  }
  const ignored = events.length - judged.length
  context.metrics.ignored(ignored)
  let next = 0
  const results = events.map(event => (event === null ? IGNORED : (judged[next++] as RewardResult)))
  answerJson(response, { success: true, ...counts, ignored, ...errorsIn(results, counts.rejected), results })
}

const IGNORED = { status: 'ignored' } as const

/**
 * The first rejected events by their position, with the number of the others; nothing where there
 * is none.
 */
function errorsIn(results: readonly (RewardResult | typeof IGNORED)[], rejected: number) {
  if (rejected === 0) return {}
  const errors: { index: number; code: string; message: string }[] = []
  for (const [index, result] of results.entries()) {
    if (errors.length === MAX_ERRORS) break
    if (result.status === 'rejected') errors.push({ index, code: result.code, message: result.message })
  }
  return { errors, moreErrors: rejected - errors.length }
}

/**
 * The metric that an event's name means; null when no experiment has it. Where no key is the name
 * itself, `Order Completed` is `order-completed`: in lower case, with a hyphen for whatever a key
 * cannot have.
 */
export function metricNamed(catalogue: Catalogue, name: string): string | null {
  if (catalogue.withMetric(name) !== undefined) return name
  const key = name
    .toLowerCase()
    .replace(/[^a-z0-9._-]+/g, '-')
    .replace(/^[._-]+|-$/g, '')
  return catalogue.withMetric(key) === undefined ? null : key
}
