// A seeded shuffle, so that a replay can be repeated exactly.
import type { Recording } from './recording.ts'

/**
 * A copy in an order that the seed decides, each order equally likely but for the 2³² seeds (Fisher
 * and Yates 1938, Durstenfeld 1964).
 */
export function shuffle<Item>(items: readonly Item[], seed: number): Item[] {
  const random = seededRandom(seed)
  const shuffled = [...items]
  for (let last = shuffled.length - 1; last > 0; last--) {
    const other = Math.floor(random() * (last + 1))
    const item = shuffled[last] as Item
    shuffled[last] = shuffled[other] as Item
    shuffled[other] = item
  }
  return shuffled
}

/**
 * The recording with each arm's outcomes of a day in an order of their own; days stay in order. Its
 * description contains the seed.
 */
export function shuffleOutcomes(recording: Recording, seed: number): Recording {
  const { definition, outcomes } = recording
  const shuffled = [...outcomes].map(
    ([arm, ofArm], position) =>
      [arm, shuffle(ofArm, seed + position * GOLDEN_GAMMA).toSorted((a, b) => a.day - b.day)] as const,
  )
  const description = `${definition.description}; shuffled by seed ${seed}`
  return { ...recording, definition: { ...definition, description }, outcomes: new Map(shuffled) }
}

/** 2³² over the golden ratio: keeps the arms of one seed away from those of the next seeds. */
const GOLDEN_GAMMA = 0x9e3779b9

/** Uniform on [0, 1), by mulberry32 (Ettinger 2017). */
function seededRandom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
