// Which arms are starved: active, and yet with hardly any units of late, so that nothing more is
// learned of them. A bandit does so on purpose with arms that lose; a person decides whether that
// is what was meant.

import type { StoredLedger } from '../../store/port.ts'
import type { Definition } from '../experiment/experiment.ts'

/**
 * A starved arm is promised less than this part of an even share among the active arms, and is fed
 * again from twice as much.
 */
const STARVED_PART = 0.1
/** What sums of propensities may miss: an exploration of just that part starves nobody. */
const ROUNDING = 1e-9

/** So many units of an even share are looked back at. */
const LOOK_BACK = 50
const MIN_LOOK_BACK = 1_000

interface Exposure {
  readonly arm: string
  readonly isStarved: boolean
  /** Units that the arm got, among `of` units of the experiment. */
  readonly units: number
  readonly of: number
}

/**
 * The active arms of which enough can be said, judged by the shares that they were promised: by the
 * units that they got, an arm that is promised the least share by design would be starved now and
 * fed then, by chance. `wasStarved`: which were starved when it was last looked.
 */
export function exposuresOf(
  definition: Definition,
  { snapshots, cells }: StoredLedger,
  wasStarved: (arm: string) => boolean,
): Exposure[] {
  const active = definition.arms.flatMap(({ retired }, position) => (retired ? [] : [position]))
  const lookBack = Math.max(MIN_LOOK_BACK, LOOK_BACK * active.length)
  const all = new Map<number, number>()
  const own = new Map<number, number>()
  const promised = new Map<number, number>()
  let cell = cells.length - 1
  for (const { number, propensities, units } of snapshots.toReversed()) {
    const hungry = active.filter(arm => propensities[arm] != null && (all.get(arm) ?? 0) < lookBack)
    if (hungry.length === 0) break
    for (const arm of hungry) {
      all.set(arm, (all.get(arm) ?? 0) + units)
      promised.set(arm, (promised.get(arm) ?? 0) + units * (propensities[arm] ?? 0))
    }
    while ((cells[cell]?.snapshot ?? 0) > number) cell -= 1
    for (let found = cells[cell]; found?.snapshot === number; found = cells[--cell]) {
      if (hungry.includes(found.arm)) own.set(found.arm, (own.get(found.arm) ?? 0) + found.units)
    }
  }
  return active.flatMap(position => {
    const [units, of] = [own.get(position) ?? 0, all.get(position) ?? 0]
    const arm = definition.arms[position]?.key as string
    if (of < lookBack) return []
    const part = wasStarved(arm) ? 2 * STARVED_PART : STARVED_PART
    return [{ arm, isStarved: (promised.get(position) ?? 0) < ((part - ROUNDING) * of) / active.length, units, of }]
  })
}
