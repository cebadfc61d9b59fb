// What can be wrong with a request, as a closed list. The door (http/problem.ts) gives each code
// its status; nothing else does.

/**
 * The codes are part of the interface: clients branch on them, so a code never changes its meaning.
 */
export type ErrorCode =
  | 'invalid_request'
  | 'invalid_json'
  | 'invalid_context'
  | 'invalid_transition'
  | 'experiment_not_found'
  | 'experiment_exists'
  | 'experiment_frozen'
  | 'experiment_changed'
  | 'metric_not_found'
  | 'arm_not_found'
  | 'not_found'
  | 'method_not_allowed'
  | 'not_acceptable'
  | 'unsupported_media_type'
  | 'body_too_large'
  | 'headers_too_large'
  | 'request_timeout'
  | 'unauthorized'
  | 'forbidden'
  | 'rate_limited'
  | 'store_unavailable'
  | 'overloaded'

/** One thing that is wrong: where (a path like `arms[2].key`), and what would be right. */
export interface Fault {
  readonly path: string
  readonly message: string
}

/** A fault of the caller's, told in full: every fault at once, each with how to mend it. */
export class BanditError extends Error {
  override readonly name = 'BanditError'
  readonly code: ErrorCode
  readonly faults: readonly Fault[]

  constructor(code: ErrorCode, message: string, faults: readonly Fault[] = []) {
    // Where it was thrown says nothing of the caller's fault, and to find that out takes longer
    // than all else about a refusal.
    const { stackTraceLimit } = Error
    Error.stackTraceLimit = 0
    super(message)
    Error.stackTraceLimit = stackTraceLimit
    this.code = code
    this.faults = faults
  }
}

/**
 * The store cannot be reached or cannot write: nobody's fault who asked. `cause` is the engine's
 * own error.
 */
export class StoreUnavailableError extends Error {
  override readonly name = 'StoreUnavailableError'

  constructor(cause: unknown) {
    super('The store is unavailable', { cause })
  }
}
