/** What a kill is aimed at, and how many of a hundred are. */
export const MOMENTS = {
  'under load': 50,
  /** It is killed once, started again, and killed again. */
  'while it started': 12,
  /** Two processes make the schema of a new database. */
  'while it migrated': 8,
  'around a change': 18,
  'around a refresh': 12,
} as const
export type Moments = Readonly<Record<keyof typeof MOMENTS, number>>

/** Where another server takes over, there is none to be killed while it starts. */
export const FAILOVER_MOMENTS: Moments = { ...MOMENTS, 'under load': 62, 'while it started': 0 }
