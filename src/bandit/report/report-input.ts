// All that a report is computed from. It is read once, at one instant; what follows from it is
// computed without a store.
import type { LedgerStore, StoredLedger } from '../../store/port.ts'
import { readBatchSums } from '../context/read-sums.ts'
import { type BatchSums, withMeanPropensities } from '../context/scored-ledger.ts'
import type { Change } from '../experiment/change.ts'
import { type Experiment, primaryMetricOf } from '../experiment/experiment.ts'
import { knownPart } from '../known-ledger.ts'
import type { Metric } from '../metrics/metric.ts'

export interface MetricInput {
  readonly metric: Metric
  readonly stored: StoredLedger
}

/** The ledger is that of the metric that is reported. */
export interface ReportInput extends MetricInput {
  readonly experiment: Experiment
  /** Of an experiment with features, what the units of each snapshot add up to; else empty. */
  readonly sums: readonly BatchSums[]
  /** Beside the primary metric every guardrail; beside another one none. */
  readonly guardrails: readonly MetricInput[]
  /** The history of the experiment up to its version, oldest first. */
  readonly changes: readonly Change[]
}

export type ReportStore = Pick<LedgerStore, 'readReportFacts'>

/** The metric is the primary one unless named. @throws StoreUnavailableError */
export async function readReportInput(
  store: ReportStore,
  experiment: Experiment,
  metric: Metric = primaryMetricOf(experiment.definition),
): Promise<ReportInput> {
  const { id, version, definition } = experiment
  const guardrails = metric.role === 'primary' ? definition.metrics.filter(({ role }) => role === 'guardrail') : []
  const positions = [metric, ...guardrails].map(each => definition.metrics.indexOf(each))
  const facts = await store.readReportFacts(id, positions)
  const { snapshots, cells, changes } = facts
  const known = knownPart({ snapshots, cells: [] }, version).snapshots
  const sums = await readBatchSums(definition, known, facts.sums)
  const storedOf = (place: number) => {
    const stored = knownPart({ snapshots, cells: cells[place] ?? [] }, version)
    return sums.length === 0 ? stored : withMeanPropensities(stored, sums)
  }
  return {
    experiment,
    sums,
    metric,
    stored: storedOf(0),
    guardrails: guardrails.map((guardrail, place) => ({ metric: guardrail, stored: storedOf(place + 1) })),
    changes: changes.filter(change => change.version <= version),
  }
}
