// The rate of a key: a number of requests in a second, a minute, an hour or a day.

export interface Rate {
  /** The number granted at once, and the number added for each `windowMs` that passes. */
  readonly count: number
  readonly windowMs: number
}

const WINDOWS_MS = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const satisfies Record<string, number>

const RATE_PATTERN = /^([1-9]\d{0,8})\/([smhd])$/

/** Reads `100/s`, `5000/m`, `100000/h`, `1000000/d`; null when it is none of them. */
export function parseRate(text: string): Rate | null {
  const match = RATE_PATTERN.exec(text)
  if (match === null) return null
  return { count: Number(match[1]), windowMs: WINDOWS_MS[match[2] as keyof typeof WINDOWS_MS] }
}
