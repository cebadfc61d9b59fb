// Ends a response by hand: express' own res.json costs as much as the rest of a hot request.
import type { OutgoingHttpHeaders, ServerResponse } from 'node:http'
import { giveWay } from '../bandit/give-way.ts'

export const JSON_ANSWER = 'application/json; charset=utf-8'

export function answerJson(response: ServerResponse, body: unknown, status = 200): void {
  // The line end keeps a terminal's prompt off the answer.
  answerText(response, `${JSON.stringify(body)}\n`, JSON_ANSWER, status)
}

export function answerText(response: ServerResponse, text: string, type: string, status = 200): void {
  const bytes = Buffer.byteLength(text)
  response.writeHead(status, { 'Content-Type': type, 'Content-Length': bytes, 'Cache-Control': 'no-store' })
  // A byte a character: then it goes out as it is, and nobody has to look at each.
  response.end(text, bytes === text.length ? 'latin1' : 'utf8')
}

/**
 * Bytes that all answers share: they go to the network as they are, no matter who is slow to take
 * them.
 */
export function answerBytes(response: ServerResponse, bytes: Buffer, headers: OutgoingHttpHeaders): void {
  response.writeHead(200, { 'Content-Length': bytes.length, ...headers })
  response.end(bytes)
}

/**
 * JSON that comes in parts, at the pace at which the client takes them, until it leaves. The head
 * waits for the first part, or its error.
 */
export async function answerInParts(response: ServerResponse, parts: AsyncIterable<string>): Promise<void> {
  if (response.destroyed) return
  for await (const part of parts) {
    if (response.destroyed) return
    if (!response.headersSent) response.writeHead(200, { 'Content-Type': JSON_ANSWER, 'Cache-Control': 'no-store' })
    if (!response.write(part)) await roomIn(response)
  }
  response.end()
}

/** Resolves when the response takes more, or when its client has left, be it long ago. */
export async function roomIn(response: ServerResponse): Promise<void> {
  // `close` is emitted once: anyone who begins to listen afterwards waits for ever.
  if (response.destroyed || !response.writableNeedDrain) return
  await new Promise<void>(resolve => {
    const go = () => {
      response.off('drain', go).off('close', go)
      resolve()
    }
    response.on('drain', go).on('close', go)
  })
}

/**
 * The parameter of Content-Disposition that says what to call the file. What needs quoting in it
 * becomes `_`.
 */
export function fileName(name: string): string {
  return `filename="${name.replace(/[^\w.-]/g, '_')}"`
}

/**
 * An object with a list as its last field: whole, or `perPart` items at a time, each part in a turn
 * of the event loop of its own.
 */
export async function answerList(
  response: ServerResponse,
  fields: Readonly<Record<string, unknown>>,
  [name, items]: readonly [name: string, items: readonly (() => unknown)[]],
  perPart: number,
): Promise<void> {
  if (items.length <= perPart) answerJson(response, { ...fields, [name]: items.map(item => item()) })
  else await answerInParts(response, listParts(fields, name, items, perPart))
}

async function* listParts(
  fields: Readonly<Record<string, unknown>>,
  name: string,
  items: readonly (() => unknown)[],
  perPart: number,
): AsyncGenerator<string> {
  const head = Object.entries(fields).map(([field, value]) => `${JSON.stringify(field)}:${JSON.stringify(value)},`)
  yield `{${head.join('')}${JSON.stringify(name)}:[`
  for (let from = 0; from < items.length; from += perPart) {
    await giveWay()
    const part = items.slice(from, from + perPart).map(item => JSON.stringify(item()))
    yield `${from === 0 ? '' : ','}${part.join(',')}`
  }
  // The line end keeps a terminal's prompt off the answer.
  yield ']}\n'
}

/** An instant on the wire: RFC 3339 in UTC. */
export function timestamp(at: number): string
export function timestamp(at: number | null): string | null
export function timestamp(at: number | null): string | null {
  if (at === null) return null
  if (at !== latest.at) latest = { at, text: new Date(at).toISOString() }
  return latest.text
}

/** Whatever is assigned in one millisecond is told with one text. */
let latest = { at: 0, text: new Date(0).toISOString() }
