import { describe, expect, it } from 'vitest'
import { type Recording, shuffleOutcomes } from '../../../src/cli/demo/recording.ts'

describe('shuffleOutcomes()', () => {
  const ofArm = Array.from({ length: 200 }, (_, value) => ({ rewards: [{ metric: 'visit', value }] }))
  const recording: Recording = {
    name: 'letters',
    definition: { description: 'Letters', arms: [{ key: 'a' }, { key: 'b' }], metrics: [] },
    outcomes: new Map([
      ['a', ofArm],
      ['b', ofArm],
    ]),
    inFlight: 1,
  }
  const orderOf = (seed: number, arm: string) => shuffleOutcomes(recording, seed).outcomes.get(arm) ?? []

  it('keeps every outcome once, each arm in its own order', () => {
    expect(new Set(orderOf(7, 'a'))).toEqual(new Set(ofArm))
    expect(orderOf(7, 'a')).not.toEqual(ofArm)
    expect(orderOf(7, 'a')).not.toEqual(orderOf(7, 'b'))
    expect(recording.outcomes.get('a')).toBe(ofArm)
  })

  it('gives the same order for the same seed, and another for another', () => {
    expect(orderOf(7, 'a')).toEqual(orderOf(7, 'a'))
    expect(orderOf(7, 'a')).not.toEqual(orderOf(8, 'a'))
  })

  it('names the seed in the description, so that another seed is another experiment', () => {
    expect(shuffleOutcomes(recording, 7).definition.description).toBe('Letters; shuffled by seed 7')
  })
})
