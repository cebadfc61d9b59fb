import { describe, expect, it } from 'vitest'
import { differences } from '../../src/bandit/difference.ts'

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

  it('tells a list from an object, and null from nothing', () => {
    expect(differences({ x: [] }, { x: {} })).toEqual([{ path: 'x', before: [], after: {} }])
    expect(differences({ x: null }, {})).toEqual([{ path: 'x', before: null }])
  })
})
