// How many snapshots an experiment comes to have. Units arrive evenly, rewards with them, and the
// service's own rule (Growth) says when a snapshot is due; nothing else is simulated, so that a
// year of a billion units a day takes a moment.
import { Growth, REFRESH_INTERVAL_MS } from '../../src/bandit/growth.ts'

export interface Arrivals {
  readonly unitsPerDay: number
  readonly rewardsPerUnit: number
  /** Of attribution; null: none. */
  readonly windowMs: number | null
}

/** How large the ledger was when so many units had come. */
export interface LedgerSize {
  readonly units: number
  readonly snapshots: number
}

/** What says that a snapshot is due; `Growth`, but for a test's control. */
export type Rule = Pick<Growth, 'addUnits' | 'addRewards' | 'isDue' | 'snapshotTaken' | 'size'>

const DAY_MS = 86_400_000

/** As often as the service looks whether a snapshot is due. */
const TICK_MS = 100

/**
 * Ticks are left out while fewer units come than this share of those there are: a snapshot may come
 * late by so much of its 2 %.
 */
const STEP_SHARE = 0.0005

/** A size for each of `at`, which are counts of units in growing order. */
export function growLedger(
  { unitsPerDay, rewardsPerUnit, windowMs }: Arrivals,
  at: readonly number[],
  rule: Rule = new Growth(windowMs),
): LedgerSize[] {
  const msPerUnit = DAY_MS / unitsPerDay
  let [now, units, rewards, snapshots] = [0, 0, 0, 1]
  const take = () => rule.snapshotTaken({ number: snapshots, createdAt: now, ledgerSize: rule.size })
  take()
  return at.map(goal => {
    while (units < goal) {
      const ms = Math.max(msPerUnit, TICK_MS, STEP_SHARE * units * msPerUnit)
      now = Math.min(now + ms, goal * msPerUnit)
      const arrived = Math.min(goal, Math.floor(now / msPerUnit + ROUNDING))
      rule.addUnits(snapshots, arrived - units, now)
      rule.addRewards(Math.floor(arrived * rewardsPerUnit) - rewards)
      units = arrived
      rewards = Math.floor(units * rewardsPerUnit)
      if (!rule.isDue(now)) continue
      snapshots += 1
      take()
    }
    return { units, snapshots }
  })
}

/** A unit that is due at this very instant has come. */
const ROUNDING = 1e-6

/** Seconds, and so snapshots, until two per cent are more than a second's units. */
const FIRST_SECONDS = 50

/**
 * What that should come to without rewards and window: while two per cent are less than one unit,
 * or less than a second brings, each unit or each second has a snapshot of its own, fifty in all;
 * then each is two per cent further than the last one.
 */
export function predictedSnapshots({ unitsPerDay }: Pick<Arrivals, 'unitsPerDay'>, units: number): number {
  const perSnapshot = Math.max(1, (unitsPerDay / DAY_MS) * REFRESH_INTERVAL_MS)
  const first = FIRST_SECONDS * perSnapshot
  return units <= first ? 1 + units / perSnapshot : 1 + FIRST_SECONDS + Math.log(units / first) / Math.log(1.02)
}
