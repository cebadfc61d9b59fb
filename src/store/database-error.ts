/**
 * The database cannot be opened, or does not fit this code; the message says what to do about it.
 */
export class DatabaseError extends Error {
  override readonly name = 'DatabaseError'
}
