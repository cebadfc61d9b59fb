import type { Assignment } from '../../bandit/facts.ts'
import type { StoredLedger, StoredReward, UnitFacts } from '../../bandit/store.ts'
import type { Connection } from './connection.ts'
import { findCells, findSnapshots } from './ledger-table.ts'
import { statement } from './statement.ts'
import type { Transaction } from './transaction.ts'

/** So many units are read at once. */
const PAGE_UNITS = 1_000

const READ_ASSIGNMENTS = statement<Assignment>(`
  SELECT unit, arm, propensity, snapshot, assigned_at AS "assignedAt"
  FROM assignments WHERE experiment_id = $1 AND unit > $2 ORDER BY unit LIMIT $3`)

const READ_REWARDS = statement<StoredReward & { readonly unit: string }>(`
  SELECT unit, metric AS "metricPosition", value, at, counted AS "isCounted", total
  FROM rewards WHERE experiment_id = $1 AND unit >= $2 AND unit <= $3 ORDER BY unit, metric, sequence`)

/**
 * Shows every unit of an experiment to `visit`; answers the ledger of each metric as it was at the same instant.
 *
 * @throws StoreUnavailableError
 */
export function audit(
  connection: Connection,
  experimentId: number,
  metricCount: number,
  visit: (facts: UnitFacts) => void,
): Promise<StoredLedger[]> {
  return connection.atOneInstant(async tx => {
    await showUnits(tx, experimentId, visit)
    return readLedgers(tx, experimentId, metricCount)
  })
}

async function showUnits(tx: Transaction, experimentId: number, visit: (facts: UnitFacts) => void): Promise<void> {
  for (let after = ''; ; ) {
    const page = await tx.ask(READ_ASSIGNMENTS, [experimentId, after, PAGE_UNITS])
    const [first, last] = [page[0], page.at(-1)]
    if (first === undefined || last === undefined) return
    const rewards = await tx.ask(READ_REWARDS, [experimentId, first.unit, last.unit])
    const byUnit = Map.groupBy(rewards, ({ unit }) => unit)
    for (const assignment of page) visit({ ...assignment, rewards: (byUnit.get(assignment.unit) ?? []).map(rewardOf) })
    after = last.unit
  }
}

async function readLedgers(tx: Transaction, experimentId: number, metricCount: number): Promise<StoredLedger[]> {
  const snapshots = await findSnapshots(tx, experimentId)
  const reading = Array.from({ length: metricCount }, async (_, metricPosition) => ({
    snapshots,
    cells: await findCells(tx, experimentId, metricPosition),
  }))
  return Promise.all(reading)
}

function rewardOf({ unit: _, ...reward }: StoredReward & { readonly unit: string }): StoredReward {
  return reward
}
