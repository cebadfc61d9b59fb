// What may change while a simulated experiment runs: the laws of the outcomes, the traffic, the
// arms. In a design nothing does; the validity study has changing worlds.
import type { Definition } from '../bandit/experiment/experiment.ts'
import { DAY_MS, type SimulationDesign } from './design.ts'
import type { OutcomeLaw } from './outcome-law.ts'

export interface World {
  /** The arms' laws after this number of units, by position. */
  readonly lawsAt: (units: number) => { readonly laws: readonly OutcomeLaw[]; readonly means: readonly number[] }
  readonly traffic: Traffic
  /** In the order in which they come; the first holds from the start. At least one. */
  readonly arms: readonly ArmChange[]
}

/** Two functions, each the inverse of the other; both rise, from 0. */
export interface Traffic {
  /** When this number of units has come, in ms from the start. */
  readonly msAt: (units: number) => number
  /** How many have come by then, as a number that need not be whole. */
  readonly unitsAt: (ms: number) => number
}

/** From the unit `afterUnits` on there are these arms, and those with `true` are active. */
export interface ArmChange {
  readonly afterUnits: number
  readonly active: readonly boolean[]
}

/** Nothing changes. */
export function steadyWorld({ laws, means, unitsPerDay }: SimulationDesign): World {
  const steady = { laws, means }
  const msPerUnit = DAY_MS / unitsPerDay
  return {
    lawsAt: () => steady,
    traffic: { msAt: units => units * msPerUnit, unitsAt: ms => ms / msPerUnit },
    arms: [{ afterUnits: 0, active: laws.map(() => true) }],
  }
}

/** The definition after a change of its arms. */
export function definitionAfter({ arms, ...rest }: Definition, { active }: ArmChange): Definition {
  return { ...rest, arms: arms.slice(0, active.length).map((arm, place) => ({ ...arm, retired: !active[place] })) }
}
