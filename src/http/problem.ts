// Every refusal as RFC 9457 problem details, with one table from codes to statuses.
import { randomUUID } from 'node:crypto'
import type { ServerResponse } from 'node:http'
import { BanditError, type ErrorCode, type Fault, StoreUnavailableError } from '../bandit/errors.ts'

interface Problem {
  readonly status: number
  readonly code: ErrorCode | 'store_unavailable' | 'internal_error'
  readonly detail: string
  readonly faults: readonly Fault[]
}

const STATUSES = {
  invalid_request: 400,
  invalid_json: 400,
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
  unsupported_media_type: 415,
} as const satisfies Record<ErrorCode, number>

const TITLES: Readonly<Record<number, string>> = {
  400: 'The request is not valid',
  401: 'A key is needed',
  403: 'The key does not allow this',
  404: 'Not found',
  405: 'The method is not allowed here',
  406: 'The format cannot be given',
  409: 'The request conflicts with what is there',
  413: 'The body is too large',
  415: 'The content type cannot be read',
  500: 'Something went wrong here',
  503: 'The store is unavailable',
}

/** What an error means to the caller. What is not the caller's fault keeps its details to the log. */
export function problemOf(error: unknown): Problem {
  if (error instanceof BanditError) {
    return { status: STATUSES[error.code], code: error.code, detail: error.message, faults: error.faults }
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
 * Answers with the problem, unless an answer is under way already. The requestId finds the error in the log. `status` where the
 * one in the table would mislead: 404 is for what the address names, not for what a body does.
 */
export function sendProblem(
  response: ServerResponse,
  error: unknown,
  status: number = problemOf(error).status,
): { status: number; requestId: string } {
  const { code, detail, faults } = problemOf(error)
  const requestId = randomUUID()
  if (response.headersSent) {
    response.destroy()
    return { status, requestId }
  }
  const body = `${JSON.stringify({
    type: 'about:blank',
    title: TITLES[status] ?? 'Refused',
    status,
    detail,
    code,
    requestId,
    ...(faults.length > 0 && { errors: faults }),
  })}\n`
  if (status === 401) response.setHeader('WWW-Authenticate', 'Bearer')
  if (status === 503) response.setHeader('Retry-After', '1')
  response.writeHead(status, {
    'Content-Type': 'application/problem+json',
    'Content-Length': Buffer.byteLength(body),
    'Cache-Control': 'no-store',
    'X-Request-Id': requestId,
  })
  response.end(body)
  return { status, requestId }
}
