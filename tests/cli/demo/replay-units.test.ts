import { describe, expect, it } from 'vitest'
import { assignInRounds, UnusedOutcomes } from '../../../src/cli/demo/replay-units.ts'
import type { Assignment } from '../../../src/cli/demo/session.ts'
import { seededRandom } from '../../support/samples/random.ts'

/** Outcomes that differ: `a0`, `a1`, … */
function outcomesOf(arm: string, count: number) {
  return Array.from({ length: count }, (_, index) => ({ rewards: [{ metric: `${arm}${index}`, value: 1 }] }))
}

/**
 * Answers for units in a shuffled order: each waits for a number of turns of the event loop that
 * the seed decides.
 */
function unorderly(armOf: (unit: string) => string, seed: number) {
  const random = seededRandom(seed)
  const state = { asked: [] as string[], answered: [] as string[], open: 0, mostOpen: 0 }
  const assign = async (unit: string): Promise<Assignment> => {
    state.asked.push(unit)
    state.mostOpen = Math.max(state.mostOpen, ++state.open)
    for (let turns = Math.floor(random() * 20); turns >= 0; turns--) await new Promise(setImmediate)
    state.open -= 1
    state.answered.push(unit)
    return { unit, arm: armOf(unit), assignedAt: 0 }
  }
  return { assign, state }
}

const units = Array.from({ length: 60 }, (_, index) => `u-${index}`)
const alternating = (unit: string) => (Number(unit.slice(2)) % 3 === 0 ? 'a' : 'b')
const unusedOf = (a: number, b: number) =>
  new UnusedOutcomes(
    new Map([
      ['a', outcomesOf('a', a)],
      ['b', outcomesOf('b', b)],
    ]),
  )

async function replay(unused: ReturnType<typeof unusedOf>, inFlight: number, seed = 1) {
  const { assign, state } = unorderly(alternating, seed)
  const dealt: string[] = []
  for await (const round of assignInRounds(units, assign, unused, inFlight)) {
    for (const { unit, outcome } of round) dealt.push(`${unit}=${outcome.rewards[0]?.metric}`)
  }
  return { dealt, ...state }
}

describe('assignInRounds()', () => {
  it("gives the n-th unit of an arm the arm's n-th outcome, in whatever order the answers come", async () => {
    const oneByOne = await replay(unusedOf(100, 100), 1)
    const many = await replay(unusedOf(100, 100), 16, 7)
    expect(many.answered).not.toEqual(units) // the control: the answers did come out of order
    expect(many.dealt).toEqual(oneByOne.dealt)
    expect(many.dealt.slice(0, 5)).toEqual(['u-0=a0', 'u-1=b0', 'u-2=b1', 'u-3=a1', 'u-4=b2'])
  })

  it('assigns at most `inFlight` units at once', async () => {
    expect((await replay(unusedOf(100, 100), 16)).mostOpen).toBe(16)
  })

  it.each([1, 5, 32])('ends when an arm is used up, and every assigned unit has its outcome (%i at once)', async n => {
    const { dealt, asked } = await replay(unusedOf(7, 100), n)
    expect(dealt.at(-1)).toBe('u-18=a6')
    expect(asked).toEqual(units.slice(0, 19))
  })

  it('throws what an assignment throws', async () => {
    const fails = async (unit: string) => {
      if (unit === 'u-3') throw new Error('u-3 was refused')
      return { unit, arm: 'a', assignedAt: 0 }
    }
    await expect(async () => {
      for await (const _ of assignInRounds(units, fails, unusedOf(100, 1_000), 8));
    }).rejects.toThrow('u-3 was refused')
  })
})

describe('UnusedOutcomes', () => {
  it('takes each outcome of an arm once and in order, and counts those that are left', () => {
    const unused = unusedOf(2, 3)
    const taken = ['b', 'a', 'b', 'a'].map(arm => unused.take(arm).rewards[0]?.metric)
    expect(taken).toEqual(['b0', 'a0', 'b1', 'a1'])
    expect([unused.fewest, unused.usedUp]).toEqual([0, 'a'])
    expect(unusedOf(2, 3)).toMatchObject({ fewest: 2, usedUp: null })
  })

  it('has no outcome for an arm that is used up, or is not there', () => {
    expect(() => unusedOf(0, 1).take('a')).toThrow('There is no unused outcome of arm "a"')
    expect(() => unusedOf(1, 1).take('c')).toThrow(RangeError)
  })
})
