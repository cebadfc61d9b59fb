// Reads request bodies: JSON and forms, whole and within a limit. What cannot be read is refused
// with the reason.
import type { IncomingMessage } from 'node:http'
import type { KeyKind } from '../../access/key.ts'
import { BanditError } from '../../bandit/errors.ts'
import { type Encoding, encodingOf, inflate } from './inflate.ts'
import { refuseLargeJson } from './json-bounds.ts'

export const BODY_LIMIT = 1024 * 1024
export const BATCH_LIMIT = 16 * 1024 * 1024

/** What a page sends compressed is smaller; everybody who looks at the page has its key. */
const PUBLISHABLE_UNPACKED_LIMIT = 256 * 1024

/**
 * Items of lists and fields of objects, all together, in a body of up to `BODY_LIMIT`, and in a
 * longer one.
 */
const MAX_VALUES = 100_000
const MAX_BATCH_VALUES = 1_000_000

/** A form has no more fields; that of the page with 200 arms and 20 metrics has some 770. */
const MAX_FORM_FIELDS = 5_000

/** A body that is read whole has so long to arrive; anyone who needs longer streams. */
const BODY_TIMEOUT_MS = 30_000

export const JSON_TYPE = 'application/json'
export const FORM_TYPE = 'application/x-www-form-urlencoded'
/** What navigator.sendBeacon calls a string, whatever is in it. */
export const TEXT_TYPE = 'text/plain'
export const NDJSON_TYPE = 'application/x-ndjson'

/** What the head of a request says of its body. */
export interface BodyHead {
  /** The media type, in lower case and without parameters; JSON where none is named. */
  readonly type: string
  readonly encoding: Encoding | null
}

/** @throws BanditError `unsupported_media_type` for an encoding or a charset that cannot be read */
export function bodyHeadOf(request: IncomingMessage): BodyHead {
  const encoding = encodingOf(request)
  const named = request.headers['content-type'] ?? JSON_TYPE
  if (named === JSON_TYPE) return { type: named, encoding }
  const [type = '', ...parameters] = named.toLowerCase().split(';')
  const charset = parameters.map(parameter => parameter.trim()).find(parameter => parameter.startsWith('charset='))
  if (charset !== undefined && !/^charset="?utf-?8"?$/.test(charset)) {
    throw new BanditError('unsupported_media_type', `Cannot read ${charset}: send UTF-8`)
  }
  return { type: type.trim(), encoding }
}

interface Reading {
  /** The most bytes, as they were sent and once they are unpacked. */
  readonly limit?: number
  /** The media types that are read; `any`: whatever it is named, it is JSON. */
  readonly types?: readonly string[] | 'any'
  /** Of the caller's key: a `pk` key may unpack into `PUBLISHABLE_UNPACKED_LIMIT` only. */
  readonly kind?: KeyKind
  readonly head?: BodyHead
}

/**
 * A JSON body, or a form as an object of strings; `undefined` for an empty body. All types but the
 * form are read as JSON, and so is a form that begins as JSON does: curl names whatever it sends a
 * form, unless another type is given.
 */
export async function readValue(
  request: IncomingMessage,
  { limit = BODY_LIMIT, types = DEFAULT_TYPES, kind = 'sk', head = bodyHeadOf(request) }: Reading = {},
): Promise<{ value: unknown; isForm: boolean }> {
  const { type, encoding } = head
  if (types !== 'any' && !types.includes(type)) {
    throw new BanditError(
      'unsupported_media_type',
      `Cannot read ${type || 'this content type'}: send ${types.join(' or ')}`,
    )
  }
  let bytes = await readBytes(request, limit)
  if (encoding !== null) {
    const unpackedLimit = kind === 'pk' ? Math.min(limit, PUBLISHABLE_UNPACKED_LIMIT) : limit
    bytes = await inflate(encoding, bytes, unpackedLimit, () => request.socket.destroyed)
  }
  const text = decodeUtf8(bytes)
  if (text === '') return { value: undefined, isForm: false }
  const isForm = type === FORM_TYPE && types !== 'any' && !JSON_BEGINNING.test(text)
  const maxValues = limit > BODY_LIMIT ? MAX_BATCH_VALUES : MAX_VALUES
  return { value: isForm ? parseForm(text) : parseJson(text, maxValues), isForm }
}

