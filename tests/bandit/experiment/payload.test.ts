import { describe, expect, it } from 'vitest'
import { payloadFaults, payloadTypeOf } from '../../../src/bandit/experiment/payload.ts'

describe('payloadTypeOf()', () => {
  it.each([
    ['', 'string'],
    [false, 'boolean'],
    [0, 'number'],
    [0.5, 'number'],
    [{}, 'object'],
    [[], 'list'],
    [null, null],
    [undefined, null],
  ])('calls %j %s', (payload, type) => {
    expect(payloadTypeOf(payload)).toBe(type)
  })
})

describe('payloadFaults()', () => {
  it('finds none where the payloads have one type, and some arms none', () => {
    expect(payloadFaults([{ key: 'a' }, { key: 'b', payload: 1 }, null, { key: 'c', payload: 0.5 }])).toEqual([])
    expect(payloadFaults([{ key: 'a', payload: null }, { key: 'b' }])).toEqual([])
  })

  it('names each payload of another type than the first, and both types', () => {
    const faults = payloadFaults([
      { key: 'a' },
      { key: 'b', payload: { template: 'm1' } },
      { key: 'c', payload: 'm2' },
      { key: 'd', payload: [] },
    ])
    const rest = 'but that of "b" is an object: payloads of one experiment have one type'
    expect(faults).toEqual([
      { path: 'arms[2].payload', message: `is a string, ${rest}` },
      { path: 'arms[3].payload', message: `is a list, ${rest}` },
    ])
  })
})
