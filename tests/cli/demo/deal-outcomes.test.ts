import { describe, expect, it } from 'vitest'
import { dealOutcomes } from '../../../src/cli/demo/deal-outcomes.ts'
import { Decks } from '../../../src/cli/demo/decks.ts'
import type { Assignment } from '../../../src/cli/demo/session.ts'
import { seededRandom } from '../../support/samples/random.ts'

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
const decksOf = (a: number, b: number) =>
  new Decks(
    new Map([
      ['a', Array.from({ length: a }, (_, index) => `a${index}`)],
      ['b', Array.from({ length: b }, (_, index) => `b${index}`)],
    ]),
  )

async function deal(decks: Decks<string>, inFlight: number, seed = 1) {
  const { assign, state } = unorderly(alternating, seed)
  const dealt: string[] = []
  for await (const { assignment, outcome } of dealOutcomes(units, assign, decks, inFlight)) {
    dealt.push(`${assignment.unit}=${outcome}`)
  }
  return { dealt, ...state }
}

describe('dealOutcomes()', () => {
  it("gives the n-th unit of an arm the arm's n-th outcome, in whatever order the answers arrive", async () => {
    const oneByOne = await deal(decksOf(100, 100), 1)
    const many = await deal(decksOf(100, 100), 16, 7)
    expect(many.answered).not.toEqual(units) // the control: the answers did come out of order
    expect(many.dealt).toEqual(oneByOne.dealt)
    expect(many.dealt.slice(0, 5)).toEqual(['u-0=a0', 'u-1=b0', 'u-2=b1', 'u-3=a1', 'u-4=b2'])
  })

  it('asks for at most `inFlight` units at once', async () => {
    expect((await deal(decksOf(100, 100), 16)).mostOpen).toBe(16)
  })

  it.each([1, 5, 32])('ends when a deck is used up, and every unit asked for has its outcome (%i at once)', async n => {
    const { dealt, asked } = await deal(decksOf(7, 100), n)
    expect(dealt.at(-1)).toBe('u-18=a6')
    expect(asked).toEqual(units.slice(0, 19))
  })

  it('passes on what an assignment throws, in its turn', async () => {
    const fails = async (unit: string) => {
      if (unit === 'u-3') throw new Error('u-3 was refused')
      return { unit, arm: 'a', assignedAt: 0 }
    }
    const dealt: string[] = []
    await expect(async () => {
      for await (const { outcome } of dealOutcomes(units, fails, decksOf(100, 1_000), 8)) dealt.push(outcome)
    }).rejects.toThrow('u-3 was refused')
    expect(dealt).toEqual(['a0', 'a1', 'a2'])
  })
})
