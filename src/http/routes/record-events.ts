// Records lists and streams of events in slices, and summarises what became of each.
import { setImmediate } from 'node:timers/promises'
import { BanditError, StoreUnavailableError } from '../../bandit/errors.ts'
import { type RewardResult, recordRewards } from '../../bandit/rewards.ts'
import type { Context } from '../context.ts'
import { RejectionMessages } from '../events/rejection-messages.ts'
import { refuse } from '../input/fields.ts'
import { type RewardBody, rewardFaults, rewardOf } from '../input/reward-body.ts'
import type { Caller } from '../middleware/authenticate.ts'
import { decodeUtf8, NDJSON_TYPE, parseJson } from '../middleware/body.ts'
import { linesOf } from '../middleware/lines.ts'
import { spendMore, spendSlowly } from '../middleware/rate-limit.ts'

/** So many events share a transaction, and a turn of the event loop; more would hold others up. */
const SLICE = 500

/** A list is answered event by event, so it has an end. A stream needs none. */
export const MAX_LIST_EVENTS = 100_000

/** A longer stream is answered with its counts and its rejected lines only. */
export const MAX_RESULTS = 10_000

const MAX_LINE_BYTES = 64 * 1024

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

/** Records a stream of lines, each an event, with a summary. */
export async function recordStream(context: Context, stream: AsyncIterable<Buffer>, caller: Caller) {
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
  for await (const lines of linesOf(stream, MAX_LINE_BYTES)) {
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

export function summaryOf(results: readonly RewardResult[]) {
  const counts = noCounts()
  for (const { status } of results) counts[status] += 1
  return { ...counts, results }
}

export function noCounts(): Record<RewardResult['status'], number> {
  return { recorded: 0, duplicate: 0, unassigned: 0, late: 0, rejected: 0 }
}
