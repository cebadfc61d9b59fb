// Every refusal as RFC 9457 problem details, with one table from codes to statuses.
import { randomUUID } from 'node:crypto'
import { type ServerResponse, STATUS_CODES } from 'node:http'
import type { Duplex } from 'node:stream'
import { BanditError, type ErrorCode, type Fault, StoreUnavailableError } from '../bandit/errors.ts'
import { shortened } from './input/fields.ts'
import { type OfrepProblem, ofrepProblem } from './ofrep/problem.ts'

interface Problem {
  readonly status: number
  readonly code: ErrorCode | 'internal_error'
  readonly detail: string
  readonly faults: readonly Fault[]
  readonly members?: Members
}

/** Members of a problem beside those that every problem has. */
type Members = Readonly<Record<string, unknown>>

/** What is wrong with a context, and how it is understood all the same. */
export class InvalidContextError extends BanditError {
  readonly members: Members

  constructor(message: string, faults: readonly Fault[], members: Members) {
    super('invalid_context', message, faults)
    this.members = members
  }
}

export const PROBLEM_ANSWER = 'application/problem+json'

/** Some faults are told with what was sent, which may be long. */
const MAX_DETAIL = 16_384

/** The status of each code, unless a route says otherwise. */
export const STATUSES = {
  invalid_request: 400,
  invalid_json: 400,
  invalid_context: 400,
  unauthorized: 401,
  forbidden: 403,
  experiment_not_found: 404,
  metric_not_found: 404,
  not_found: 404,
  method_not_allowed: 405,
  not_acceptable: 406,
  arm_not_found: 400,
  experiment_exists: 409,
  experiment_frozen: 409,
  experiment_changed: 409,
  invalid_transition: 409,
  body_too_large: 413,
  headers_too_large: 431,
  rate_limited: 429,
  request_timeout: 408,
  unsupported_media_type: 415,
  store_unavailable: 503,
  overloaded: 503,
} as const satisfies Record<ErrorCode, number>

/** The standard reason of a status. */
export function titleOf(status: number): string {
  return STATUS_CODES[status] ?? 'Error'
}

/**
 * What an error means to the caller. What is not the caller's fault keeps its details to the log.
 */
export function problemOf(error: unknown): Problem {
  if (error instanceof BanditError) {
    const detail = shortened(error.message, MAX_DETAIL)
    const problem = { status: STATUSES[error.code], code: error.code, detail, faults: error.faults }
    return error instanceof InvalidContextError ? { ...problem, members: error.members } : problem
  }
  if (error instanceof StoreUnavailableError) {
    return {
      status: 503,
      code: 'store_unavailable',
      detail: 'The store does not answer; try again shortly',
      faults: [],
    }
  }
  return { status: 500, code: 'internal_error', detail: 'The error was logged under this requestId', faults: [] }
}

/**
 * Answers with the problem, unless an answer is under way already. The requestId finds the error in
 * the log. `usual` where the status in the table would mislead: 404 is for what the address names,
 * not for what a body does. OFREP's clients hear of those statuses only that they know.
 */
export function sendProblem(
  response: ServerResponse,
  error: unknown,
  usual: number = problemOf(error).status,
): { status: number; requestId: string } {
  const problem = problemOf(error)
  const ofrep = ofrepProblem(response.req.url ?? '', error, usual, problem.detail)
  const status = ofrep?.status ?? usual
  const requestId = randomUUID()
  if (response.headersSent) {
    response.destroy()
    return { status, requestId }
  }
  const body = problemBody(problem, status, requestId, ofrep?.members)
  response.writeHead(status, {
    'Content-Type': PROBLEM_ANSWER,
    'Content-Length': Buffer.byteLength(body),
    'Cache-Control': 'no-store',
    'X-Request-Id': requestId,
    ...(status === 401 && { 'WWW-Authenticate': 'Bearer' }),
    ...((status === 503 || problem.code === 'overloaded') && { 'Retry-After': '1' }),
  })
  response.end(body)
  return { status, requestId }
}

/**
 * Those that are or will be refused: what else arrives there fails to parse again, and is not
 * answered again.
 */
const refused = new WeakSet<Duplex>()

/**
 * Node's own refusals, of requests that no handler ever sees: broken HTTP, a head that is too
 * large, a client that hangs. They end the connection, after the answers that are owed to whole
 * requests before.
 */
export function refuseConnection(error: NodeJS.ErrnoException, socket: Duplex): void {
  if (refused.has(socket)) return
  refused.add(socket)
  answerLast(error, socket)
}

function answerLast(error: NodeJS.ErrnoException, socket: Duplex): void {
  const answer = answerUnderWay(socket)
  if (answer?.req.complete) {
    answer.once('close', () => answerLast(error, socket))
    return
  }
  // Words of ours in the middle of an answer would be taken for a part of it.
  if (!socket.writable || error.code === 'ECONNRESET' || answer?.headersSent) {
    socket.destroy()
    return
  }
  const problem = problemOf(connectionError(error.code))
  const body = problemBody(problem, problem.status, randomUUID())
  const head = [
    `HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status]}`,
    `Content-Type: ${PROBLEM_ANSWER}`,
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Connection: close',
  ]
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`)
}

/** Node has no public name for it; its own refusals look at the same field. */
function answerUnderWay(socket: Duplex): ServerResponse | null {
  return (socket as { _httpMessage?: ServerResponse | null })._httpMessage ?? null
}

function connectionError(code: string | undefined): BanditError {
  if (code === 'HPE_HEADER_OVERFLOW')
    return new BanditError('headers_too_large', 'The address and headers are too long')
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT')
    return new BanditError('request_timeout', 'The request did not arrive in time')
  return new BanditError('invalid_request', 'This is no valid HTTP request')
}

function problemBody(
  { code, detail, faults, members: own }: Problem,
  status: number,
  requestId: string,
  members: OfrepProblem['members'] = {},
): string {
  const problem = { type: 'about:blank', title: titleOf(status), status, detail, code, requestId, ...own, ...members }
  return `${JSON.stringify({ ...problem, ...(faults.length > 0 && { errors: faults }) })}\n`
}
