// The arbitraries of a life: two experiments that share their metrics, and what happens to them in
// any order. Everything is a plain value that points at things by number, so that a life can be
// shrunk by leaving out whatever is not needed.
import fc from 'fast-check'
import { type DefinitionInput, definitionFaults } from '../../../src/bandit/experiment/definition-input.ts'
import type { Exploration } from '../../../src/bandit/policies/policy.ts'
import type { PolicyInput } from '../../../src/bandit/policies/policy-input.ts'
import { weighted } from '../arbitraries.ts'

/** The experiments of a history, by their places. */
export const EXPERIMENTS = ['spring-email', 'autumn-email'] as const

/** Few, so that they meet again and again; the last ones are as odd as units may be. */
export const UNITS = ['u-1', 'u-2', 'u-3', 'u-4', 'u-5', 'u-6', 'u-7', 'u-8', '__proto__', "Ü ''; --", '😀'.repeat(256)]

export const METRICS = ['visit', 'spend', 'unsubscribe'] as const

export interface PlannedEvent {
  readonly unit: number
  readonly metric: number
  readonly value: number
  /** Null: the event has none. */
  readonly id: number | null
  /** After the clock; null: the event has no date. */
  readonly offsetMs: number | null
  /** Null: meant for whichever experiment has the unit. */
  readonly experiment: number | null
}

export type PlannedChange =
  | { readonly what: 'add an arm' | 'reorder' | 'freeze' | 'describe' }
  | { readonly what: 'retire' | 'forget' | 'payload'; readonly arm: number }
  | { readonly what: 'policy'; readonly policy: PlannedPolicy }

export interface PlannedPolicy {
  readonly type: 'thompson' | 'exploration' | 'uniform' | 'fixed'
  readonly exploration: Exploration
  readonly controlShare: number | null
}

/** What may happen at the same moment as something else. */
export type Act =
  | { readonly act: 'assign'; readonly experiment: number; readonly units: readonly number[] }
  | { readonly act: 'reward'; readonly events: readonly PlannedEvent[] }
  /** The events of the last but so many calls, all over again. */
  | { readonly act: 'retry'; readonly back: number }
  | { readonly act: 'refresh' }
  | { readonly act: 'change'; readonly experiment: number; readonly change: PlannedChange }
  | { readonly act: 'start' | 'pause'; readonly experiment: number }
  | { readonly act: 'stop'; readonly experiment: number; readonly winner: number | null | undefined }

export type Action =
  | Act
  | { readonly act: 'together'; readonly acts: readonly Act[] }
  | { readonly act: 'wait'; readonly ms: number }
  /** `isCrash`: nobody closes the store. */
  | { readonly act: 'restart'; readonly isCrash: boolean }

export interface History {
  readonly definitions: readonly DefinitionInput[]
  /** By experiment: started before the first action, or left a draft. */
  readonly started: readonly boolean[]
  readonly actions: readonly Action[]
}

const MOST_ACTIONS = 60
const HOUR_MS = 3_600_000

const place = (count: number) => fc.integer({ min: 0, max: count - 1 })
const experiment = place(EXPERIMENTS.length)

const event: fc.Arbitrary<PlannedEvent> = fc.record({
  unit: place(UNITS.length),
  metric: fc.constantFrom(0, 0, 1, 1, 2),
  // Corrections are negative. Hundredths are what tills send; whole millions what cannot be
  // forgiven an error.
  value: fc.oneof(
    fc.constantFrom(1, -1, 0),
    fc.integer({ min: -60_000, max: 60_000 }).map(cents => cents / 100),
    fc.integer({ min: -1_000_000, max: 1_000_000 }),
  ),
  id: fc.option(place(12)),
  offsetMs: fc.option(
    fc.oneof(fc.integer({ min: -3 * HOUR_MS, max: 0 }), fc.constantFrom(0, 1, -1, 299_999, 300_000, 300_001)),
  ),
  experiment: fc.option(experiment),
})

const plannedPolicy: fc.Arbitrary<PlannedPolicy> = fc.record({
  type: fc.constantFrom('thompson', 'exploration', 'uniform', 'fixed'),
  exploration: fc.constantFrom<Exploration[]>(0.05, 0.1, 0.5, 1, { untilVerdict: 0.5, after: 0.05 }),
  controlShare: fc.constantFrom(null, 0.2, 0.001, 0.7),
})

