// Events in the shapes that other products send, as rewards. A product sends all that happens, so an event that no experiment measures
// is ignored and no fault; the answer is that of /rewards, with the `success` that SDKs look for.
import type { ServerResponse } from 'node:http'
import type { Catalogue } from '../bandit/catalogue.ts'
import { BanditError, StoreUnavailableError } from '../bandit/errors.ts'
import { answerJson } from './answer.ts'
import type { Caller } from './authenticate.ts'
import type { Context } from './context.ts'
import { sendProblem } from './problem.ts'
import { recordList } from './rewards.ts'

/** An event as a reward that is still to be judged; what is wrong with it beyond that; null: no experiment measures it. */
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
  let next = 0
  const results = events.map(event => (event === null ? { status: 'ignored' } : judged[next++]))
  answerJson(response, { success: true, ...counts, ignored: events.length - judged.length, results })
}

/**
 * The metric that an event's name means; null when no experiment has it. Where no key is the name itself, `Order Completed` is
 * `order-completed`: in lower case, with a hyphen for whatever a key cannot have.
 */
export function metricNamed(catalogue: Catalogue, name: unknown): string | null {
  if (typeof name !== 'string') return null
  if (catalogue.withMetric(name) !== undefined) return name
  const key = name
    .toLowerCase()
    .replace(/[^a-z0-9._-]+/g, '-')
    .replace(/^[._-]+|-$/g, '')
  return catalogue.withMetric(key) === undefined ? null : key
}
