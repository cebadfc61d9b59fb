// Other policies valued on a real log: a week of fashion recommendations under Bernoulli Thompson
// sampling (Open Bandit, campaign men).
import { describe, expect, it } from 'vitest'
import { type LoggedRow, valueLog } from '../../src/stats/off-policy/off-policy.ts'
import { hasPublishedData, readCsv, readExpected } from '../support/samples/published-data.ts'

interface Expected {
  open_bandit_men: {
    n_items: number
    bts: { ope_value_of_uniform_policy: { ipw: number; snipw: number; ess: number; max_weight: number } }
    random: { on_policy_ctr: number }
  }
}

const isThere = hasPublishedData()

function readLog(policy: 'bts' | 'random'): LoggedRow[] {
  return readCsv(`open_bandit/${policy}/men/men.csv`).map(row => ({
    arm: Number(row.item_id),
    propensity: Number(row.propensity_score),
    reward: Number(row.click),
  }))
}

describe.skipIf(!isThere)('valueLog() on the Open Bandit data', () => {
  const expected = isThere ? readExpected<Expected>().open_bandit_men : null
  const arms = expected?.n_items ?? 1
  const options = {
    target: new Array<number>(arms).fill(1 / arms),
    range: [0, 1],
    alpha: 0.05,
    plannedUnits: 30_000,
  } as const

  it('values uniform on the Thompson log as the reference does', () => {
    const value = valueLog(readLog('bts'), options)
    const reference = expected?.bts.ope_value_of_uniform_policy
    if (value.status === 'refused') throw new Error(`refused: ${value.reason}`)
    expect(value.summary.ips).toBeCloseTo(reference?.ipw ?? 0, 12)
    expect(value.summary.snips).toBeCloseTo(reference?.snipw ?? 0, 12)
    expect(value.summary.effectiveSampleSize).toBeCloseTo(reference?.ess ?? 0, 6)
    expect(value.summary.largestWeight).toBeCloseTo(reference?.max_weight ?? 0, 8)
  })

  it('values uniform on the uniform log as its own click rate', () => {
    const value = valueLog(readLog('random'), options)
    if (value.status === 'refused') throw new Error(`refused: ${value.reason}`)
    expect(value.summary.ips).toBeCloseTo(expected?.random.on_policy_ctr ?? 0, 12)
    expect(value.doublyRobust.lower).toBeLessThan(expected?.random.on_policy_ctr ?? 0)
    expect(value.doublyRobust.upper).toBeGreaterThan(expected?.random.on_policy_ctr ?? 0)
  })
})
