// What is kept of the snapshots of experiments with features.
import type { StoredSums } from '../port.ts'
import { read, type Script, statement } from './script.ts'

const FIND_RULE = statement<{ readonly rule: string }>(
  'SELECT rule FROM snapshot_rules WHERE experiment_id = $1 AND snapshot = $2',
)

const READ_SUMS = statement<StoredSums>(`
  SELECT snapshot, part, sums FROM context_sums WHERE experiment_id = $1 ORDER BY snapshot, part, writer`)

export function* readRule(experimentId: number, snapshot: number): Script<string | null> {
  return (yield* read(FIND_RULE, [experimentId, snapshot]))[0]?.rule ?? null
}

export function readSums(experimentId: number): Script<StoredSums[]> {
  return read(READ_SUMS, [experimentId])
}
