// What a snapshot freezes of an experiment with features and every report needs: the levels and
// spreads of its predictions, and by what its batch is weighed. It is small, where the rule beside
// it is large, so a report reads it with the list of snapshots.
import type { FrozenContext } from '../../stats/context/freeze-snapshot.ts'

/** Lists by position of the arm have 0 where it was not active. */
export interface SnapshotWeights {
  /** By metric: `μ_a` and `σ²_a` of the predictions. */
  readonly metrics: readonly { readonly levels: readonly number[]; readonly spreads: readonly number[] }[]
  /** `u_a` */
  readonly meanInverse: readonly number[]
  /** By metric: v of what the policy earns. */
  readonly policyVariance: readonly number[]
  /** By segment, on the primary metric. */
  readonly segments: readonly { readonly spreads: readonly number[]; readonly meanInverse: readonly number[] }[]
}

export function weightsOf({ predictions, meanInverse, policyVariance, segments }: FrozenContext): SnapshotWeights {
  return {
    metrics: predictions.map(({ arms }) => ({
      levels: arms.map(arm => arm?.level ?? 0),
      spreads: arms.map(arm => arm?.variance ?? 0),
    })),
    meanInverse: withZeros(meanInverse),
    policyVariance,
    segments: segments.map(segment => ({
      spreads: withZeros(segment.spreads),
      meanInverse: withZeros(segment.meanInverse),
    })),
  }
}

const parsed = new Map<string, SnapshotWeights>()
const MOST_PARSED = 2_000

/** The weights in the text that is kept with a snapshot; the same text is parsed once. */
export function parseWeights(text: string): SnapshotWeights {
  const known = parsed.get(text)
  if (known !== undefined) return known
  const weights = JSON.parse(text) as SnapshotWeights
  if (parsed.size >= MOST_PARSED) parsed.clear()
  parsed.set(text, weights)
  return weights
}

function withZeros(values: readonly (number | null)[]): number[] {
  return values.map(value => value ?? 0)
}
