import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { digestOf, hintOf, isBroken, newSecret } from '../../src/access/secret.ts'
import { seededRandom } from '../support/samples/random.ts'

const random = seededRandom(7)
const below = (limit: number) => Math.floor(random() * limit)

describe('newSecret()', () => {
  it.each(['sk', 'pk'] as const)('has the form that secret scanners recognise: %s', kind => {
    for (let times = 0; times < 200; times++) {
      const secret = newSecret(kind, below)
      expect(secret).toMatch(new RegExp(`^pw_${kind}_[0-9A-Za-z]{36}$`))
      expect(isBroken(secret)).toBe(false)
    }
  })

  it('uses all 62 characters, and differs each time', () => {
    const secrets = Array.from({ length: 400 }, () => newSecret('sk', below))
    expect(new Set(secrets).size).toBe(400)
    expect(new Set(secrets.flatMap(secret => [...secret.slice(6, 36)])).size).toBe(62)
  })

  it('ends in the CRC-32 of what is before it, in base62', () => {
    // Python's zlib.crc32 of "pw_sk_" and thirty zeros is 0xb29801da.
    expect(newSecret('sk', () => 0)).toBe(`pw_sk_${'0'.repeat(30)}3GmCAU`)
  })
})

describe('isBroken()', () => {
  const secret = newSecret('pk', below)

  it.each([
    ['cut off', secret.slice(0, -1)],
    ['with more behind it', `${secret}0`],
    ['with two characters exchanged', secret.slice(0, 10) + secret[11] + secret[10] + secret.slice(12)],
    ['of another kind', secret.replace('pw_pk_', 'pw_sk_')],
    ['of a kind that is none', secret.replace('pw_pk_', 'pw_xk_')],
    ['in capitals', `pw_pk_${secret.slice(6).toUpperCase()}`],
    ['only a prefix', 'pw_pk_'],
  ])('tells a key %s', (_, text) => {
    expect(text).not.toBe(secret)
    expect(isBroken(text)).toBe(true)
  })

  it('notices any one character that was mistyped', () => {
    for (let place = 6; place < secret.length; place++) {
      const other = secret[place] === 'x' ? 'y' : 'x'
      expect(isBroken(secret.slice(0, place) + other + secret.slice(place + 1)), String(place)).toBe(true)
    }
  })

  it('is false for text that does not resemble a secret', () => {
    expect(isBroken('correct-horse-battery-staple')).toBe(false)
    expect(isBroken('')).toBe(false)
  })
})

describe('digestOf() and hintOf()', () => {
  it('keep the SHA-256, and four characters', () => {
    const secret = newSecret('sk', below)
    expect(digestOf(secret)).toBe(createHash('sha256').update(secret).digest('hex'))
    expect(hintOf(secret)).toBe(`${secret.slice(0, 10)}…`)
  })
})
