import { describe, expect, it } from 'vitest'
import { sampleRatio } from '../../src/stats/sample-ratio.ts'
import { logEValue, tuneSequence } from '../../src/stats/sequences/confidence-sequence.ts'
import { expectGolden, readGolden } from '../support/samples/golden.ts'
import { batch, drawUnits, randomLedger, successes } from '../support/samples/ledgers.ts'
import { seededRandom } from '../support/samples/random.ts'

interface GoldenRatio {
  readonly arms: number
  readonly batches: readonly { readonly units: readonly number[]; readonly propensities: readonly number[] }[]
  readonly expected: { readonly logEValues: readonly number[]; readonly logEValue: number; readonly pValue: number }
}

describe('sampleRatio()', () => {
  it('agrees with golden values, immature batches included', () => {
    const golden = readGolden<{ sampleRatio: readonly GoldenRatio[] }>('trust').sampleRatio
    expect(golden.length).toBeGreaterThan(7)
    for (const [place, { arms, batches, expected }] of golden.entries()) {
      const ledger = batches.map(({ units, propensities }, index) => ({
        ...batch(
          index + 1,
          propensities,
          units.map(count => successes(count, 0)),
        ),
        mature: index === 0,
      }))
      const { logEValue, pValue } = sampleRatio(ledger, { arms })
      expectGolden(logEValue, expected.logEValue, `sample ratio ${place}`)
      expectGolden(pValue, expected.pValue, `sample ratio ${place}`)
    }
  })

  it("is, of two arms, the mean of the normal mixtures of either one's excess", () => {
    const ledger = [batch(1, [0.7, 0.3], [successes(760, 0), successes(240, 0)])]
    const parts = [1e3, 1e4, 1e5, 1e6].map(units => logEValue(60, 210, tuneSequence(0.001, units, 0.25).rhoSquared))
    const expected = Math.log(parts.reduce((sum, part) => sum + Math.exp(part), 0) / 4)
    const { logEValues, ...overall } = sampleRatio(ledger, { arms: 2 })
    expectGolden(overall.logEValue, expected, '', 1e-13)
    for (const own of logEValues) expectGolden(own, expected, '', 1e-13)
  })

  it('does not depend on the order of the arms, and identifies the arm that is off', () => {
    const propensities = [0.1, 0.2, 0.3, 0.4]
    const units = [100, 300, 290, 390]
    const turned = [2, 0, 3, 1]
    const at = <Item>(items: readonly Item[]) => turned.map(place => items[place] as Item)
    const tallies = units.map(count => successes(count, 0))
    const one = sampleRatio([batch(1, propensities, tallies)], { arms: 4 })
    const other = sampleRatio([batch(1, at(propensities), at(tallies))], { arms: 4 })
    expectGolden(one.logEValues[1], other.logEValues[3], '', 1e-12)
    expect(one.status).toBe('alarm')
    expect(Math.max(...one.logEValues.map(each => each ?? 0))).toBe(one.logEValues[1])
    expect(Math.abs(one.logEValue - other.logEValue)).toBeLessThan(1)
  })

  it('ignores an arm without a propensity: it has no e-value, and adds nothing while inactive', () => {
    const ledger = [batch(1, [0.5, 0.5, null], [successes(600, 0), successes(400, 0), successes(0, 0)])]
    const three = sampleRatio(ledger, { arms: 3 })
    expect(three.logEValues[2]).toBeNull()
    expect(three.status).toBe('alarm')
    const withThird = [...ledger, batch(2, [0.4, 0.3, 0.3], [successes(40, 0), successes(30, 0), successes(30, 0)])]
    expect(sampleRatio(withThird, { arms: 3 }).status).toBe('alarm')
    // A retired control: what all others lack is not known from its excess any more.
    const honest = [batch(1, [null, 0.5, 0.5], [successes(0, 0), successes(5100, 0), successes(4900, 0)])]
    expect(sampleRatio(honest, { arms: 3 }).status).toBe('ok')
  })

  it('shows e = p = 1 without units or with a single arm, and refuses units without a propensity', () => {
    const nothing = { logEValue: 0, eValue: 1, pValue: 1, status: 'ok' }
    expect(sampleRatio([], { arms: 2 })).toMatchObject(nothing)
    expect(sampleRatio([batch(1, [1], [successes(500, 0)])], { arms: 1 })).toMatchObject(nothing)
    const stray = batch(3, [1, null], [successes(5, 1), successes(1, 0)])
    expect(() => sampleRatio([stray], { arms: 2 })).toThrow('snapshot 3')
  })

  it('warns before it alarms', () => {
    const statusAt = (excess: number) => {
      const ledger = [batch(1, [0.5, 0.5], [successes(5000 + excess, 0), successes(5000 - excess, 0)])]
      return sampleRatio(ledger, { arms: 2 })
    }
    const statuses = [0, 100, 200, 215, 230, 260].map(excess => statusAt(excess))
    for (const { eValue, status } of statuses) {
      expect(status).toBe(eValue >= 1000 ? 'alarm' : eValue >= 100 ? 'warning' : 'ok')
    }
    expect(new Set(statuses.map(({ status }) => status))).toEqual(new Set(['ok', 'warning', 'alarm']))
  })

  it('gives finite results with 200 arms and a billion units', () => {
    const shares = Array.from({ length: 200 }, (_, arm) => (arm === 0 ? 0.801 : 0.001))
    const honest = batch(
      1,
      shares,
      shares.map(share => successes(1e9 * share, 0)),
    )
    const { logEValue, status } = sampleRatio([honest], { arms: 200 })
    expect(status).toBe('ok')
    expect(logEValue).toBeLessThan(-100)
    const lossy = { ...honest, tallies: honest.tallies.map((tally, arm) => (arm === 7 ? successes(0.99e6, 0) : tally)) }
    expect(sampleRatio([lossy], { arms: 200 }).logEValues[7]).toBeGreaterThan(Math.log(1000))
  })

  it('raises no alarm at any look under changing propensities, and one when an arm loses every fifth unit', () => {
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
        ledger.some((_, look) => sampleRatio(ledger.slice(0, look + 1), { arms: 3 }).status === 'alarm')
      if (rangAt(honest)) falseAlarms++
      if (!rangAt(lossy)) missed++
    }
    expect(falseAlarms).toBe(0)
    expect(missed).toBeLessThan(30)
  })
})
