import { describe, expect, it } from 'vitest'
import { StoreUnavailableError } from '../../src/bandit/errors.ts'
import type { Metric } from '../../src/bandit/metric.ts'
import type { Proposal, RewardEntry } from '../../src/bandit/store.ts'
import type { Call, Outcome } from '../../src/store/sentences.ts'
import { packCalls, unpackCalls } from '../../src/store/sqlite/call-packing.ts'
import { packOutcomes, unpackOutcomes } from '../../src/store/sqlite/outcome-packing.ts'

const metric: Metric = {
  key: 'spend',
  type: 'continuous',
  role: 'primary',
  goal: 'increase',
  range: [0, 100],
  window: null,
  margin: null,
}
const attribution = { windowMs: 60_000, until: null }

const proposal: Proposal = {
  experimentId: 3,
  snapshot: 41,
  assignedAt: 1_790_000_000_123,
  metrics: [metric],
  units: [
    { unit: 'ü-1', arm: 0, propensity: 1 / 3 },
    { unit: '👩‍🔬', arm: 2, propensity: 1e-9 },
  ],
}

const reward: RewardEntry = {
  experimentId: 3,
  metricPosition: 1,
  metric,
  attribution,
  unit: 'ü-1',
  value: -0.1,
  at: 1_790_000_000_456,
  isDatedHere: true,
  id: null,
}

const calls: Call[] = [
  { name: 'keepAssignments', args: [proposal] },
  { name: 'recordRewards', args: [[reward, { ...reward, isDatedHere: false, id: '' }, { ...reward, id: 'event 2' }]] },
  { name: 'findAssignments', args: [3, ['ü-1', 'u-2']] },
  { name: 'recordRewards', args: [[]] },
  { name: 'keepAssignments', args: [{ ...proposal, units: [] }] },
  { name: 'ping', args: [] },
]

/** As it arrives on another thread. */
const crossed = <Value>(value: Value): Value => structuredClone(value)

describe('unpackCalls()', () => {
  it('gives back what packCalls() took, to the bit', () => {
    expect(unpackCalls(crossed(packCalls(calls)))).toEqual(calls)
  })

  it('sends a metric that many rewards are of once', () => {
    const many: Call = { name: 'recordRewards', args: [Array.from({ length: 100 }, () => reward)] }
    expect(packCalls([many]).values).toEqual([metric, attribution])
  })
})

describe('unpackOutcomes()', () => {
  it('gives back what packOutcomes() took', () => {
    const [known, fresh] = [
      { unit: 'ü-1', arm: 1, propensity: 0.5, snapshot: 2, assignedAt: 1_780_000_000_000, isNew: false },
      { unit: '👩‍🔬', arm: 2, propensity: 1e-9, snapshot: 41, assignedAt: 1_790_000_000_123, isNew: true },
    ]
    const outcomes: Outcome[] = [
      { result: [known, fresh] },
      { result: ['recorded', 'duplicate', 'late'] },
      { result: [null, null] },
      { result: [] },
      { result: [] },
      { result: undefined },
    ]
    expect(unpackOutcomes(calls, crossed(packOutcomes(calls, outcomes)))).toEqual(outcomes)
  })

  it('tells the trouble of an engine from a fault of ours, whichever call met it', () => {
    const full = Object.assign(new Error('database or disk is full'), { code: 'SQLITE_FULL' })
    const outcomes: Outcome[] = calls.map((_, position) => ({
      error: position % 2 === 0 ? new StoreUnavailableError(full) : new TypeError('a fault of ours'),
    }))
    const errors = unpackOutcomes(calls, crossed(packOutcomes(calls, outcomes))).map(
      outcome => 'error' in outcome && outcome.error,
    )
    expect(errors.map(error => error instanceof StoreUnavailableError)).toEqual([true, false, true, false, true, false])
    expect((errors[0] as StoreUnavailableError).cause).toMatchObject({ message: full.message, code: 'SQLITE_FULL' })
    expect(errors[1]).toMatchObject({ message: 'a fault of ours' })
  })
})
