import { describe, expect, it } from 'vitest'
import { areAllDecided } from '../../../src/stats/lift/all-decided.ts'
import { type EffectOptions, estimateEffects } from '../../../src/stats/lift/lift.ts'
import { goldenMetrics, randomLedger } from '../../support/samples/ledgers.ts'
import { seededRandom } from '../../support/samples/random.ts'

describe('areAllDecided()', () => {
  it('is true exactly when estimateEffects() has a verdict for each of the arms', () => {
    const random = seededRandom(1501)
    const counts = { decided: 0, open: 0 }
    const expectAgreement = (ledger: Parameters<typeof areAllDecided>[0], options: EffectOptions) => {
      const { lifts } = estimateEffects(ledger, options)
      for (const asked of [lifts.map((_, arm) => arm), [0, 1], [lifts.length - 1]]) {
        const verdicts = asked.flatMap(arm => lifts[arm]?.verdict ?? [])
        const expected = verdicts.length > 0 && verdicts.every(verdict => verdict !== 'undecided')
        expect(areAllDecided(ledger, options, asked)).toBe(expected)
        counts[expected ? 'decided' : 'open']++
      }
    }
    for (const { ledger, options } of goldenMetrics) expectAgreement(ledger, options)
    for (let round = 0; round < 60; round++) {
      const rates = Array.from({ length: 2 + (round % 4) }, () => random())
      const metric = { range: [0, 1], goal: round % 2 === 0 ? 'increase' : 'decrease' } as const
      const options = { arms: rates.length, control: 0, metric, alpha: 0.05, plannedUnits: 10_000 }
      expectAgreement(randomLedger(random, rates, 20, 200), options)
    }
    expect(counts.decided).toBeGreaterThan(30)
    expect(counts.open).toBeGreaterThan(30)
  })

  it('is false of the control alone, and of a ledger without batches', () => {
    const options: EffectOptions = {
      arms: 2,
      control: 0,
      metric: { range: [0, 1], goal: 'increase' },
      alpha: 0.05,
      plannedUnits: 10_000,
    }
    const ledger = randomLedger(seededRandom(1502), [0.1, 0.9], 20, 200)
    expect(areAllDecided(ledger, options, [0, 1])).toBe(true)
    expect(areAllDecided(ledger, options, [0])).toBe(false)
    expect(areAllDecided([], options, [0, 1])).toBe(false)
  })
})
