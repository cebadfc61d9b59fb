// How much an old batch still counts for a policy that forgets. Lifts are never discounted: they
// are about all units. context.md G.

/**
 * `D = 2^(−age/halfLife)`, in (0, 1]; 1 where there is no half-life. `ageMs`: from when the next
 * snapshot was taken to the snapshot that learns; 0 for the open batch.
 */
export function discountAt(ageMs: number, halfLifeMs: number | null): number {
  return halfLifeMs === null ? 1 : 2 ** (-Math.max(0, ageMs) / halfLifeMs)
}
