// What the ledger teaches: a posterior for each arm, from the effective counts of the mature batches.
import { effectiveCounts, type Ledger, matureBatches } from '../stats/ledger.ts'
import { betaPosterior, normalPosteriors, type Posterior } from '../stats/posterior.ts'
import { controlOf, type Definition, type Experiment, primaryMetricOf } from './experiment.ts'
import { ledgerOf } from './maturity.ts'
import type { Metric } from './metric.ts'
import { propensitiesOf } from './propensities.ts'
import type { Snapshot, SnapshotReason, StoredLedger } from './store.ts'

/** The posterior of each arm's mean outcome; null while a continuous metric shows too little, or no, variation. */
export function posteriorsOf(definition: Definition, metric: Metric, ledger: Ledger): readonly Posterior[] | null {
  const counts = effectiveCounts(matureBatches(ledger), definition.arms.length)
  if (metric.type === 'binary') return counts.map(tally => betaPosterior(tally, definition.policy.prior))
  const learned = normalPosteriors(counts)
  return learned.known ? learned.posteriors : null
}

/** What the policy makes of a ledger of the primary metric: the propensity of each arm, null where it is not active. */
export function learnedPropensities(definition: Definition, ledger: Ledger): (number | null)[] {
  const metric = primaryMetricOf(definition)
  return propensitiesOf(definition.policy, {
    posteriors: posteriorsOf(definition, metric, ledger),
    active: definition.arms.map(arm => !arm.retired),
    control: controlOf(definition),
    goal: metric.goal,
    keys: definition.arms.map(arm => arm.key),
    allDecided: false,
  })
}

/** The policy frozen anew, from the stored ledger of the primary metric. It closes the batch before it, so none is open. */
export function nextSnapshot(
  experiment: Experiment,
  stored: StoredLedger,
  { reason, now }: { reason: SnapshotReason; now: number },
): Snapshot {
  const { definition, version } = experiment
  const ledger = ledgerOf(experiment, primaryMetricOf(definition), stored, now, false)
  const propensities = learnedPropensities(definition, ledger)
  const number = (stored.snapshots.at(-1)?.number ?? 0) + 1
  return { number, version, reason, createdAt: now, propensities, ledgerSize: sizeOf(stored) }
}

function sizeOf({ cells }: StoredLedger) {
  let [units, rewards] = [0, 0]
  for (const cell of cells) {
    units += cell.units
    rewards += cell.rewards
  }
  return { units, rewards }
}
