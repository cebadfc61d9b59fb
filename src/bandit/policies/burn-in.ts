// An arm that was added later gets no more than an even share until enough of its units are mature:
// before that the policy knows its prior alone, and with an attribution window gave it most of the
// traffic for as long as the window.

/** Arms by position. */
interface BurnIn {
  /** The arm whose share is reserved, and so stays exactly as it is; null: there is none. */
  readonly reserved: number | null
  /** Whether the arm was there from the start, or has enough mature units. */
  readonly isMature: readonly boolean[]
}

/**
 * The propensities with those of arms that are not mature at most at the mean of their group: of
 * all active arms, or of those beside the reserved one. What is cut goes to the other arms of the
 * group in proportion, again and again until none that is not mature is above the mean; where all
 * are at it, they share evenly. Null stands for an arm that is not active, and stays. Against the
 * reference: 1e-9 (tests/bandit/policies/burn-in.test.ts).
 */
export function capNewArms(
  propensities: readonly (number | null)[],
  { reserved, isMature }: BurnIn,
): (number | null)[] {
  const group = propensities.flatMap((share, arm) => (share === null || arm === reserved ? [] : [{ arm, share }]))
  const total = 1 - (reserved === null ? 0 : (propensities[reserved] ?? 0))
  const cap = total / group.length
  const capped = new Set<number>()
  let scale = 1
  while (true) {
    const free = group.filter(({ arm }) => !capped.has(arm))
    const over = free.filter(({ arm, share }) => !isMature[arm] && share * scale > cap)
    if (over.length === 0) break
    for (const { arm } of over) capped.add(arm)
    const rest = free.filter(({ arm }) => !capped.has(arm)).reduce((sum, { share }) => sum + share, 0)
    if (rest === 0) break
    scale = (total - capped.size * cap) / rest
  }
  return propensities.map((share, arm) => {
    if (share === null || arm === reserved || capped.size === 0) return share
    return capped.has(arm) ? cap : share * scale
  })
}
