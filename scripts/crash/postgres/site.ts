// Where the database of a crash test is, and how it is lost and comes back.

export interface Site {
  /** For services, and for anyone who looks. */
  urlOf(database: string): string
  /** Says something, in a session of the server's own administrator. */
  query<Row>(database: string, sql: string): Promise<Row[]>
  /** SIGKILL, to the server that serves and to everything that it started. */
  kill(): Promise<void>
  /** Resolves when the database can be written again. Rejects if it is killed meanwhile. */
  recover(): Promise<void>
  /** Ends everything. */
  stop(): Promise<void>
}
