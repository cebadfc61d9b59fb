import { describe, expect, it } from 'vitest'
import { estimateEffects } from '../../../src/stats/lift/lift.ts'
import { pairwiseLifts } from '../../../src/stats/lift/pairwise-lifts.ts'
import { batch, randomLedger, successes } from '../../support/samples/ledgers.ts'
import { seededRandom } from '../../support/samples/random.ts'

const options = {
  arms: 4,
  metric: { range: [0, 1], goal: 'increase' },
  alpha: 0.05,
  plannedUnits: 10_000,
} as const

describe('pairwiseLifts()', () => {
  it('is the lift over that arm as a control, at alpha over the number of pairs', () => {
    const ledger = randomLedger(seededRandom(71), [0.1, 0.2, 0.25, 0.5], 30, 200)
    const lifts = pairwiseLifts(ledger, options, [1, 2, 3])
    expect(lifts.map(({ arm, over }) => [arm, over])).toEqual([
      [1, 2],
      [1, 3],
      [2, 1],
      [2, 3],
      [3, 1],
      [3, 2],
    ])
    for (const { arm, over, ...lift } of lifts) {
      expect(lift.level).toBe(1 - 0.05 / 3)
      // K − 1 = 3 lifts share alpha there as the three pairs do here.
      const { relative: _, ...expected } = estimateEffects(ledger, { ...options, control: over }).lifts[arm] ?? {}
      expect(lift).toEqual(expected)
    }
  })

  it('gives the lifts of one arm alone as it gives them among all', () => {
    const ledger = randomLedger(seededRandom(74), [0.1, 0.2, 0.25, 0.5], 30, 200)
    const all = pairwiseLifts(ledger, options, [1, 2, 3])
    expect(pairwiseLifts(ledger, options, [1, 2, 3], [2])).toEqual(all.filter(({ arm }) => arm === 2))
  })

  it('changes sign when its arms change places', () => {
    const ledger = randomLedger(seededRandom(72), [0.1, 0.2, 0.25, 0.5], 30, 100)
    const [there, back] = pairwiseLifts(ledger, { ...options, metric: { range: [0, 1], goal: 'decrease' } }, [1, 3])
    expect(back?.estimate).toBe(-(there?.estimate ?? Number.NaN))
    expect(back?.lower).toBe(-(there?.upper ?? Number.NaN))
    expect([there?.verdict, back?.verdict]).toEqual(['better', 'worse'])
  })

  it('is empty for fewer than two arms, and null for arms that were never active together', () => {
    expect(pairwiseLifts([], options, [])).toEqual([])
    expect(pairwiseLifts([], options, [2])).toEqual([])
    const apart = [
      batch(1, [0.5, 0.5, null], [successes(5, 1), successes(5, 2), successes(0, 0)]),
      batch(2, [0.5, null, 0.5], [successes(5, 1), successes(0, 0), successes(5, 2)]),
    ]
    for (const lift of pairwiseLifts(apart, options, [1, 2])) {
      expect(lift).toMatchObject({ estimate: null, lower: null, upper: null, verdict: 'undecided', pValue: 1 })
    }
  })

  it('hardly ever calls one of three equal arms better at any look, where plain intervals mostly do', () => {
    const random = seededRandom(73)
    const runs = 150
    const called = { pairwise: 0, plain: 0 }
    for (let run = 0; run < runs; run++) {
      const ledger = randomLedger(random, [0.1, 0.3, 0.3, 0.3], 40, 200)
      const looks = ledger.map((_, look) => ledger.slice(0, look + 1))
      if (looks.some(look => pairwiseLifts(look, options, [1, 2, 3]).some(({ verdict }) => verdict !== 'undecided')))
        called.pairwise++
      const sums = [1, 2, 3].map(() => ({ n: 0, s: 0 }))
      const isCalled = ledger.some(({ tallies }) => {
        sums.forEach((sum, place) => {
          sum.n += tallies[place + 1]?.units ?? 0
          sum.s += tallies[place + 1]?.sum ?? 0
        })
        const rates = sums.map(({ n, s }) => ({ rate: s / n, error: (s / n) * (1 - s / n) * (1 / n) }))
        return rates.some(a => rates.some(b => Math.abs(a.rate - b.rate) > 1.96 * Math.sqrt(a.error + b.error)))
      })
      if (isCalled) called.plain++
    }
    expect(called.pairwise / runs).toBeLessThan(0.05)
    expect(called.plain / runs).toBeGreaterThan(0.4)
  })
})
