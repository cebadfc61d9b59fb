// What may change while a simulated experiment runs: the arms' outcomes, the traffic, the arms
// themselves. A design's world is constant; the validity study changes it, to test whether the
// guarantees hold there too.
import type { Definition } from '../bandit/experiment/experiment.ts'
import { DAY_MS, type SimulationDesign } from './design.ts'
import { meanOutcome, type OutcomeLaw } from './outcome-law.ts'

export interface World {
  /** The arms' laws after this many units, by position. */
  readonly lawsAt: (units: number) => { readonly laws: readonly OutcomeLaw[]; readonly means: readonly number[] }
  readonly traffic: Traffic
  /** In chronological order; the first holds from the start. At least one. */
  readonly arms: readonly ArmChange[]
}

/** Two functions, each the inverse of the other; both increase from 0. */
export interface Traffic {
  /** The time of arrival of this many units, in ms from the start. */
  readonly msAt: (units: number) => number
  /** The number of units that have arrived by then; it need not be whole. */
  readonly unitsAt: (ms: number) => number
}

/**
 * From the unit `afterUnits` on these arms are active. As many as there are entries have been added
 * by then.
 */
export interface ArmChange {
  readonly afterUnits: number
  readonly active: readonly boolean[]
}

/** Nothing moves. */
export function steadyWorld({ laws, means, unitsPerDay }: SimulationDesign): World {
  const steady = { laws, means }
  const msPerUnit = DAY_MS / unitsPerDay
  return {
    lawsAt: () => steady,
    traffic: { msAt: units => units * msPerUnit, unitsAt: ms => ms / msPerUnit },
    arms: [{ afterUnits: 0, active: laws.map(() => true) }],
  }
}

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

/** The definition as it stands after a change of its arms. */
export function definitionAfter({ arms, ...rest }: Definition, { active }: ArmChange): Definition {
  return { ...rest, arms: arms.slice(0, active.length).map((arm, place) => ({ ...arm, retired: !active[place] })) }
}
