// An event as it is sent to /rewards: checked by hand, field by field, for speed.
import type { Fault } from '../../bandit/errors.ts'
import { type Reward, unitIn } from '../../bandit/facts.ts'
import { fieldFaults, isObject, nameRule, unitRule } from './fields.ts'
import { instantFault, instantOf } from './instants.ts'

export interface RewardBody {
  readonly unit: string | number
  readonly metric: string
  readonly value?: number
  readonly experiment?: string
  readonly id?: string
  readonly at?: string
}

const REWARD_RULES = {
  unit: unitRule,
  metric: (value: unknown) => (typeof value === 'string' && value !== '' ? null : 'must be the key of a metric'),
  value: (value: unknown) => {
    if (value === undefined || (typeof value === 'number' && Number.isFinite(value))) return null
    return typeof value === 'number' ? 'must be a finite number' : 'must be a number'
  },
  experiment: (value: unknown) =>
    value === undefined || (typeof value === 'string' && value !== '') ? null : 'must be the key of an experiment',
  id: (value: unknown) => (value === undefined ? null : nameRule(value)),
  at: (value: unknown) => (value === undefined ? null : instantFault(value)),
}

/** Every fault of an event's shape. */
export function rewardFaults(event: unknown): Fault[] {
  return isObject(event) ? fieldFaults(event, REWARD_RULES) : NO_OBJECT
}

const NO_OBJECT = fieldFaults(null, REWARD_RULES)

/** The reward of an event without faults. */
export function rewardOf({ at, unit, ...event }: RewardBody): Reward {
  return { ...event, unit: unitIn(unit), value: event.value ?? 1, ...(at !== undefined && { at: instantOf(at) }) }
}
