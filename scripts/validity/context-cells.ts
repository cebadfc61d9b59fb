// The contextual cells of the validity study: 16 contexts of four features with main effects, and
// a policy that learns from them.
import { type ContextWorld, contextDefinition } from './context-play.ts'

export interface ContextCell {
  /** It decides on the cell's streams of chance; above the places of all other cells. */
  readonly place: number
  readonly name: string
  readonly isNull: boolean
  readonly outcome: string
  readonly arms: number
  readonly floor: number
  readonly setting: string
  /** Propensities look at contexts as strongly as they can. */
  readonly isStrong: boolean
  readonly world: ContextWorld
}

export const FIRST_CONTEXT_PLACE = 1_000
export const CONTEXT_UNITS = 20_000

interface Design {
  readonly isNull?: boolean
  readonly arms?: number
  readonly floor?: number
  readonly shrinkage?: number | null
  /** Mean rate; null: a continuous metric. */
  readonly rate?: number | null
  readonly isSwinging?: boolean
  readonly segments?: number
  readonly controlShare?: number | null
}

const DESIGNS: readonly Design[] = [
  { shrinkage: null },
  {},
  { isSwinging: true },
  { rate: 0.02 },
  { floor: 0.05 },
  { arms: 2 },
  { rate: null },
  { segments: 2 },
  { segments: 2, floor: 0.05 },
  { isNull: false },
  { isNull: false, shrinkage: null, isSwinging: true },
  { shrinkage: null, isSwinging: true, controlShare: 0.2 },
]

/** Every contextual cell, always in this order. */
export function contextCells(): ContextCell[] {
  return DESIGNS.map((design, number) => cellOf(design, FIRST_CONTEXT_PLACE + number))
}

function cellOf(design: Design, place: number): ContextCell {
  const { isNull = true, arms = 3, floor = 0.1, shrinkage = 1, rate = 0.1 } = design
  const { isSwinging = false, segments = 0, controlShare = null } = design
  const setting = [
    shrinkage === null ? 'κ learned' : `κ = ${shrinkage}`,
    ...(controlShare === null ? [] : [`control share ${controlShare}`]),
    ...(isSwinging ? ['swing ±50 %'] : []),
    ...(segments > 0 ? [`${3 * segments} segments`] : []),
  ].join(', ')
  const outcome = rate === null ? 'Gaussian' : `${100 * rate} %`
  const isContinuous = rate === null
  return {
    place,
    name: `${isNull ? 'A/A' : 'A/B'}, contextual, ${arms} arms, ${outcome}, floor ${floor}, ${setting}`,
    isNull,
    outcome,
    arms,
    floor,
    setting,
    isStrong: shrinkage === 1,
    world: {
      units: CONTEXT_UNITS,
      sd: isContinuous ? 5 : null,
      definition: contextDefinition({
        ...{ arms, features: 4, segments, isContinuous },
        ...{ exploration: floor, controlShare, shrinkage },
      }),
      meanOf: (arm, signs, units) => {
        const swing = isSwinging ? 1 + 0.5 * Math.sin((2 * Math.PI * units) / SWING_PERIOD) : 1
        return swing * (mainEffects(signs, rate) + (isNull ? 0 : liftOf(arm, signs)))
      },
    },
  }
}

const SWING_PERIOD = 10_000

/** Logarithms of what each feature does to the rate: from a quarter of the mean to 2.7 times it. */
const EFFECTS = [0.55, 0.3, 0.2, 0.15]
const MEAN_FACTOR = EFFECTS.reduce((product, effect) => product * Math.cosh(effect), 1)

function mainEffects(signs: readonly number[], rate: number | null): number {
  const sum = EFFECTS.reduce((total, effect, place) => total + effect * (signs[place] as number), 0)
  return rate === null ? 50 + 6 * sum : (rate * Math.exp(sum)) / MEAN_FACTOR
}

/** Of A/B: a quarter more or less by the second feature. */
const LIFTS = [0, 0.025, -0.016]

function liftOf(arm: number, signs: readonly number[]): number {
  return (LIFTS[arm] as number) * (1 + 0.25 * (signs[1] as number))
}
