// Draws by seeded chance.
import type { Chance } from '../../src/stats/numerics/chance.ts'

/** One of the kinds, of which each has so many shares in a hundred. */
export function drawKind<Kind extends string>(shares: Readonly<Partial<Record<Kind, number>>>, chance: Chance): Kind {
  const kinds = Object.entries<number>(shares as Record<Kind, number>) as [Kind, number][]
  let rest = chance() * 100
  for (const [kind, share] of kinds) {
    rest -= share
    if (rest < 0) return kind
  }
  return (kinds[0] as [Kind, number])[0]
}

export function drawOne<Thing>(things: readonly Thing[], chance: Chance): Thing {
  return things[Math.floor(things.length * chance())] as Thing
}
