import { describe, expect, it } from 'vitest'
import { logEValue, tuneSequence } from '../../src/stats/confidence-sequence.ts'
import { sampleRatio } from '../../src/stats/sample-ratio.ts'
import { expectGolden } from '../support/golden.ts'
import { batch, contrastCases, drawUnits, goldenLedger, randomLedger, successes } from '../support/ledgers.ts'
import { seededRandom } from '../support/random.ts'

describe('sampleRatio()', () => {
  it('agrees with golden values, immature batches included', () => {
    for (const golden of contrastCases) {
      for (const metric of Object.keys(golden.metrics)) {
        const { logEValues, ...overall } = sampleRatio(goldenLedger(golden, metric), golden)
        const { logE, logEMean, level } = golden.expected.srm
        expect(logEValues).toHaveLength(logE.length)
        for (const [arm, expected] of logE.entries()) expectGolden(logEValues[arm], expected, golden.name)
        expectGolden(overall.logEValue, logEMean, golden.name)
        expect(overall.status, golden.name).toBe(level)
      }
    }
  })

  it('is the normal mixture of the excess of two arms, which mirror each other', () => {
    const ledger = [batch(1, [0.5, 0.5], [successes(60, 0), successes(40, 0)])]
    const expected = logEValue(10, 25, tuneSequence(0.001, 1000).rhoSquared)
    const { logEValues, ...overall } = sampleRatio(ledger, { arms: 2, plannedUnits: 1000 })
    expect(logEValues).toEqual([expected, expected])
    expect(overall.logEValue).toBeCloseTo(expected, 14)
    expect(overall.eValue).toBeCloseTo(Math.exp(expected), 14)
  })

  it('has no e-value for an arm that never had a propensity, and none counts against it', () => {
    const ledger = [batch(1, [0.5, 0.5, null], [successes(60, 0), successes(40, 0), successes(0, 0)])]
    const three = sampleRatio(ledger, { arms: 3, plannedUnits: 1000 })
    expect(three.logEValues[2]).toBeNull()
    expect(three.logEValue).toBe(sampleRatio(ledger, { arms: 2, plannedUnits: 1000 }).logEValue)
  })

  it('shows e = p = 1 without units, and refuses units without a propensity', () => {
    const nothing = { logEValue: 0, eValue: 1, pValue: 1, status: 'ok' }
    expect(sampleRatio([], { arms: 2, plannedUnits: 1000 })).toMatchObject(nothing)
    const stray = batch(3, [1, null], [successes(5, 1), successes(1, 0)])
    expect(() => sampleRatio([stray], { arms: 2, plannedUnits: 1000 })).toThrow('snapshot 3')
  })

  it('warns before it alarms', () => {
    const statusAt = (excess: number) => {
      const ledger = [batch(1, [0.5, 0.5], [successes(5000 + excess, 0), successes(5000 - excess, 0)])]
      return sampleRatio(ledger, { arms: 2, plannedUnits: 10_000 })
    }
    const statuses = [0, 100, 170, 190, 230].map(excess => statusAt(excess))
    for (const { eValue, status } of statuses) {
      expect(status).toBe(eValue >= 1000 ? 'alarm' : eValue >= 100 ? 'warning' : 'ok')
    }
    expect(new Set(statuses.map(({ status }) => status))).toEqual(new Set(['ok', 'warning', 'alarm']))
  })

  it('stays quiet over moving propensities at every look, and rings when an arm loses every fifth unit', () => {
    const random = seededRandom(31)
    const rates = [0, 0, 0]
    let falseAlarms = 0
    let missed = 0
    for (let run = 0; run < 100; run++) {
      const honest = randomLedger(random, rates, 40, 100)
      const lossy = honest.map(({ snapshot, propensities }) => {
        const [first, ...others] = drawUnits(random, propensities, rates, 100)
        return batch(snapshot, propensities, [successes(Math.round(0.8 * (first?.units ?? 0)), 0), ...others])
      })
      const rangAt = (ledger: typeof honest) =>
        ledger.some(
          (_, look) => sampleRatio(ledger.slice(0, look + 1), { arms: 3, plannedUnits: 4000 }).status === 'alarm',
        )
      if (rangAt(honest)) falseAlarms++
      if (!rangAt(lossy)) missed++
    }
    expect(falseAlarms).toBe(0)
    expect(missed).toBeLessThan(30)
  })
})
