// Times as requests tell them: RFC 3339 with a zone, in letters of either case.
import { z } from 'zod'

const TIME = z.iso.datetime({ offset: true })
const TIME_WITHOUT_ZONE = z.iso.datetime({ local: true })

/** Ms since 1970, finer digits dropped, of a time without an `instantFault`. */
export function instantOf(time: string): number {
  return Date.parse(time.toUpperCase())
}

/** What is wrong with a time, or null; the message leaves the name to the path before it. */
export function instantFault(value: unknown): string | null {
  const text = typeof value === 'string' ? value.toUpperCase() : null
  if (TIME.safeParse(text).success) return null
  const lacksZone = TIME_WITHOUT_ZONE.safeParse(text).success
  return `${lacksZone ? 'has no time zone; write' : 'must be a time like'} 2026-11-22T10:05:00Z`
}
