// Random UUIDs (version 4), written where they are wanted: the hard case of a key, since each one
// falls on another page.
import type { Chance } from '../../../src/stats/numerics/chance.ts'

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))
const HIGH = Uint8Array.from(HEX, pair => pair.charCodeAt(0))
const LOW = Uint8Array.from(HEX, pair => pair.charCodeAt(1))
const DASH = 0x2d
const LENGTH = 36

/** Where each of the 16 bytes stands. */
const PLACES = [0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34] as const
const DASHES = [8, 13, 18, 23] as const

export function writeUuid(bytes: Uint8Array, at: number, chance: Chance): void {
  let word = 0
  for (const [position, place] of PLACES.entries()) {
    if (position % 4 === 0) word = Math.floor(chance() * 2 ** 32)
    let byte = (word >>> (8 * (position % 4))) & 0xff
    if (position === 6) byte = 0x40 | (byte & 0x0f)
    if (position === 8) byte = 0x80 | (byte & 0x3f)
    bytes[at + place] = HIGH[byte] as number
    bytes[at + place + 1] = LOW[byte] as number
  }
  for (const dash of DASHES) bytes[at + dash] = DASH
}

export function randomUuid(chance: Chance): string {
  const bytes = Buffer.allocUnsafe(LENGTH)
  writeUuid(bytes, 0, chance)
  return bytes.toString('latin1')
}
