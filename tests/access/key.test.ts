import { describe, expect, it } from 'vitest'
import { type KeyTerms, keyFaults } from '../../src/access/key.ts'

const WEB: KeyTerms = { name: 'web', kind: 'pk', scopes: ['assign', 'reward'], rate: null }

describe('keyFaults()', () => {
  it.each<[what: string, terms: Partial<KeyTerms>]>([
    ['a pk key that assigns and rewards', {}],
    ['a pk key that assigns', { scopes: ['assign'] }],
    ['an sk key with all scopes', { kind: 'sk', scopes: ['assign', 'reward', 'read', 'admin'] }],
    ['a rate', { rate: '5000/m' }],
    ['a long name', { name: `a${'-'.repeat(63)}` }],
  ])('finds none in %s', (_, terms) => {
    expect(keyFaults({ ...WEB, ...terms })).toEqual([])
  })

  it.each<[what: string, terms: object, path: string]>([
    ['a pk key that administrates', { scopes: ['assign', 'admin'] }, 'scopes'],
    ['a pk key that reads', { scopes: ['read'] }, 'scopes'],
    ['a key without scopes', { scopes: [] }, 'scopes'],
    ['a scope that is none', { kind: 'sk', scopes: ['write'] }, 'scopes'],
    ['a kind that is none', { kind: 'ck' }, 'kind'],
    ['no name', { name: '' }, 'name'],
    ['a name in capitals', { name: 'Web' }, 'name'],
    ['a name that is too long', { name: 'a'.repeat(65) }, 'name'],
    ['the name of the key of the environment', { name: 'admin' }, 'name'],
    ['the name of nobody', { name: 'anonymous' }, 'name'],
    ['a rate that is none', { rate: 'often' }, 'rate'],
  ])('finds %s', (_, terms, path) => {
    expect(keyFaults({ ...WEB, ...terms }).map(fault => fault.path)).toEqual([path])
  })

  it('names every fault at once', () => {
    const wrong = { name: '', kind: 'pk', scopes: ['read', 'admin'], rate: '1' } as const
    expect(keyFaults(wrong).map(({ path }) => path)).toEqual(['name', 'scopes', 'scopes', 'rate'])
  })
})
