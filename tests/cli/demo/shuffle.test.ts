import { describe, expect, it } from 'vitest'
import { NOTHING, type Outcome, type Recording } from '../../../src/cli/demo/recording.ts'
import { shuffle, shuffleOutcomes } from '../../../src/cli/demo/shuffle.ts'

const numbers = Array.from({ length: 200 }, (_, index) => index)

describe('shuffle()', () => {
  it('keeps every item once', () => {
    expect(shuffle(numbers, 3).toSorted((a, b) => a - b)).toEqual(numbers)
  })

  it('gives the same order for the same seed, and another for another', () => {
    expect(shuffle(numbers, 3)).toEqual(shuffle(numbers, 3))
    expect(shuffle(numbers, 3)).not.toEqual(shuffle(numbers, 4))
    expect(shuffle(numbers, 3)).not.toEqual(numbers)
  })

  it('puts each item at each place about equally often', () => {
    const firsts = [0, 0, 0, 0]
    for (let seed = 0; seed < 4_000; seed++) {
      const [first = 0] = shuffle([0, 1, 2, 3], seed)
      firsts[first] = (firsts[first] ?? 0) + 1
    }
    // Five standard deviations: √(4,000 · ¼ · ¾) = 27.
    for (const count of firsts) expect(Math.abs(count - 1_000)).toBeLessThan(5 * 27.4)
  })
})

describe('shuffleOutcomes()', () => {
  const outcomeOf = (day: number, delayDays: number): Outcome => ({ ...NOTHING, day, delayDays })
  const ofArm = numbers.map(index => outcomeOf(index < 100 ? 0 : 30, index))
  const recording: Recording = {
    name: 'letters',
    definition: { description: 'Letters', arms: [{ key: 'a' }, { key: 'b' }], metrics: [] },
    outcomes: new Map([
      ['a', ofArm],
      ['b', ofArm],
    ]),
    calendar: null,
    inFlight: 1,
  }
  const shuffled = shuffleOutcomes(recording, 7)

  it('moves outcomes within their day only, and each arm in its own order', () => {
    const a = shuffled.outcomes.get('a') ?? []
    expect(a.map(({ day }) => day)).toEqual(ofArm.map(({ day }) => day))
    expect(a).not.toEqual(ofArm)
    expect(new Set(a)).toEqual(new Set(ofArm))
    expect(a).not.toEqual(shuffled.outcomes.get('b'))
  })

  it('writes the seed to the description, so that another seed is another experiment', () => {
    expect(shuffled.definition.description).toBe('Letters; shuffled by seed 7')
  })
})
