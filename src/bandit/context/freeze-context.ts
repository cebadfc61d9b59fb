// What a snapshot of an experiment with features freezes beside its shares: the rule, the
// predictions, and by what its units are weighed.

import { freezeSnapshot, type SnapshotOptions } from '../../stats/context/freeze-snapshot.ts'
import { ContextRule, type FrozenRule } from '../../stats/context/frozen-rule.ts'
import type { Ledger } from '../../stats/ledger.ts'
import type { LedgerStore, SnapshotHead } from '../../store/port.ts'
import { controlOf, type Definition, type Experiment, primaryMetricOf } from '../experiment/experiment.ts'
import { encode } from '../features/encode.ts'
import { segmentLevelCount } from '../features/segment.ts'
import { giveWay } from '../give-way.ts'
import { parseWindow } from '../metrics/metric.ts'
import { closedBatches, readBatchSums } from './read-sums.ts'
import { ruleText } from './snapshot-rule.ts'
import { weightsOf } from './snapshot-weights.ts'

interface Known {
  readonly heads: readonly SnapshotHead[]
  /** Of the primary metric, with all of its batches closed; as long as `heads`. */
  readonly ledger: Ledger
  /** By arm, null where it is not active; null: the policy reads contexts. */
  readonly shares: readonly (number | null)[] | null
  /** When the snapshot is taken. */
  readonly now: number
}

interface Frozen {
  /** By arm; of a policy that reads contexts those of a unit that is missing every feature. */
  readonly propensities: readonly (number | null)[]
  readonly texts: { readonly rule: string; readonly weights: string }
}

/** Null without features. @throws StoreUnavailableError */
export async function freezeContext(
  store: Pick<LedgerStore, 'readSums'>,
  { id, definition }: Experiment,
  { heads, ledger, shares, now }: Known,
): Promise<Frozen | null> {
  const { features } = definition
  if (features === undefined) return null
  const sums = await readBatchSums(definition, heads, await store.readSums(id))
  await giveWay()
  const options = optionsOf(definition, shares)
  const frozen = freezeSnapshot(closedBatches(definition, heads, ledger, sums, now), options)
  const propensities = frozen.rule === null ? (shares ?? []) : sharesAt(frozen.rule, options.emptyContext)
  const rule = ruleText({ features, propensities, ...frozen })
  return { propensities, texts: { rule, weights: JSON.stringify(weightsOf(frozen)) } }
}

function sharesAt(rule: FrozenRule, x: Float64Array): (number | null)[] {
  const shares = new ContextRule(rule).propensitiesAt(x)
  return rule.arms.map((arm, position) => (arm === null ? null : (shares[position] as number)))
}

function optionsOf(definition: Definition, propensities: SnapshotOptions['propensities']): SnapshotOptions {
  const { arms, metrics, policy, features = [], adjust = true } = definition
  const primary = primaryMetricOf(definition)
  const isRule = 'shrinkage' in policy
  const control = controlOf(definition)
  const reserved = isRule && arms[control]?.retired === false ? policy.controlShare : null
  return {
    goal: primary.goal,
    exploration: isRule ? policy.exploration : 1,
    reserved: reserved === null ? null : { arm: control, share: reserved },
    active: arms.map(({ retired }) => !retired),
    ranges: metrics.map(({ range }) => range),
    primary: metrics.indexOf(primary),
    propensities,
    emptyContext: encode(features, []),
    shrinkage: isRule ? policy.shrinkage : null,
    halfLifeMs: isRule && policy.halfLife !== null ? parseWindow(policy.halfLife) : null,
    warmStart: null,
    isAdjusted: adjust,
    segmentCount: segmentLevelCount(features),
  }
}
