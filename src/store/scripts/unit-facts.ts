// The facts of an experiment unit by unit, and beside its ledgers.
import type {
  ArchivedCell,
  AuditedLedger,
  AuditVisitor,
  LedgerCell,
  SnapshotHead,
  StoredReward,
  UnitFacts,
} from '../port.ts'
import { read, type Script, statement } from './script.ts'

type AssignmentRow = Omit<UnitFacts, 'rewards'>
type RewardRow = Omit<StoredReward, 'isCounted'> & { readonly unit: string; readonly counted: boolean | 0 | 1 }

const READ_ASSIGNMENTS = statement<AssignmentRow>(`
  SELECT unit, arm, propensity, snapshot, assigned_at AS "assignedAt", context
  FROM assignments WHERE experiment_id = $1 AND unit > $2 ORDER BY unit LIMIT $3`)

/** Of a whole page: looking up the rewards of each unit took seven times as long. */
const READ_REWARDS = statement<RewardRow>(`
  SELECT unit, metric AS "metricPosition", sequence, value, at, counted, total, event_id AS id
  FROM rewards WHERE experiment_id = $1 AND unit >= $2 AND unit <= $3 ORDER BY unit, metric, sequence`)

const FIND_ARCHIVED = statement<ArchivedCell>(`
  SELECT snapshot, arm, units, sum, sum_of_squares AS "sumOfSquares", rewards, delayed_rewards AS "delayedRewards",
    units_above AS "unitsAbove", units_below AS "unitsBelow", largest AS "largestOutcome",
    last_assigned_at AS "lastAssignedAt"
  FROM archived_tallies WHERE experiment_id = $1 AND metric = $2 ORDER BY snapshot, arm`)

/** So many units are read at once, in some milliseconds; nobody is answered meanwhile on SQLite. */
const PAGE_UNITS = 500

/**
 * Shows the units that come after `after` (empty: all), in their order, until `visit` answers
 * false.
 */
export function* visitUnits(experimentId: number, after: string, visit: (facts: UnitFacts) => unknown): Script<void> {
  for (let last = after; ; ) {
    const page = yield* read(READ_ASSIGNMENTS, [experimentId, last, PAGE_UNITS])
    const [first, final] = [page[0], page.at(-1)]
    if (first === undefined || final === undefined) return
    const rewards = yield* read(READ_REWARDS, [experimentId, first.unit, final.unit])
    const byUnit = Map.groupBy(rewards, ({ unit }) => unit)
    for (const assignment of page) {
      const own = (byUnit.get(assignment.unit) ?? []).map(storedRewardOf)
      if (visit({ ...assignment, rewards: own }) === false) return
    }
    last = final.unit
  }
}

/** Each engine has its own. */
interface LedgerScripts {
  findSnapshots(experimentId: number): Script<SnapshotHead[]>
  findCells(experimentId: number, metricPosition: number): Script<LedgerCell[]>
}

/**
 * Shows every unit of an experiment to `visit`; answers the ledger of each metric. To be carried
 * out at one instant.
 */
export function* audit(
  { findSnapshots, findCells }: LedgerScripts,
  experimentId: number,
  metricCount: number,
  visit: AuditVisitor,
): Script<AuditedLedger[]> {
  const snapshots = yield* findSnapshots(experimentId)
  yield* visitUnits(experimentId, '', facts => visit(facts, snapshots))
  const ledgers: AuditedLedger[] = []
  for (let metric = 0; metric < metricCount; metric++) {
    const cells = yield* findCells(experimentId, metric)
    ledgers.push({ snapshots, cells, archived: yield* read(FIND_ARCHIVED, [experimentId, metric]) })
  }
  return ledgers
}

function storedRewardOf({ unit: _, counted, ...row }: RewardRow): StoredReward {
  return { ...row, isCounted: Boolean(counted) }
}
