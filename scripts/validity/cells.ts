// The designs of the validity study: every kind of outcome, number of arms and floor, with equal arms (A/A) and with
// unequal ones (A/B).
import {
  completeSimulation,
  type SimulatedArmInput,
  type SimulationDesign,
  type SimulationInput,
  simulationFaults,
} from '../../src/simulation/design.ts'

export type Kind = 'binary' | 'gaussian' | 'revenue'

export interface Cell {
  /** Its place among all cells: it decides on the cell's streams of chance, whatever else is run. */
  readonly place: number
  /** As `A/A 2 arms 5 % floor 0.1`. */
  readonly name: string
  readonly kind: Kind
  readonly outcome: string
  readonly arms: number
  readonly floor: number
  /** All arms alike. */
  readonly isNull: boolean
  readonly design: SimulationDesign
}

/** Ten units a second: a refresh every second at first, then one for every two per cent. */
const UNITS_PER_DAY = 864_000
export const UNITS = 100_000

interface Outcome {
  readonly name: string
  readonly kind: Kind
  /** An arm whose effect is that share of the best one's. */
  readonly arm: (share: number) => Omit<SimulatedArmInput, 'key'>
  readonly metric?: SimulationInput['metric']
}

const OUTCOMES: readonly Outcome[] = [
  ...[0.01, 0.05, 0.3].map(rate => ({
    name: `${rate * 100} %`,
    kind: 'binary' as const,
    arm: (share: number) => ({ rate: rate * (1 + 0.2 * share) }),
  })),
  {
    name: 'Gaussian',
    kind: 'gaussian',
    arm: share => ({ mean: 50 + 0.5 * share, sd: 5 }),
    metric: { range: [0, 100] },
  },
  {
    name: 'revenue',
    kind: 'revenue',
    arm: share => ({ rate: 0.05 * (1 + 0.2 * share), mean: 50, sd: 65 }),
    metric: { range: [0, 500] },
  },
]

/** Every cell, always in this order. */
export function allCells(): Cell[] {
  const cells: Omit<Cell, 'place'>[] = []
  for (const isNull of [true, false]) {
    for (const arms of [2, 3, 5]) {
      for (const outcome of OUTCOMES) {
        for (const floor of [0.02, 0.1]) {
          const test = isNull ? 'A/A' : 'A/B'
          const name = `${test}, ${arms} arms, ${outcome.name}, floor ${floor}`
          const design = designOf(outcome, arms, floor, isNull)
          cells.push({ name, kind: outcome.kind, outcome: outcome.name, arms, floor, isNull, design })
        }
      }
    }
  }
  return cells.map((cell, place) => ({ ...cell, place }))
}

function designOf(outcome: Outcome, arms: number, floor: number, isNull: boolean): SimulationDesign {
  const input: SimulationInput = {
    arms: Array.from({ length: arms }, (_, arm) => ({
      key: arm === 0 ? 'control' : `arm-${arm}`,
      ...outcome.arm(isNull ? 0 : arm / (arms - 1)),
    })),
    metric: outcome.metric,
    policy: { type: 'thompson', exploration: floor },
    unitsPerDay: UNITS_PER_DAY,
    days: UNITS / UNITS_PER_DAY,
  }
  const [fault] = simulationFaults(input)
  if (fault !== undefined) throw new TypeError(`The cell's ${fault.path} ${fault.message}`)
  return completeSimulation(input)
}
