// A seeded random generator for simulations: the same seed gives the same numbers on every machine.
// Not for salts, keys, or anything else that must not be guessed.

/** Uniform on [0, 1), in steps of 2⁻⁵³. Each call is a new draw. */
export type Chance = () => number

/**
 * Independent streams from one seed, both whole numbers in [0, 2⁵³): sfc32 (Doty-Humphrey 2010,
 * PractRand; 128 bits of state with a counter, so every period is at least 2³²), two outputs a
 * draw.
 *
 * @throws RangeError when seed or stream is no such number.
 */
export function seededChance(seed: number, stream = 0): Chance {
  const next = sfc32(low(seed), high(seed), low(stream), high(stream))
  return () => ((next() >>> 5) * 2 ** 26 + (next() >>> 6)) * 2 ** -53
}

// A seed fills three words and a bit. The generator's author advises 12 rounds, and each word needs
// its turn.
const WARM_UP = 24

function sfc32(a: number, b: number, c: number, d: number): () => number {
  // The counter starts at 1; the fourth word of the seed is stirred in after the others.
  let counter = 1
  const next = () => {
    const result = (a + b + counter) | 0
    counter = (counter + 1) | 0
    a = b ^ (b >>> 9)
    b = (c + (c << 3)) | 0
    c = ((c << 21) | (c >>> 11)) + result
    c |= 0
    return result
  }
  for (let round = 0; round < WARM_UP; round++) next()
  a ^= d
  for (let round = 0; round < WARM_UP; round++) next()
  return next
}

function low(whole: number): number {
  if (!(Number.isSafeInteger(whole) && whole >= 0)) {
    throw new RangeError(`Cannot seed with ${whole}: it must be a whole number from 0 to 2⁵³ − 1`)
  }
  return whole | 0
}

function high(whole: number): number {
  return Math.floor(whole / 2 ** 32) | 0
}
