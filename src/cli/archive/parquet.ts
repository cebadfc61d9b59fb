// A part of an archive as two Parquet files, and back. The files need nothing else to be read: arms
// and metrics have their keys, instants are timestamps, and the experiment is in the metadata.
import { type ParquetRow, parquetReadObjects, type SchemaElement } from 'hyparquet'
import { parquetWriteBuffer, schemaFromColumnData } from 'hyparquet-writer'
import { armAt, type Experiment } from '../../bandit/experiment/experiment.ts'
import type { StoredReward, UnitFacts } from '../../store/port.ts'

/** Readers skip groups by the least and greatest unit in them; each unit is in one group. */
const ROW_GROUP = 20_000

export function encodeAssignments(experiment: Experiment, units: readonly UnitFacts[]): Uint8Array {
  return encode(experiment, [
    { name: 'unit', type: 'STRING', data: units.map(({ unit }) => unit) },
    { name: 'arm', type: 'STRING', data: units.map(({ arm }) => armAt(experiment.definition, arm).key) },
    { name: 'propensity', type: 'DOUBLE', data: units.map(({ propensity }) => propensity) },
    { name: 'snapshot', type: 'INT32', data: units.map(({ snapshot }) => snapshot) },
    { name: 'assigned_at', type: 'TIMESTAMP', data: units.map(({ assignedAt }) => new Date(assignedAt)) },
    ...(experiment.definition.features === undefined
      ? []
      : [{ name: 'context', type: 'STRING' as const, data: units.map(({ context }) => context), nullable: true }]),
  ])
}

/** There must be one at least. */
export function encodeRewards(experiment: Experiment, units: readonly UnitFacts[]): Uint8Array {
  const rewards = units.flatMap(({ unit, rewards }) => rewards.map(reward => ({ unit, ...reward })))
  const { metrics } = experiment.definition
  return encode(experiment, [
    { name: 'unit', type: 'STRING', data: rewards.map(({ unit }) => unit) },
    { name: 'metric', type: 'STRING', data: rewards.map(({ metricPosition }) => metrics[metricPosition]?.key) },
    { name: 'sequence', type: 'INT32', data: rewards.map(({ sequence }) => sequence) },
    { name: 'value', type: 'DOUBLE', data: rewards.map(({ value }) => value) },
    { name: 'at', type: 'TIMESTAMP', data: rewards.map(({ at }) => new Date(at)) },
    { name: 'counted', type: 'BOOLEAN', data: rewards.map(({ isCounted }) => isCounted) },
    { name: 'total', type: 'DOUBLE', data: rewards.map(({ total }) => total) },
    { name: 'event_id', type: 'STRING', data: rewards.map(({ id }) => id), nullable: true },
  ])
}

/** The units of a part, from the bytes of its files. */
export async function decodePart(
  { definition }: Experiment,
  assignments: Uint8Array,
  rewards: Uint8Array | null,
): Promise<UnitFacts[]> {
  const arms = new Map(definition.arms.map(({ key }, position) => [key, position]))
  const metrics = new Map(definition.metrics.map(({ key }, position) => [key, position]))
  const rows = rewards === null ? [] : await decode(rewards)
  const byUnit = Map.groupBy(rows, ({ unit }) => unit as string)
  return (await decode(assignments)).map(({ unit, arm, propensity, snapshot, assigned_at, context }) => ({
    unit,
    arm: positionOf(arms, arm),
    propensity,
    snapshot,
    assignedAt: assigned_at.getTime(),
    context: context ?? null,
    rewards: (byUnit.get(unit) ?? []).map(row => rewardOf(row, positionOf(metrics, row.metric))),
  }))
}

type Column = Parameters<typeof parquetWriteBuffer>[0]['columnData'][number]

function encode(
  { definition, salt, startedAt, stoppedAt, winner }: Experiment,
  columns: readonly Column[],
): Uint8Array {
  const experiment = { definition, salt, startedAt, stoppedAt, winner }
  const bytes = parquetWriteBuffer({
    schema: schemaFromColumnData({ columnData: columns.map(column => ({ nullable: false, ...column })) }).map(inUtc),
    columnData: columns.map(({ name, data }) => ({ name, data })),
    rowGroupSize: ROW_GROUP,
    kvMetadata: [{ key: 'pinwheel.experiment', value: JSON.stringify(experiment) }],
  })
  return new Uint8Array(bytes)
}

/** Marks timestamps as UTC; by default readers may take them for local time. */
function inUtc(element: SchemaElement): SchemaElement {
  if (element.converted_type !== 'TIMESTAMP_MILLIS') return element
  return { ...element, logical_type: { type: 'TIMESTAMP', isAdjustedToUTC: true, unit: 'MILLIS' } }
}

function decode(bytes: Uint8Array): Promise<ParquetRow[]> {
  const file = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer
  return parquetReadObjects({ file })
}

function rewardOf({ sequence, value, at, counted, total, event_id }: ParquetRow, metricPosition: number): StoredReward {
  return { metricPosition, sequence, value, at: at.getTime(), total, id: event_id ?? null, isCounted: counted }
}

function positionOf(positions: ReadonlyMap<string, number>, key: string): number {
  const position = positions.get(key)
  if (position === undefined) throw new TypeError(`The file names ${key}, which the experiment does not have`)
  return position
}
