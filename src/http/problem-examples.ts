// A refusal of each code, as it is answered.
import type { ErrorCode, Fault } from '../bandit/errors.ts'
import { titleOf } from './problem.ts'

export function problemExample(code: ErrorCode | 'internal_error', status: number) {
  const { detail, ...faults } = EXAMPLES[code]
  return { type: 'about:blank', title: titleOf(status), status, detail, code, requestId: REQUEST_ID, ...faults }
}

const REQUEST_ID = '6f1c1ae2-7f3e-4f6b-9a54-0d8f3a0e4a51'

const EXAMPLES = {
  invalid_request: {
    detail: 'The request is not valid: unit must not be empty',
    errors: [{ path: 'unit', message: 'must not be empty' }],
  },
  invalid_json: { detail: 'The body is not valid JSON: Unexpected end of JSON input' },
  invalid_context: {
    detail: 'The context is not valid: context.recency must be a finite number',
    errors: [{ path: 'context.recency', message: 'must be a finite number' }],
  },
  invalid_transition: {
    detail: 'Cannot stop experiment "spring-email": it is draft, and only a running or paused one can be stopped',
  },
  experiment_not_found: { detail: 'There is no experiment "spring-email"' },
  experiment_exists: {
    detail: 'There is an experiment "spring-email" already; PUT /experiments/spring-email changes it',
  },
  experiment_frozen: {
    detail: 'Cannot change experiment "spring-email": it is running',
    errors: [
      {
        path: 'alpha',
        message:
          'is frozen at 0.05 since the experiment was started, and cannot become 0.1; stop it and create a new one instead',
      },
    ],
  },
  experiment_changed: {
    detail: 'Experiment "spring-email" was changed by somebody else meanwhile; look at it and try again',
  },
  metric_not_found: { detail: 'Experiment "spring-email" has no metric "sales"; it has visit, spend' },
  arm_not_found: {
    detail: 'Experiment "spring-email" has no arm "kids"',
    errors: [{ path: 'winner', message: 'must be one of its arms: control, mens, womens' }],
  },
  not_found: { detail: 'There is nothing at GET /nothing' },
  method_not_allowed: { detail: 'GET is not allowed for /assign; allowed: POST' },
  not_acceptable: {
    detail: 'A report can be had as application/json, text/plain, text/csv, text/html, image/svg+xml, not as image/png',
  },
  unsupported_media_type: {
    detail: 'Cannot read text/plain: send application/json or application/x-www-form-urlencoded',
  },
  body_too_large: { detail: 'The body must be at most 1048576 bytes; send several smaller ones' },
  headers_too_large: { detail: 'The address and headers are too long' },
  request_timeout: { detail: 'The request did not arrive in time' },
  unauthorized: { detail: 'Send a key as "Authorization: Bearer <key>" or "X-API-Key: <key>"' },
  forbidden: { detail: 'The key "dashboard" lacks the scope admin' },
  rate_limited: { detail: 'The key has used up its rate; ask again in 2 seconds' },
  overloaded: { detail: 'Too many requests are under way; try again shortly' },
  store_unavailable: { detail: 'The store does not answer; try again shortly' },
  internal_error: { detail: 'The error was logged under this requestId' },
} as const satisfies Record<ErrorCode | 'internal_error', { detail: string; errors?: readonly Fault[] }>
