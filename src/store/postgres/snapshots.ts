import type { LedgerStore, Pulse } from '../port.ts'
import type { Connection } from './connection/connection.ts'
import { statement } from './connection/statement.ts'
import { lockExperiment } from './experiments.ts'
import { findCells, findSnapshots, insertSnapshot } from './ledger-table.ts'

/** A row for each metric; one without a metric for an experiment without units. */
type PulseRow = Omit<Pulse, 'rewards'> & { readonly metric: number | null; readonly rewards: number }

const READ_PULSE = statement<PulseRow>(`
  SELECT id AS "experimentId", version, metric, coalesce(sum(units), 0)::bigint AS units,
    coalesce(sum(rewards), 0)::bigint AS rewards,
    coalesce((SELECT max(number) FROM snapshots WHERE experiment_id = id), 0) AS snapshot
  FROM experiments LEFT JOIN growth ON experiment_id = id
  GROUP BY id, version, metric ORDER BY id, metric`)

export function snapshotCommands(connection: Connection): Omit<LedgerStore, 'audit'> {
  return {
    findSnapshots: experimentId => findSnapshots(connection, experimentId),

    takeSnapshot: (experimentId, snapshot) =>
      connection.transaction(async tx => {
        if (!(await lockExperiment(tx, experimentId, snapshot.version))) return false
        return (await insertSnapshot(tx, experimentId, snapshot)).count === 1
      }),

    readLedger: (experimentId, metricPosition) =>
      connection.atOneInstant(async tx => {
        const reading = [findSnapshots(tx, experimentId), findCells(tx, experimentId, metricPosition)] as const
        const [snapshots, cells] = await Promise.all(reading)
        return { snapshots, cells }
      }),

    // Who has written is not known here, so it is always told.
    readPulse: async () => {
      const rows = Map.groupBy(await connection.ask(READ_PULSE), ({ experimentId }) => experimentId)
      return [...rows.values()].map(pulseOf)
    },
  }
}

/** Every metric counts all units; where there are any, each has its row. */
function pulseOf(rows: readonly PulseRow[]): Pulse {
  const { experimentId, version, snapshot, units } = rows[0] as PulseRow
  const rewards = rows.flatMap(row => (row.metric === null ? [] : [row.rewards]))
  return { experimentId, version, snapshot, units, rewards }
}
