// A metric: what is measured of a unit, which direction is good, and for how long after its
// assignment rewards count.
import type { Goal } from '../../stats/goal.ts'
import type { MetricType } from './registry.ts'

export const METRIC_ROLES = ['primary', 'secondary', 'guardrail'] as const

export type MetricRole = (typeof METRIC_ROLES)[number]

export interface Metric {
  readonly key: string
  readonly type: MetricType
  readonly role: MetricRole
  readonly goal: Goal
  /** Outcomes lie in it. */
  readonly range: readonly [number, number]
  /**
   * How long after the unit's assignment a reward counts, as `14d`; null: every later reward
   * counts. See `windowMsOf`.
   */
  readonly window: string | null
  /** Guardrails only: the harm that is tolerated, ≥ 0, in the metric's own unit. */
  readonly margin: number | null
}

const UNIT_MS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const satisfies Record<string, number>

export const WINDOW_PATTERN = /^([1-9]\d{0,8})(ms|s|m|h|d)$/

/** At most ten years: a longer window is a slip of the unit. */
const LONGEST_WINDOW_MS = 3_660 * UNIT_MS.d

/** A metric's attribution window in ms; null: every later reward counts. */
export function windowMsOf(metric: Pick<Metric, 'window'>): number | null {
  if (metric.window === null) return null
  const windowMs = parseWindow(metric.window)
  if (windowMs === null) throw new RangeError(`Cannot read the window "${metric.window}"`)
  return windowMs
}

/** Reads `14d`, `12h`, `30m`, `45s`, `500ms` as milliseconds; null when it is none of them. */
export function parseWindow(text: string): number | null {
  const match = WINDOW_PATTERN.exec(text)
  if (match === null) return null
  const windowMs = Number(match[1]) * UNIT_MS[match[2] as keyof typeof UNIT_MS]
  return windowMs <= LONGEST_WINDOW_MS ? windowMs : null
}

/** The shortest writing of a window: `336h` comes back as `14d`. */
export function formatWindow(windowMs: number): string {
  const units = Object.entries(UNIT_MS).reverse()
  for (const [name, ms] of units) if (windowMs % ms === 0) return `${windowMs / ms}${name}`
  throw new RangeError(`Cannot write a window of ${windowMs} ms: it is not a whole number of milliseconds`)
}
