// What the statements on `snapshots` and `tallies` have in common on both engines.
import type { Snapshot, SnapshotHead } from './port.ts'

/** A boolean is 0 or 1 on SQLite. */
export interface SnapshotRow extends Omit<SnapshotHead, keyof Unread> {
  readonly propensities: string
  readonly allDecided: boolean | 0 | 1
  readonly ledgerUnits: number
  readonly ledgerRewards: number
  readonly weights: string | null
}

type Unread = Pick<Snapshot, 'propensities' | 'allDecided' | 'ledgerSize' | 'weights'>

export const SNAPSHOT_COLUMNS = `number, version, reason, created_at AS "createdAt", propensities,
  all_decided AS "allDecided", ledger_units AS "ledgerUnits", ledger_rewards AS "ledgerRewards", weights`

/** What an inserted row adds to the cell that is there. */
export function addToCell(larger: 'max' | 'greatest'): string {
  return `DO UPDATE SET
    units = tallies.units + excluded.units,
    ${compensated('sum')},
    ${compensated('sum_of_squares')},
    rewards = tallies.rewards + excluded.rewards,
    delayed_rewards = tallies.delayed_rewards + excluded.delayed_rewards,
    units_above = tallies.units_above + excluded.units_above,
    units_below = tallies.units_below + excluded.units_below,
    largest = ${larger}(tallies.largest, excluded.largest)`
}

/** Adds to a sum, and what rounding takes from it to the sum's error (Neumaier 1974, ZAMM 54). */
function compensated(sum: 'sum' | 'sum_of_squares'): string {
  const [before, added] = [`tallies.${sum}`, `excluded.${sum}`]
  const next = `(${before} + ${added})`
  return `
    ${sum}_error = tallies.${sum}_error + excluded.${sum}_error + CASE
      WHEN abs(${before}) >= abs(${added}) THEN (${before} - ${next}) + ${added}
      ELSE (${added} - ${next}) + ${before}
    END,
    ${sum} = ${next}`
}

export function snapshotOf({
  propensities,
  allDecided,
  ledgerUnits,
  ledgerRewards,
  weights,
  ...row
}: SnapshotRow): SnapshotHead {
  return {
    ...row,
    propensities: JSON.parse(propensities) as (number | null)[],
    allDecided: Boolean(allDecided),
    ledgerSize: { units: ledgerUnits, rewards: ledgerRewards },
    ...(weights !== null && { weights }),
  }
}
