// The cells of the validity study: kinds of outcomes, numbers of arms, floors, and worlds that
// move; with equal arms (A/A) and with unequal ones (A/B).
import {
  completeSimulation,
  DAY_MS,
  type SimulatedArmInput,
  type SimulationDesign,
  type SimulationInput,
  simulationFaults,
} from '../../src/simulation/design.ts'
import { steadyWorld, type World } from '../../src/simulation/world.ts'
import { drift, scaledLaws, weeklyTraffic } from './moving-world.ts'

export type Kind = 'binary' | 'gaussian' | 'revenue' | 'heavy tail'

export interface Cell {
  /**
   * Its place among all cells: it decides on the cell's streams of chance, whatever else is run.
   */
  readonly place: number
  /** As `A/A, 2 arms, 5 %, floor 0.1`. */
  readonly name: string
  readonly kind: Kind
  readonly outcome: string
  readonly arms: number
  readonly floor: number
  /** What moves; empty where nothing does. */
  readonly setting: string
  /** All arms alike. */
  readonly isNull: boolean
  /**
   * Whether the true absolute lifts stand still, so that their intervals can be held against them.
   */
  readonly isAbsoluteKnown: boolean
  /** Whether the policy lift's width is held against hindsight. */
  readonly isWidthPromised: boolean
  readonly design: SimulationDesign
  readonly world: World
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

const rate = (value: number): Outcome => ({
  name: `${Number((value * 100).toPrecision(6))} %`,
  kind: 'binary',
  arm: share => ({ rate: value * (1 + 0.2 * share) }),
})

const revenue = (name: string, highest: number): Outcome => ({
  name,
  kind: 'revenue',
  arm: share => ({ rate: 0.05 * (1 + 0.2 * share), mean: 50, sd: 65 }),
  metric: { range: [0, highest] },
})

const GAUSSIAN: Outcome = {
  name: 'Gaussian',
  kind: 'gaussian',
  arm: share => ({ mean: 50 + 0.5 * share, sd: 5 }),
  metric: { range: [0, 100] },
}

const NEGATIVE: Outcome = {
  name: 'negative',
  kind: 'gaussian',
  arm: share => ({ mean: -5 + 2 * share, sd: 20 }),
  metric: { range: [-100, 100] },
}

/**
 * Lognormal amounts of everybody, median 1 and σ = 2.5, of which a thousandth makes up a quarter of
 * the sum.
 */
const HEAVY: Outcome = {
  name: 'lognormal σ 2.5',
  kind: 'heavy tail',
  arm: share => {
    const mean = Math.exp(2.5 ** 2 / 2) * (1 + 0.2 * share)
    return { rate: 1, mean, sd: mean * Math.sqrt(Math.expm1(2.5 ** 2)) }
  },
  metric: { range: [0, 1e6] },
}

const [ONE, FIVE, THIRTY, RARE] = [rate(0.01), rate(0.05), rate(0.3), rate(0.001)]
const REVENUE = revenue('revenue', 500)

/** An outcome and what moves around it. */
interface Setting {
  readonly name: string
  readonly outcome: Outcome
  readonly arms: number
  readonly input?: Omit<Partial<SimulationInput>, 'arms' | 'metric'> & { readonly window?: string }
  readonly goal?: 'increase' | 'decrease'
  /**
   * All rates times a common factor that moves: the relative lifts stand still, the absolute ones
   * do not.
   */
  readonly isDrifting?: boolean
  readonly worldOf?: (design: SimulationDesign) => Partial<World>
}

const swinging = (arms: number, period: number): Setting => ({
  name: `drift ±50 %, period ${period.toLocaleString('en-US')}`,
  outcome: FIVE,
  arms,
  input: { days: Math.max(UNITS, period) / UNITS_PER_DAY },
  isDrifting: true,
  worldOf: design => ({ lawsAt: drift(design, 0.5, period) }),
})

const changing = (name: string, ...active: readonly (readonly [afterUnits: number, active: string])[]): Setting => ({
  name,
  outcome: FIVE,
  arms: Math.max(...active.map(([, arms]) => arms.length)),
  input: { policy: { type: 'thompson', exploration: 0.1, controlShare: null } },
  worldOf: () => ({
    arms: active.map(([afterUnits, arms]) => ({ afterUnits, active: [...arms].map(arm => arm === '1') })),
  }),
})

/** A weekend brings half as many units a day, which buy a third less. */
const WEEK = [1, 1, 1, 1, 1, 0.5, 0.5].map(share => share / 6)
const WEEKLY_UNITS_PER_DAY = 5_000

const weekly: Setting = {
  name: 'weekly traffic',
  outcome: FIVE,
  arms: 2,
  input: { unitsPerDay: WEEKLY_UNITS_PER_DAY, days: UNITS / WEEKLY_UNITS_PER_DAY },
  isDrifting: true,
  worldOf: design => {
    const traffic = weeklyTraffic(WEEKLY_UNITS_PER_DAY, WEEK)
    const weekday = { laws: design.laws, means: design.means }
    const weekend = scaledLaws(design, 2 / 3)
    return {
      traffic,
      lawsAt: units => (Math.floor(traffic.msAt(units) / DAY_MS) % 7 < 5 ? weekday : weekend),
    }
  },
}

const windowed = (window: string, unitsPerDay: number, arms: number): Setting => ({
  name: `window ${window}`,
  outcome: FIVE,
  arms,
  input: { window, unitsPerDay, days: UNITS / unitsPerDay },
})

const addedWithWindow: Setting = {
  ...changing('arm added, window 1d', [0, '11'], [30_000, '111']),
  input: { window: '1d', unitsPerDay: 5_000, days: UNITS / 5_000 },
}

const SETTINGS: readonly Setting[] = [
  ...[2, 3].flatMap(arms => [swinging(arms, 20_000), swinging(arms, 300_000)]),
  windowed('1d', 5_000, 2),
  windowed('7d', 2_500, 2),
  windowed('7d', 2_500, 3),
  changing('arm added', [0, '11'], [20_000, '111']),
  changing('arm retired', [0, '111'], [20_000, '101']),
  changing('arms come and go', [0, '11'], [10_000, '111'], [30_000, '101'], [60_000, '1011']),
  changing('control retired', [0, '111'], [30_000, '011']),
  addedWithWindow,
  { name: 'decrease', outcome: FIVE, arms: 2, goal: 'decrease' },
  weekly,
  { name: '', outcome: NEGATIVE, arms: 2 },
  { name: '', outcome: RARE, arms: 2 },
  { name: '', outcome: RARE, arms: 3 },
  { name: '', outcome: revenue('revenue to 10⁵', 1e5), arms: 2 },
  { name: '', outcome: revenue('revenue to 10⁵', 1e5), arms: 3 },
  { name: '', outcome: HEAVY, arms: 2 },
]

const untilVerdict = (arms: number): Setting => ({
  name: 'exploration until the verdict',
  outcome: FIVE,
  arms,
  input: { policy: { type: 'thompson', exploration: { untilVerdict: 0.5, after: 0.1 } } },
})

/** What was added later, so that the cells before keep their places and with them their chance. */
const LATER_SETTINGS = [untilVerdict(2), untilVerdict(3)]

/**
 * Where the policy lift is held against hindsight: floor 0.1, unequal arms, two and three of them.
 */
const WIDTH_PROMISED = [RARE, ONE, FIVE, THIRTY, REVENUE, revenue('revenue to 10⁵', 1e5)].map(({ name }) => name)

/** Every cell, always in this order. */
export function allCells(): Cell[] {
  const cells = [true, false].flatMap(isNull => {
    const standing = [2, 3, 5].flatMap(arms =>
      [ONE, FIVE, THIRTY, GAUSSIAN, REVENUE].flatMap(outcome =>
        [0.02, 0.1].map(floor => cellOf({ name: '', outcome, arms }, floor, isNull)),
      ),
    )
    return [...standing, ...SETTINGS.map(setting => cellOf(setting, 0.1, isNull))]
  })
  cells.push(...[true, false].flatMap(isNull => LATER_SETTINGS.map(setting => cellOf(setting, 0.1, isNull))))
  return cells.map((cell, place) => ({ ...cell, place }))
}

function cellOf(setting: Setting, floor: number, isNull: boolean): Omit<Cell, 'place'> {
  const { name: moving, outcome, arms, isDrifting = false, worldOf } = setting
  const design = designOf(setting, floor, isNull)
  const parts = [isNull ? 'A/A' : 'A/B', `${arms} arms`, outcome.name, `floor ${floor}`, moving]
  return {
    name: parts.filter(part => part !== '').join(', '),
    kind: outcome.kind,
    outcome: outcome.name,
    arms,
    floor,
    setting: moving,
    isNull,
    isAbsoluteKnown: isNull || !isDrifting,
    isWidthPromised: !isNull && arms <= 3 && floor === 0.1 && moving === '' && WIDTH_PROMISED.includes(outcome.name),
    design,
    world: { ...steadyWorld(design), ...worldOf?.(design) },
  }
}

function designOf({ outcome, arms, input = {}, goal }: Setting, floor: number, isNull: boolean): SimulationDesign {
  const { window, ...more } = input
  const whole: SimulationInput = {
    arms: Array.from({ length: arms }, (_, arm) => ({
      key: arm === 0 ? 'control' : `arm-${arm}`,
      ...outcome.arm(isNull ? 0 : arm / (arms - 1)),
    })),
    metric: { ...outcome.metric, goal, window },
    policy: { type: 'thompson', exploration: floor },
    unitsPerDay: UNITS_PER_DAY,
    days: UNITS / UNITS_PER_DAY,
    ...more,
  }
  const [fault] = simulationFaults(whole)
  if (fault !== undefined) throw new TypeError(`The cell's ${fault.path} ${fault.message}`)
  return completeSimulation(whole)
}
