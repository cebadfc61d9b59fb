/**
 * The database cannot be opened, or does not fit this code; the message says what to do about it.
 */
export class DatabaseError extends Error {
  override readonly name = 'DatabaseError'

  /** From whatever an engine said when the database was opened. */
  static from(database: string, cause: unknown): DatabaseError {
    if (cause instanceof DatabaseError) return cause
    // Of a name with several addresses, each with its own error, Node says nothing but a code.
    const { message, code } = cause as NodeJS.ErrnoException
    const told = message || code || 'it does not answer'
    return new DatabaseError(`Cannot open the database ${database}: ${told}`, { cause })
  }
}
