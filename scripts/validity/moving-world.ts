// Worlds that change while an experiment runs: rates that drift, and traffic with a weekly pattern.
import { DAY_MS, type SimulationDesign } from '../../src/simulation/design.ts'
import { meanOutcome } from '../../src/simulation/outcome-law.ts'
import type { Traffic, World } from '../../src/simulation/world.ts'

/** Rates and means of all arms times a common factor. */
export function scaledLaws({ laws, metric }: SimulationDesign, factor: number): ReturnType<World['lawsAt']> {
  const scaled = laws.map(law =>
    law.kind === 'normal' ? { ...law, mean: law.mean * factor } : { ...law, rate: law.rate * factor },
  )
  return { laws: scaled, means: scaled.map(law => meanOutcome(law, metric.range)) }
}

/**
 * Rates and means of all arms rise and fall together: `1 + swing · sin(2π units/period)` times what
 * was designed.
 */
export function drift(design: SimulationDesign, swing: number, period: number): World['lawsAt'] {
  return units => scaledLaws(design, 1 + swing * Math.sin((2 * Math.PI * units) / period))
}

/**
 * Each day of the week brings its share of the units; it begins with the first. Shares are above 0
 * and sum to 1.
 */
export function weeklyTraffic(unitsPerDay: number, shares: readonly number[]): Traffic {
  const days = shares.length
  const unitsPerWeek = unitsPerDay * days
  const before = shares.map((_, day) => unitsPerWeek * shares.slice(0, day).reduce((sum, share) => sum + share, 0))
  return {
    msAt: units => {
      const week = Math.floor(units / unitsPerWeek)
      const rest = units - week * unitsPerWeek
      const day = before.findLastIndex(start => start <= rest)
      const dayShare = (rest - (before[day] as number)) / (unitsPerWeek * (shares[day] as number))
      return (week * days + day + dayShare) * DAY_MS
    },
    unitsAt: ms => {
      const dayNumber = Math.floor(ms / DAY_MS)
      const [week, day] = [Math.floor(dayNumber / days), dayNumber % days]
      const dayShare = ms / DAY_MS - dayNumber
      return week * unitsPerWeek + (before[day] as number) + dayShare * unitsPerWeek * (shares[day] as number)
    },
  }
}
