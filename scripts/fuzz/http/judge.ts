// What any answer must be, whatever was asked: never the service's own fault, and a refusal as the
// interface promises it.
import type { ErrorCode } from '../../../src/bandit/errors.ts'
import type { Outcome } from '../../http/line.ts'
import type { RawAnswer } from '../../http/raw-answer.ts'
import { type HostileRequest, isLoose } from './hostile-requests.ts'

/**
 * The statuses that may come with each code. Those of the service's own faults are not among them.
 */
const STATUSES = {
  invalid_request: [400, 417],
  invalid_json: [400],
  invalid_context: [400],
  unauthorized: [401],
  forbidden: [403],
  experiment_not_found: [400, 404],
  metric_not_found: [400, 404],
  not_found: [404],
  method_not_allowed: [405],
  not_acceptable: [406],
  arm_not_found: [400],
  experiment_exists: [409],
  experiment_frozen: [409],
  experiment_changed: [409],
  invalid_transition: [409],
  body_too_large: [413],
  headers_too_large: [431],
  request_timeout: [408],
  unsupported_media_type: [415],
  rate_limited: [],
  store_unavailable: [],
  overloaded: [],
} as const satisfies Record<ErrorCode, readonly number[]>

/** What is wrong with what became of a request, or null. */
export function faultOf(request: HostileRequest, outcome: Outcome): string | null {
  if (outcome.kind === 'silent') return `no whole answer within ${Math.round(outcome.ms)} ms`
  // Who goes away, or asks for a tunnel, need not be answered.
  if (outcome.kind === 'closed') return isLoose(request) ? null : 'the connection was closed without an answer'
  const { answer } = outcome
  const fault = answer.status >= 400 ? problemFault(request, answer) : successFault(request, answer)
  return fault && `${answer.status} ${fault}: ${answer.body.toString('utf8', 0, 600)}`
}

/**
 * Those that OFREP's clients know, whatever the code, and the one of Node for a head that nobody
 * has read.
 */
const OFREP_STATUSES: readonly number[] = [400, 401, 403, 404, 431]

/** In whatever form the address comes. */
const OFREP_TARGET = /^(https?:\/\/[^/?#]*)?\/+ofrep\//i

function problemFault({ method, target }: HostileRequest, answer: RawAnswer): string | null {
  const { status, body } = answer
  if (status >= 500) return 'is the service’s own fault'
  const contentType = answer.field('content-type')
  if (contentType !== 'application/problem+json') return `comes as ${contentType}`
  if (method === 'HEAD') return null
  const problem = parsed(body)
  if (typeof problem !== 'object' || problem === null) return 'has no problem in it'
  const { code, status: told, type, title, detail, requestId } = problem as Record<string, unknown>
  if (typeof code !== 'string' || !Object.hasOwn(STATUSES, code)) return `has the unknown code ${code}`
  const possible = OFREP_TARGET.test(target) ? OFREP_STATUSES : STATUSES[code as ErrorCode]
  if (!(possible as readonly number[]).includes(status)) return `does not go with ${code}`
  if (told !== status) return `tells the status ${told}`
  const texts = [type, title, detail, requestId]
  if (!texts.every(text => typeof text === 'string' && text !== '')) return 'lacks a text'
  return /node_modules|node:internal|\.ts:\d|SqliteError/.test(String(detail)) ? 'tells of the inside' : null
}

function successFault({ method }: HostileRequest, answer: RawAnswer): string | null {
  const { status, body, isWhole } = answer
  if (status < 200 || status >= 300) return 'is no answer that is promised anywhere'
  if (method === 'HEAD' || !isWhole) return null
  const type = answer.field('content-type') ?? ''
  if (type.startsWith('application/json')) return parsed(body) === undefined ? 'is not JSON' : null
  if (type !== 'application/x-ndjson') return null
  const lines = body.toString('utf8').trimEnd().split('\n')
  return lines.every(line => line === '' || parsed(Buffer.from(line)) !== undefined)
    ? null
    : 'has a line that is not JSON'
}

/** Undefined where it is not JSON in UTF-8. */
function parsed(body: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body))
  } catch {
    return undefined
  }
}
