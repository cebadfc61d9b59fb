// What OFREP's clients read of a refusal. They know few statuses and look for members of their own,
// so under /ofrep/ every problem, no matter who found it, has both shapes: RFC 9457's and OFREP's.
import { BanditError, type ErrorCode } from '../../bandit/errors.ts'

export const OFREP_CODES = [
  'PARSE_ERROR',
  'TARGETING_KEY_MISSING',
  'INVALID_CONTEXT',
  'FLAG_NOT_FOUND',
  'GENERAL',
] as const
export type OfrepCode = (typeof OFREP_CODES)[number]

/** What is wrong with the context of an evaluation. */
export class ContextError extends BanditError {
  readonly errorCode: OfrepCode

  constructor(errorCode: 'TARGETING_KEY_MISSING' | 'INVALID_CONTEXT', message: string) {
    super('invalid_request', message)
    this.errorCode = errorCode
  }
}

export interface OfrepProblem {
  readonly status: number
  readonly members: Readonly<Record<string, unknown>>
}

export const FLAGS_PATH = '/ofrep/v1/evaluate/flags'

// In letters of either case, as Express takes them.
const OFREP_ADDRESS = /^\/ofrep\//i
const FLAG_ADDRESS = new RegExp(`^${FLAGS_PATH}/([^?#]*)`, 'i')

/**
 * The status and the further members of a problem under /ofrep/; null elsewhere. `url` as the
 * request has it.
 */
export function ofrepProblem(url: string, error: unknown, status: number, detail: string): OfrepProblem | null {
  if (!OFREP_ADDRESS.test(url)) return null
  const members = { errorCode: errorCodeOf(error), errorDetails: detail, metadata: {} }
  const key = flagKeyIn(url)
  return { status: statusOf(error, status), members: key === null ? members : { key, ...members } }
}

/** The key in the address of a single evaluation; null in any other. */
export function flagKeyIn(url: string): string | null {
  const key = FLAG_ADDRESS.exec(url)?.[1]
  return key === undefined ? null : decoded(key)
}

/** Over any other, 503 among them, the clients fail without reading what it says. */
const STATUSES: readonly number[] = [400, 401, 403, 404, 429, 500]

function statusOf(error: unknown, status: number): number {
  // With its Retry-After it makes clients pause, which is what is wanted.
  if (error instanceof BanditError && error.code === 'overloaded') return 429
  if (STATUSES.includes(status)) return status
  return status >= 500 ? 500 : 400
}

const CODES: Partial<Record<ErrorCode, OfrepCode>> = {
  invalid_json: 'PARSE_ERROR',
  experiment_not_found: 'FLAG_NOT_FOUND',
  not_found: 'FLAG_NOT_FOUND',
}

function errorCodeOf(error: unknown): OfrepCode {
  if (error instanceof ContextError) return error.errorCode
  return (error instanceof BanditError ? CODES[error.code] : undefined) ?? 'GENERAL'
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
