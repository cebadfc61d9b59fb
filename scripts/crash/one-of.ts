import type { Chance } from '../../src/stats/numerics/chance.ts'

/** One of the kinds by chance, of which each has so many shares in a hundred. */
export function oneOf<Kind extends string>(shares: Readonly<Record<Kind, number>>, chance: Chance): Kind {
  const kinds = Object.entries<number>(shares) as [Kind, number][]
  let rest = chance() * 100
  for (const [kind, share] of kinds) {
    rest -= share
    if (rest < 0) return kind
  }
  return (kinds[0] as [Kind, number])[0]
}
