// Calls on their way to the thread. Those of /assign and /rewards come by the hundred, so they are written out field by field.
import type { Metric } from '../../bandit/metric.ts'
import type { Attribution } from '../../bandit/outcome.ts'
import type { Proposal, ProposedUnit, RewardEntry } from '../../bandit/store.ts'
import type { Call } from '../sentences.ts'
import { type Sheet, SheetReader, SheetWriter } from './sheet.ts'

const KEEP = 0
const RECORD = 1
const OTHER = 2

export function packCalls(calls: readonly Call[]): Sheet {
  const sheet = new SheetWriter()
  for (const call of calls) {
    if (call.name === 'keepAssignments') writeProposal(sheet, call.args[0])
    else if (call.name === 'recordRewards') writeRewards(sheet, call.args[0])
    else {
      sheet.number(OTHER)
      sheet.value(call)
    }
  }
  return sheet.finish()
}

export function unpackCalls(packed: Sheet): Call[] {
  const sheet = new SheetReader(packed)
  const calls: Call[] = []
  while (!sheet.isAtEnd) calls.push(readCall(sheet))
  return calls
}

function readCall(sheet: SheetReader): Call {
  const kind = sheet.number()
  if (kind === KEEP) return { name: 'keepAssignments', args: [readProposal(sheet)] }
  if (kind === RECORD) return { name: 'recordRewards', args: [readRewards(sheet)] }
  return sheet.value() as Call
}

function writeProposal(sheet: SheetWriter, { experimentId, snapshot, assignedAt, metrics, units }: Proposal): void {
  sheet.number(KEEP)
  sheet.number(experimentId)
  sheet.number(snapshot)
  sheet.number(assignedAt)
  sheet.value(metrics)
  sheet.number(units.length)
  for (const { unit, arm, propensity } of units) {
    sheet.text(unit)
    sheet.number(arm)
    sheet.number(propensity)
  }
}

function readProposal(sheet: SheetReader): Proposal {
  return {
    experimentId: sheet.number(),
    snapshot: sheet.number(),
    assignedAt: sheet.number(),
    metrics: sheet.value() as Metric[],
    units: readList(sheet, readUnit),
  }
}

function readUnit(sheet: SheetReader): ProposedUnit {
  return { unit: sheet.text(), arm: sheet.number(), propensity: sheet.number() }
}

function writeRewards(sheet: SheetWriter, entries: readonly RewardEntry[]): void {
  sheet.number(RECORD)
  sheet.number(entries.length)
  for (const { experimentId, metricPosition, metric, attribution, unit, value, at, isDatedHere, id } of entries) {
    sheet.number(experimentId)
    sheet.number(metricPosition)
    sheet.value(metric)
    sheet.value(attribution)
    sheet.text(unit)
    sheet.number(value)
    sheet.number(at)
    sheet.number(isDatedHere ? 1 : 0)
    sheet.number(id === null ? 0 : 1)
    if (id !== null) sheet.text(id)
  }
}

function readRewards(sheet: SheetReader): RewardEntry[] {
  return readList(sheet, readReward)
}

function readReward(sheet: SheetReader): RewardEntry {
  return {
    experimentId: sheet.number(),
    metricPosition: sheet.number(),
    metric: sheet.value() as Metric,
    attribution: sheet.value() as Attribution,
    unit: sheet.text(),
    value: sheet.number(),
    at: sheet.number(),
    isDatedHere: sheet.number() === 1,
    id: sheet.number() === 0 ? null : sheet.text(),
  }
}

function readList<Item>(sheet: SheetReader, read: (sheet: SheetReader) => Item): Item[] {
  const items = new Array<Item>(sheet.number())
  for (let position = 0; position < items.length; position++) items[position] = read(sheet)
  return items
}
