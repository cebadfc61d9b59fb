// What the ledger teaches: a posterior for each arm, from the effective counts of the mature
// batches.

import type { Posterior } from '../../stats/belief/posterior.ts'
import { effectiveCounts, type Ledger, matureBatches } from '../../stats/ledger.ts'
import { RunningDecision } from '../../stats/lift/all-decided.ts'
import type { LedgerStore, NewSnapshot, SnapshotReason, StoredLedger } from '../../store/port.ts'
import { freezeContext } from '../context/freeze-context.ts'
import { controlOf, type Definition, type Experiment, primaryMetricOf } from '../experiment/experiment.ts'
import { batchesInPieces } from '../give-way.ts'
import { ledgerOf } from '../maturity.ts'
import type { Metric } from '../metrics/metric.ts'
import { kindOf } from '../metrics/registry.ts'
import { capNewArms } from './burn-in.ts'
import { waitsForVerdicts } from './policy.ts'
import { propensitiesOf } from './propensities.ts'
import { readsContext } from './registry.ts'

/** The posterior of each arm's mean outcome; null while nothing is known yet. */
export function posteriorsOf(definition: Definition, metric: Metric, ledger: Ledger): readonly Posterior[] | null {
  const counts = effectiveCounts(matureBatches(ledger), definition.arms.length)
  return kindOf(metric).posteriorsOf(counts, definition.policy.prior)
}

/**
 * What the policy makes of a ledger of the primary metric, from the first batch on: the propensity
 * of each arm, null where it is not active. `allDecided`: see `Snapshot`.
 */
export function learnedPropensities(definition: Definition, ledger: Ledger, allDecided: boolean): (number | null)[] {
  const { policy } = definition
  const metric = primaryMetricOf(definition)
  const control = controlOf(definition)
  const propensities = propensitiesOf(policy, {
    posteriors: posteriorsOf(definition, metric, ledger),
    active: definition.arms.map(arm => !arm.retired),
    control,
    goal: metric.goal,
    keys: definition.arms.map(arm => arm.key),
    allDecided,
  })
  const burnIn = 'burnIn' in policy ? (policy.burnIn ?? 0) : 0
  if (burnIn === 0) return propensities
  const isReserved = 'controlShare' in policy && policy.controlShare !== null
  return capNewArms(propensities, {
    reserved: isReserved ? control : null,
    isMature: maturityOf(ledger, definition.arms.length, burnIn),
  })
}

/**
 * The policy frozen anew, from the stored ledger of the primary metric and, where there are
 * features, from the sums that the store has. It closes the batch before it, so none is open.
 *
 * @throws StoreUnavailableError
 */
export async function nextSnapshot(
  store: Pick<LedgerStore, 'readSums'>,
  experiment: Experiment,
  stored: StoredLedger,
  { reason, now }: { reason: SnapshotReason; now: number },
): Promise<NewSnapshot> {
  const { definition, version } = experiment
  const ledger = ledgerOf(experiment, primaryMetricOf(definition), stored, now, false)
  const last = stored.snapshots.at(-1)
  const allDecided = (last?.allDecided ?? false) || (await isDecided(definition, ledger))
  const shares = readsContext(definition.policy.type) ? null : learnedPropensities(definition, ledger, allDecided)
  const frozen = await freezeContext(store, experiment, { heads: stored.snapshots, ledger, shares, now })
  const propensities = shares ?? frozen?.propensities
  if (propensities === undefined) throw new TypeError(`The policy ${definition.policy.type} has no features to read`)
  const number = (last?.number ?? 0) + 1
  const learned = { propensities, allDecided, ledgerSize: sizeOf(stored) }
  return { number, version, reason, createdAt: now, ...learned, ...frozen?.texts }
}

/** Whether each arm was there from the first batch on, or has so many mature units. */
function maturityOf(ledger: Ledger, armCount: number, burnIn: number): boolean[] {
  const [first] = ledger
  const units = new Array<number>(armCount).fill(0)
  for (const { tallies } of matureBatches(ledger)) {
    for (const [arm, tally] of tallies.entries()) units[arm] = (units[arm] ?? 0) + tally.units
  }
  return units.map((count, arm) => first === undefined || first.propensities[arm] != null || count >= burnIn)
}

/**
 * Looked for only where the policy waits for it: of 200 arms it takes half as long as the rest of
 * the snapshot.
 */
async function isDecided(definition: Definition, ledger: Ledger): Promise<boolean> {
  const { arms, policy, alpha, plannedUnits } = definition
  if (!waitsForVerdicts(policy)) return false
  const active = arms.flatMap((arm, position) => (arm.retired ? [] : [position]))
  const metric = primaryMetricOf(definition)
  const options = { arms: arms.length, control: controlOf(definition), metric, alpha, plannedUnits }
  const running = new RunningDecision(options, active)
  await batchesInPieces(matureBatches(ledger), arms.length, batch => running.add(batch))
  return running.areAllDecided()
}

function sizeOf({ cells }: StoredLedger) {
  let [units, rewards] = [0, 0]
  for (const cell of cells) {
    units += cell.units
    rewards += cell.rewards
  }
  return { units, rewards }
}
