import { describe, expect, it } from 'vitest'
import { differences } from '../../../src/bandit/experiment/difference.ts'

describe('differences()', () => {
  it('finds none between equal values', () => {
    expect(differences({ a: [1, { b: null }], c: NaN }, { a: [1, { b: null }], c: NaN })).toEqual([])
  })

  it('names the path, before and after', () => {
    expect(differences({ policy: { exploration: 0.1 } }, { policy: { exploration: 0.2 } })).toEqual([
      { path: 'policy.exploration', before: 0.1, after: 0.2 },
    ])
  })

  it('matches list items by key, so that an added arm is one line', () => {
    const before = { arms: [{ key: 'a' }, { key: 'c' }] }
    const after = { arms: [{ key: 'a' }, { key: 'b' }, { key: 'c', retired: true }] }
    expect(differences(before, after)).toEqual([
      { path: 'arms.c.retired', after: true },
      { path: 'arms.b', after: { key: 'b' } },
    ])
  })

  it('tells a list as a whole where keys cannot match its items', () => {
    const [a, b] = [{ key: 'a' }, { key: 'b' }]
    expect(differences({ x: [a, b] }, { x: [b, a] })).toEqual([{ path: 'x', before: [a, b], after: [b, a] }])
    expect(differences({ x: [a] }, { x: [a, a] })).toEqual([{ path: 'x', before: [a], after: [a, a] }])
    expect(differences({ x: [1, 2] }, { x: [1, 3] })).toEqual([{ path: 'x', before: [1, 2], after: [1, 3] }])
    expect(differences({ x: [1, [a]] }, { x: [1, [a]] })).toEqual([])
  })

  it('does not tell 0 from −0, which JSON does not either', () => {
    expect(differences({ x: [0] }, { x: [-0] })).toEqual([])
  })

  it('tells a list from an object, and null from nothing', () => {
    expect(differences({ x: [] }, { x: {} })).toEqual([{ path: 'x', before: [], after: {} }])
    expect(differences({ x: null }, {})).toEqual([{ path: 'x', before: null }])
  })
})
