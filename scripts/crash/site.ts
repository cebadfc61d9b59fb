// Where the database of a crash test is, what is killed there and when, and how it comes back.

export type Victim = 'service' | 'database'

/** What a kill is aimed at. */
export type Moment =
  /** At any time. */
  | 'under load'
  /** It is killed, started again, and killed again while it starts. */
  | 'while it started'
  /** Of a new database: it has its schema whole, or not at all. */
  | 'while it migrated'
  | 'around a change'
  | 'around a refresh'
  /** Of the service, or of the backup. */
  | 'around a backup'

/** How many of a hundred kills are aimed at each. */
export type Moments = Readonly<Partial<Record<Moment, number>>>

export interface Site {
  /** What is killed, in turn. */
  readonly victims: readonly Victim[]
  readonly moments: Moments
  /** A kill comes within so long of a change, of a refresh, and of a schema's beginning, ms. */
  readonly aim: Readonly<Record<'change' | 'refresh' | 'migration', number>>
  /** Processes of the service. */
  readonly replicas: number
  /** For so long after a change another process may still give an arm that it has retired. */
  readonly graceMs: number
  /** For services, and for anyone who looks. */
  urlOf(database: string): string
  create(database: string): Promise<void>
  drop(database: string): Promise<void>
  /** Whether somebody has begun to use the database. */
  isInUse(database: string): Promise<boolean>
  /** Ends every connection of the services. */
  cut?(): Promise<void>
  /** SIGKILL, to the server that serves and to everything that it started. */
  kill(): Promise<void>
  /** Resolves when the database can be written again. Rejects if it is killed meanwhile. */
  recover(): Promise<void>
  /** Ends everything. */
  stop(): Promise<void>
}