const change: fc.Arbitrary<PlannedChange> = fc.oneof(
  fc.record({ what: fc.constantFrom('add an arm', 'reorder', 'freeze', 'describe') }),
  fc.record({ what: fc.constantFrom('retire', 'forget', 'payload'), arm: place(6) }),
  fc.record({ what: fc.constant('policy'), policy: plannedPolicy }),
)

const assigning = (minLength: number, maxLength: number) =>
  fc.record({
    act: fc.constant('assign' as const),
    experiment,
    units: fc.array(place(UNITS.length), { minLength, maxLength, size: 'max' }),
  })

const act = weighted<Act>(
  [8, assigning(1, 6)],
  // So many are kept together, and nearly all of them come more than once.
  [1, assigning(32, 50)],
  [8, fc.record({ act: fc.constant('reward'), events: fc.array(event, { minLength: 1, maxLength: 10, size: 'max' }) })],
  [2, fc.record({ act: fc.constant('retry'), back: place(4) })],
  [2, fc.record({ act: fc.constant('refresh') })],
  [3, fc.record({ act: fc.constant('change'), experiment, change })],
  [3, fc.record({ act: fc.constantFrom('start', 'start', 'pause'), experiment })],
  [1, fc.record({ act: fc.constant('stop'), experiment, winner: fc.constantFrom(undefined, null, 0, 1, 9) })],
)

/** Mostly on; now and then a clock is put right, and goes back. */
const waitedMs = fc.oneof(fc.constantFrom(1, 1_000, 60_000, HOUR_MS, 25 * HOUR_MS, -2_000), place(5_000))

const action = weighted<Action>(
  [12, act],
  [3, fc.record({ act: fc.constant('together'), acts: fc.array(act, { minLength: 2, maxLength: 5 }) })],
  [4, fc.record({ act: fc.constant('wait'), ms: waitedMs })],
  [1, fc.record({ act: fc.constant('restart'), isCrash: fc.boolean() })],
)

const ARMS = ['control', 'mens', 'womens', 'kids'] as const

const definition = (key: string): fc.Arbitrary<DefinitionInput> =>
  fc
    .record({
      arms: fc.integer({ min: 2, max: ARMS.length }),
      control: fc.integer({ min: 0, max: 1 }),
      primary: fc.constantFrom('visit', 'spend'),
      window: fc.constantFrom(null, '1h', '10m', '1ms'),
      range: fc.constantFrom<[number, number][]>([0, 500], [-1_000_000, 1_000_000], [5, 6]),
      policy: plannedPolicy,
    })
    .map(({ arms, control, primary, window, range, policy }): DefinitionInput => {
      const keys = ARMS.slice(0, arms)
      return {
        key,
        arms: keys.map(arm => ({ key: arm })),
        control: keys[control],
        metrics: [
          { key: 'visit', type: 'binary', role: primary === 'visit' ? 'primary' : 'secondary', window },
          { key: 'spend', type: 'continuous', role: primary === 'spend' ? 'primary' : 'secondary', range },
          { key: 'unsubscribe', type: 'binary', role: 'guardrail', goal: 'decrease', window: '1d', margin: 0.01 },
        ],
        policy: policyInput(policy, keys),
      }
    })
    .filter(input => definitionFaults(input).length === 0)

export const histories: fc.Arbitrary<History> = fc.record({
  definitions: fc.tuple(...EXPERIMENTS.map(definition)),
  started: fc.tuple(...EXPERIMENTS.map(() => fc.constantFrom(true, true, false))),
  actions: fc.array(action, { maxLength: MOST_ACTIONS, size: 'max' }),
})

/** A policy for these active arms; of `fixed` ones the first arm has most. */
export function policyInput(
  { type, exploration, controlShare }: PlannedPolicy,
  active: readonly string[],
): PolicyInput {
  if (type === 'uniform') return { type, controlShare }
  if (type !== 'fixed') return { type, exploration, controlShare }
  const least = 0.3 / active.length
  const [first = '', ...others] = active
  const weights = { ...Object.fromEntries(others.map(arm => [arm, least])), [first]: 1 - least * others.length }
  return { type, weights }
}
