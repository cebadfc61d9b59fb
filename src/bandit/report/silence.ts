// Whether the rewards of an experiment have fallen silent: units come, and nothing is heard of
// them. What is long is told by the experiment's own pace, as its snapshots have noted it.
import type { StoredLedger } from '../../store/port.ts'

/** So many rewards are missing at least: by chance that comes about less than once in 10⁸. */
const MISSING_REWARDS = 20

/** A silence is longer than any before it, by this factor; and never shorter than ten minutes. */
const LONGEST_FACTOR = 2
const MIN_SILENCE_MS = 10 * 60_000

/** Where no reward has ever come: after so many units, and a day. */
const FIRST_UNITS = 1_000
const FIRST_SILENCE_MS = 24 * 3_600_000

export interface Silence {
  /** No reward was counted since then, ms since 1970. */
  readonly since: number
  /** Units that were assigned since then. */
  readonly units: number
  /** Rewards that so many units had brought before; 0 where there never was one. */
  readonly missingRewards: number
}

/** Null while rewards come, or nothing can be said. From the ledger of the primary metric. */
export function silenceOf({ snapshots, cells }: StoredLedger, now: number): Silence | null {
  const [first] = snapshots
  if (first === undefined) return null
  let [units, rewards] = [0, 0]
  for (const cell of cells) {
    units += cell.units
    rewards += cell.rewards
  }
  if (rewards === 0) {
    const isLong = units >= FIRST_UNITS && now - first.createdAt >= FIRST_SILENCE_MS
    return isLong ? { since: first.createdAt, units, missingRewards: 0 } : null
  }
  // Snapshots note how many rewards there were: a run of equal counts is a silence.
  let longest = 0
  let since = first
  for (const snapshot of snapshots) {
    if (snapshot.ledgerSize.rewards === since.ledgerSize.rewards) continue
    longest = Math.max(longest, snapshot.createdAt - since.createdAt)
    since = snapshot
  }
  if (rewards !== since.ledgerSize.rewards) return null
  const unitsSince = units - since.ledgerSize.units
  const missingRewards = since.ledgerSize.units === 0 ? 0 : (unitsSince * rewards) / since.ledgerSize.units
  const isLong = now - since.createdAt >= Math.max(MIN_SILENCE_MS, LONGEST_FACTOR * longest)
  return isLong && missingRewards >= MISSING_REWARDS
    ? { since: since.createdAt, units: unitsSince, missingRewards }
    : null
}
