import { describe, expect, it } from 'vitest'
import { Decks } from '../../../src/cli/demo/decks.ts'

const cards = new Map([
  ['control', ['c1', 'c2']],
  ['mens', ['m1', 'm2', 'm3']],
])

describe('Decks', () => {
  it('deals each card of an arm once and in order, whatever other arms do', () => {
    const decks = new Decks(cards)
    expect(['mens', 'control', 'mens', 'control', 'mens'].map(arm => decks.deal(arm))).toEqual([
      'm1',
      'c1',
      'm2',
      'c2',
      'm3',
    ])
  })

  it('returns how many cards of the shortest deck are left, and which is used up', () => {
    const decks = new Decks(cards)
    expect([decks.scarcest, decks.usedUp]).toEqual([2, null])
    decks.deal('control')
    decks.deal('control')
    expect([decks.scarcest, decks.usedUp, decks.left('mens')]).toEqual([0, 'control', 3])
  })

  it('refuses to deal a card twice, and an unknown arm', () => {
    const decks = new Decks(new Map([['control', ['c1']]]))
    decks.deal('control')
    expect(() => decks.deal('control')).toThrow('Cannot deal an outcome of arm "control": 1 were all there are')
    expect(() => decks.deal('womens')).toThrow(RangeError)
  })
})
