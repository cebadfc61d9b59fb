import { describe, expect, it } from 'vitest'
import { completeDefinition } from '../../../src/bandit/experiment/definition-input.ts'
import { exposuresOf } from '../../../src/bandit/report/exposure.ts'
import { storedLedger } from '../../support/samples/stored-ledger.ts'

const definition = completeDefinition({
  key: 'x',
  arms: [{ key: 'a' }, { key: 'b' }, { key: 'c' }, { key: 'gone', retired: true }],
  metrics: [{ key: 'visit', type: 'binary', role: 'primary' }],
})

const never = () => false
/** Units that came as they were promised. */
const asPromised = (units: readonly number[]) => {
  const sum = units.reduce((all, each) => all + each, 0)
  return { units, propensities: units.map(each => each / sum) }
}
const starved = (units: number[][], was: (arm: string) => boolean = never) =>
  exposuresOf(definition, storedLedger(units.map(asPromised)), was)
    .filter(exposure => exposure.isStarved)
    .map(exposure => exposure.arm)

describe('exposuresOf()', () => {
  it('says nothing while there are less than a thousand units', () => {
    expect(exposuresOf(definition, storedLedger([{ units: [999, 0, 0] }]), never)).toEqual([])
    expect(exposuresOf(definition, storedLedger([]), never)).toEqual([])
  })

  it('finds the active arm that gets less than a tenth of an even share', () => {
    expect(starved([[484, 484, 32]])).toEqual(['c'])
    expect(starved([[483, 483, 34]])).toEqual([])
    expect(starved([[1_000, 0, 0, 0]])).toEqual(['b', 'c'])
  })

  it('goes by the shares that were promised: a least share of a tenth starves nobody, whatever came of it', () => {
    const promised = (share: number, units: number) => {
      const propensities = [(1 - share) / 2, (1 - share) / 2, share]
      const ledger = storedLedger([{ units: [500, 500 - units, units], propensities }])
      return exposuresOf(definition, ledger, never).find(({ arm }) => arm === 'c')
    }
    for (const units of [10, 33, 60]) expect(promised(0.1 / 3, units)?.isStarved, `${units} units`).toBe(false)
    expect(promised(0.03, 60)).toEqual({ arm: 'c', isStarved: true, units: 60, of: 1_000 })
  })

  it('looks back a thousand units, and not at what was before', () => {
    const rich = [500, 500, 500]
    expect(starved([rich, rich, [495, 495, 10]])).toEqual(['c'])
    expect(starved([rich, [90, 90, 0]])).toEqual([])
  })

  it('keeps an arm starved until it gets a fifth of an even share', () => {
    const was = (arm: string) => arm === 'c'
    expect(starved([[470, 470, 60]], was)).toEqual(['c'])
    expect(starved([[465, 465, 70]], was)).toEqual([])
  })

  it('counts for a new arm the units since it was there', () => {
    const before = { units: [5_000, 5_000, 0], propensities: [0.5, 0.5, null, null] }
    const exposures = exposuresOf(definition, storedLedger([before, asPromised([500, 500, 0])]), never)
    expect(exposures.find(({ arm }) => arm === 'c')).toEqual({ arm: 'c', isStarved: true, units: 0, of: 1_000 })
    const young = exposuresOf(definition, storedLedger([before, { units: [90, 90, 0] }]), never)
    expect(young.map(({ arm }) => arm)).toEqual(['a', 'b'])
  })
})
