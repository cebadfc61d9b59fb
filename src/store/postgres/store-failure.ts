// What the server says, sorted: a broken rule is ours and passes; a lost race is run again; all
// else is the world's fault.
import { DatabaseError } from 'pg'
import { StoreUnavailableError } from '../../bandit/errors.ts'

/** Somebody else was first, and this transaction must be computed anew. */
export class Race extends Error {
  override readonly name = 'Race'
}

/**
 * The server was asked to break a rule: a value that cannot be (class 22), a constraint (class 23).
 */
function isRuleBroken(error: unknown): boolean {
  return hasCode(error, /^2[23]/)
}

/**
 * Somebody else was first, or two transactions got in each other's way and the server chose one to
 * be undone.
 */
export function isRace(error: unknown): boolean {
  return error instanceof Race || hasCode(error, /^40/)
}

/**
 * This connection will not do it, whatever it is asked: it is lost, or leads to a server that is
 * stopping or may only be read.
 */
export function isConnectionLost(error: unknown): boolean {
  return error instanceof StoreUnavailableError || hasCode(error, /^(08|57P|25006|25P03)/)
}

/**
 * What the client says without the server is that it is not to be reached; what is wrong with our
 * own code passes.
 */
export function asClientError(error: unknown): unknown {
  const isOurs = error instanceof DatabaseError || error instanceof RangeError || error instanceof TypeError
  return isOurs ? error : new StoreUnavailableError(error)
}

/**
 * What the store's callers know: StoreUnavailableError with its cause, unless a rule was broken.
 */
export function asStoreError(error: unknown): unknown {
  return error instanceof DatabaseError && !isRuleBroken(error) ? new StoreUnavailableError(error) : error
}

function hasCode(error: unknown, pattern: RegExp): boolean {
  return error instanceof DatabaseError && pattern.test(error.code ?? '')
}
