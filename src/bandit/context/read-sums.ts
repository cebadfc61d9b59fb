// From the sums that a store has to numbers: what the units of each snapshot come to, and what the
// next snapshot learns from.
import type { ClosedBatch } from '../../stats/context/freeze-snapshot.ts'
import type { RowValues } from '../../stats/context/score-row.ts'
import type { Ledger } from '../../stats/ledger.ts'
import type { SnapshotHead, StoredSums } from '../../store/port.ts'
import { controlOf, type Definition, primaryMetricOf } from '../experiment/experiment.ts'
import { segmentLevelCount } from '../features/segment.ts'
import { giveWay } from '../give-way.ts'
import type { BatchSums } from './scored-ledger.ts'
import { ContextPart, dimensionIn, OutcomePart, type SumsShape } from './sum-parts.ts'

type Head = Pick<SnapshotHead, 'number' | 'propensities'>

/** Some milliseconds of decoding. */
const BYTES_A_PIECE = 1 << 20

/**
 * The sums of the snapshots that have units, in order, those of several writers summed. Snapshots
 * that are not among the heads are left out: they are newer than what is known.
 *
 * @throws RangeError when sums have another shape than their snapshot
 */
export async function readBatchSums(
  definition: Definition,
  heads: readonly Head[],
  stored: readonly StoredSums[],
  pause: () => Promise<void> = giveWay,
): Promise<BatchSums[]> {
  const bySnapshot = Map.groupBy(stored, ({ snapshot }) => snapshot)
  const batches: BatchSums[] = []
  let bytes = 0
  for (const head of heads) {
    const own = bySnapshot.get(head.number)
    if (own === undefined) continue
    bytes += own.reduce((sum, { sums }) => sum + sums.byteLength, 0)
    if (bytes > BYTES_A_PIECE) {
      await pause()
      bytes = 0
    }
    batches.push(decodeSums(definition, head, own))
  }
  return batches
}

/** The sums of one snapshot. */
export function decodeSums(definition: Definition, head: Head, stored: readonly StoredSums[]): BatchSums {
  const control = controlOf(definition)
  const [contexts, outcomes] = [ContextPart.part, OutcomePart.part].map(part =>
    stored.filter(each => each.part === part).map(({ sums }) => sums),
  ) as [Uint8Array[], Uint8Array[]]
  const arms = head.propensities.length
  const dimension = contexts[0] === undefined ? null : dimensionIn(contexts[0], arms)
  if (dimension === null) throw new RangeError(`Snapshot ${head.number} has no sums of contexts for ${arms} arms`)
  const shape: SumsShape = {
    arms,
    control,
    dimension,
    metrics: definition.metrics.length,
    segments: segmentLevelCount(definition.features ?? []),
  }
  const xx = merge(contexts.map(bytes => new ContextPart(shape, bytes)))
  const { metrics, segments } = merge(outcomes.map(bytes => new OutcomePart(shape, bytes))) ?? new OutcomePart(shape)
  const hasPolicyRow = head.propensities[control] != null
  return {
    snapshot: head.number,
    contexts: xx?.arms.map(sums => sums.values()) ?? [],
    outcomes: metrics.map(own => own.outcomes.map(sums => sums.values())),
    rows: metrics.map(({ row }) => row.values()),
    policyRows: metrics.map(({ policy }) => (hasPolicyRow ? policy.values() : null)),
    segments: segments.map(own => {
      const row = own.row.values()
      const tallies = own.outcomes.map((sums, arm) => {
        const { xy, yy } = sums.values()
        return { units: row.armUnits[arm] as number, sum: xy[0] as number, sumOfSquares: yy }
      })
      return { row, tallies }
    }),
  }
}

function merge<Part extends { addAll(other: Part): void }>(parts: readonly Part[]): Part | undefined {
  const [first, ...others] = parts
  for (const other of others) first?.addAll(other)
  return first
}

/**
 * Batches as the next snapshot learns from them; `ledger` and `heads` are those of the primary
 * metric, of the same length, and `now` is when it is taken.
 */
export function closedBatches(
  definition: Definition,
  heads: readonly SnapshotHead[],
  ledger: Ledger,
  sums: readonly BatchSums[],
  now: number,
): ClosedBatch[] {
  const bySnapshot = new Map(sums.map(batch => [batch.snapshot, batch]))
  const primary = definition.metrics.indexOf(primaryMetricOf(definition))
  return heads.flatMap(({ number }, place) => {
    const batch = bySnapshot.get(number)
    if (batch === undefined) return []
    const { rows, ...others } = batch
    const ageMs = now - (heads[place + 1]?.createdAt ?? now)
    return [{ ...others, isMature: ledger[place]?.mature ?? false, ageMs, row: rows[primary] as RowValues }]
  })
}
