// The facts of an experiment, unit by unit.
import type { Assignment } from '../../bandit/facts.ts'
import type { StoredReward, UnitFacts } from '../port.ts'
import { statement } from './connection/statement.ts'
import type { Transaction } from './connection/transaction.ts'

/** So many units are read at once. */
const PAGE_UNITS = 1_000

const READ_ASSIGNMENTS = statement<Assignment>(`
  SELECT unit, arm, propensity, snapshot, assigned_at AS "assignedAt"
  FROM assignments WHERE experiment_id = $1 AND unit > $2 ORDER BY unit LIMIT $3`)

type RewardRow = StoredReward & { readonly unit: string }

const READ_REWARDS = statement<RewardRow>(`
  SELECT unit, metric AS "metricPosition", sequence, value, at, counted AS "isCounted", total, event_id AS id
  FROM rewards WHERE experiment_id = $1 AND unit >= $2 AND unit <= $3 ORDER BY unit, metric, sequence`)

/** Every unit that comes after `after` with its rewards, in the order of units. */
export async function* unitFacts(tx: Transaction, experimentId: number, after = ''): AsyncGenerator<UnitFacts[]> {
  for (let last = after; ; ) {
    const page = await tx.ask(READ_ASSIGNMENTS, [experimentId, last, PAGE_UNITS])
    const [first, final] = [page[0], page.at(-1)]
    if (first === undefined || final === undefined) return
    const rewards = await tx.ask(READ_REWARDS, [experimentId, first.unit, final.unit])
    const byUnit = Map.groupBy(rewards, ({ unit }) => unit)
    yield page.map(assignment => ({ ...assignment, rewards: (byUnit.get(assignment.unit) ?? []).map(storedRewardOf) }))
    last = final.unit
  }
}

function storedRewardOf({ unit: _, ...reward }: RewardRow): StoredReward {
  return reward
}
