// What a key's owner holds: `pw_sk_` or `pw_pk_`, 30 random characters of base62 (178 bits), and 6
// that are the CRC-32 of all before them. So a key that was cut off or mistyped can be
// distinguished from a wrong one, and scanners for leaked secrets can recognise it.
import { hash } from 'node:crypto'
import { crc32 } from 'node:zlib'
import { KEY_KINDS, type KeyKind } from './key.ts'

const BASE62 = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
const RANDOM_LENGTH = 30
const CHECK_LENGTH = 6
const HINT_LENGTH = 4

/** Longer text is never a secret of the service, and is not hashed. */
export const LONGEST_SECRET = 256

/** `randomBelow` returns a random whole number from 0, less than its argument. */
export function newSecret(kind: KeyKind, randomBelow: (limit: number) => number): string {
  const random = Array.from({ length: RANDOM_LENGTH }, () => BASE62[randomBelow(BASE62.length)]).join('')
  const body = `${prefixOf(kind)}${random}`
  return body + checkOf(body)
}

/** The stored digest of a secret. */
export function digestOf(secret: string): string {
  return hash('sha256', secret)
}

/** The displayed part of a secret: its kind and 4 of its 30 characters. */
export function hintOf(secret: string): string {
  return `${secret.slice(0, prefixOf('sk').length + HINT_LENGTH)}…`
}

/** Text that was meant as one of our keys, and cannot be one: cut off, or mistyped. */
export function isBroken(text: string): boolean {
  if (!text.startsWith('pw_')) return false
  const isWhole = KEY_KINDS.some(kind => text.startsWith(prefixOf(kind)))
  const body = text.slice(0, -CHECK_LENGTH)
  return !isWhole || body.length !== prefixOf('sk').length + RANDOM_LENGTH || text !== body + checkOf(body)
}

function prefixOf(kind: KeyKind): string {
  return `pw_${kind}_`
}

function checkOf(body: string): string {
  let rest = crc32(body)
  let check = ''
  for (let place = 0; place < CHECK_LENGTH; place++) {
    check = (BASE62[rest % BASE62.length] as string) + check
    rest = Math.floor(rest / BASE62.length)
  }
  return check
}