const DEFAULT_TYPES: readonly string[] = [JSON_TYPE, FORM_TYPE]
const JSON_BEGINNING = /^\s*[{[]/

/**
 * A body of any length as it comes. Who leaves early leaves the connection whole: the rest goes by
 * unread.
 *
 * @throws BanditError `invalid_request` when it is cut off, `unsupported_media_type` when it is
 * compressed
 */
export async function* chunksOf(
  request: IncomingMessage,
  { encoding }: BodyHead = bodyHeadOf(request),
): AsyncGenerator<Buffer> {
  if (encoding !== null) {
    throw new BanditError('unsupported_media_type', 'Cannot read a compressed stream: send the lines as they are')
  }
  try {
    yield* request.iterator({ destroyOnReturn: false })
  } catch {
    throw new BanditError('invalid_request', 'The body was cut off')
  } finally {
    request.resume()
  }
}

/**
 * `what` it is that is parsed, for its refusal.
 *
 * @throws BanditError `invalid_json`, with the place where the engine stumbled; see also
 * `refuseLargeJson`
 */
export function parseJson(text: string, maxValues = MAX_VALUES, what = 'The body'): unknown {
  refuseLargeJson(text, maxValues, what)
  const { stackTraceLimit } = Error
  try {
    // To find out where the error was thrown, which nobody asks, takes longer than to parse a short
    // text.
    Error.stackTraceLimit = 0
    return JSON.parse(text)
  } catch (error) {
    const hint = LINES.test(text) ? `; lines of JSON go to /rewards, as ${NDJSON_TYPE}` : ''
    throw new BanditError('invalid_json', `${what} is not valid JSON: ${(error as Error).message}${hint}`)
  } finally {
    Error.stackTraceLimit = stackTraceLimit
  }
}

/** One object, and another one on the next line. */
const LINES = /^\s*\{[^\n]*\}[^\S\n]*\n\s*\{/

const UTF8 = new TextDecoder('utf-8', { fatal: true })

/** @throws BanditError `invalid_json` */
export function decodeUtf8(bytes: Uint8Array, what = 'The body'): string {
  try {
    return UTF8.decode(bytes)
  } catch {
    throw new BanditError('invalid_json', `${what} is not valid UTF-8`)
  }
}

// By events: leaving a `for await` early would destroy the socket before the refusal is on its way.
function readBytes(request: IncomingMessage, limit: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let size = 0
    const refuse = (error: BanditError) => {
      clearTimeout(deadline)
      request.off('data', collect).resume()
      reject(error)
    }
    const collect = (chunk: Buffer) => {
      size += chunk.length
      if (size > limit) return refuse(tooLarge(limit))
      chunks.push(chunk)
    }
    const deadline = setTimeout(() => refuse(tooSlow()), BODY_TIMEOUT_MS)
    if (Number(request.headers['content-length'] ?? 0) > limit) return refuse(tooLarge(limit))
    request.on('data', collect)
    request.on('end', () => {
      clearTimeout(deadline)
      resolve(chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks))
    })
    request.on('error', () => refuse(new BanditError('invalid_request', 'The body was cut off')))
  })
}

function tooLarge(limit: number): BanditError {
  return new BanditError('body_too_large', `The body must be at most ${limit} bytes; send several smaller ones`)
}

function tooSlow(): BanditError {
  return new BanditError('request_timeout', `The body did not arrive within ${BODY_TIMEOUT_MS / 1_000} seconds`)
}

function parseForm(text: string): unknown {
  const pairs = text.split('&', MAX_FORM_FIELDS + 1)
  if (pairs.length > MAX_FORM_FIELDS) {
    throw new BanditError('body_too_large', `The form has more than ${MAX_FORM_FIELDS} fields`)
  }
  const fields = new Map<string, string>()
  for (const pair of pairs) {
    if (pair === '') continue
    const separator = pair.indexOf('=')
    const name = decodePart(separator === -1 ? pair : pair.slice(0, separator))
    if (fields.has(name))
      throw new BanditError('invalid_request', `The form has the field "${name.slice(0, 80)}" twice`)
    fields.set(name, separator === -1 ? '' : decodePart(pair.slice(separator + 1)))
  }
  return Object.fromEntries(fields)
}

// URLSearchParams would turn bytes that are no UTF-8 into U+FFFD, and two units into one.
function decodePart(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch {
    throw new BanditError(
      'invalid_request',
      `The form has a part that is no percent-encoded UTF-8: ${text.slice(0, 80)}`,
    )
  }
}
