import type { Assignment } from '../../bandit/facts.ts'
import { countUnits } from '../count-units.ts'
import { LedgerEntries } from '../ledger-entries.ts'
import type { KeptAssignment, Proposal, ProposedUnit } from '../port.ts'
import type { Connection } from './connection/connection.ts'
import { columns, type Parameter, type Reader, statement } from './connection/statement.ts'
import type { Transaction } from './connection/transaction.ts'
import { settle } from './ledger-table.ts'
import { byPlace, keyOf, placeColumns, type UnitPlace } from './unit-place.ts'

interface PlannedRow extends Omit<Proposal, 'units' | 'metrics'>, ProposedUnit {
  /** Of its place: made once, as each row is looked up again and again. */
  readonly key: string
}

/** `place` counts what was asked from 1. */
const FIND_ASSIGNMENTS = statement<Assignment & { readonly place: number }>(`
  SELECT asked.place, kept.unit, kept.arm, kept.propensity, kept.snapshot, kept.assigned_at AS "assignedAt"
  FROM unnest($1::bigint[], $2::text[]) WITH ORDINALITY AS asked (experiment_id, unit, place)
  JOIN assignments AS kept ON kept.experiment_id = asked.experiment_id AND kept.unit = asked.unit`)

const KEEP_ASSIGNMENTS = statement<UnitPlace>(`
  INSERT INTO assignments (experiment_id, unit, arm, propensity, snapshot, assigned_at)
  SELECT * FROM unnest($1::bigint[], $2::text[], $3::integer[], $4::double precision[], $5::integer[], $6::bigint[])
  ON CONFLICT (experiment_id, unit) DO NOTHING
  RETURNING experiment_id AS "experimentId", unit`)

/**
 * Keeps many proposals in one transaction, as if one after the other; answers them in their order.
 * Most units come again: these are only read.
 */
export async function keepAssignments(
  connection: Connection,
  proposals: readonly Proposal[],
  writer: number,
): Promise<KeptAssignment[][]> {
  const planned = plannedRows(proposals)
  return connection.transaction(async tx => {
    const known = new Map<string, Assignment>()
    await recall(tx, planned, known)
    const fresh = await keepNew(
      tx,
      planned.filter(({ key }) => !known.has(key)),
    )
    // Anyone who was first has committed, or the insert would be waiting: now they are seen.
    const lost = planned.filter(({ key }) => !known.has(key) && !fresh.has(key))
    if (lost.length > 0) await recall(tx, lost, known)
    const answers = answersTo(proposals, known, fresh)
    settle(tx, entriesOf(proposals, answers), writer)
    return answers
  })
}

/** In the order asked; null for a unit without one. */
export async function findAssignments(reader: Reader, places: readonly UnitPlace[]): Promise<(Assignment | null)[]> {
  const found = new Array<Assignment | null>(places.length).fill(null)
  for (const { place, ...assignment } of await reader.ask(FIND_ASSIGNMENTS, placeColumns(places))) {
    found[place - 1] = assignment
  }
  return found
}

/**
 * Of each unit the first proposal, in an order that is the same for all: nobody waits for one that
 * waits for him.
 */
function plannedRows(proposals: readonly Proposal[]): PlannedRow[] {
  const rows = new Map<string, PlannedRow>()
  for (const { units, experimentId, snapshot, assignedAt } of proposals) {
    for (const { unit, arm, propensity } of units) {
      const key = keyOf({ experimentId, unit })
      if (!rows.has(key)) rows.set(key, { unit, arm, propensity, experimentId, snapshot, assignedAt, key })
    }
  }
  return [...rows.values()].sort(byPlace)
}

async function recall(tx: Transaction, rows: readonly PlannedRow[], known: Map<string, Assignment>): Promise<void> {
  for (const [position, found] of (await findAssignments(tx, rows)).entries()) {
    if (found !== null) known.set((rows[position] as PlannedRow).key, found)
  }
}

/** The rows that were kept just now, by their places. */
async function keepNew(tx: Transaction, rows: readonly PlannedRow[]): Promise<Map<string, Assignment>> {
  if (rows.length === 0) return new Map()
  const [arms, propensities, snapshots, instants] = columns(
    rows,
    row => row.arm,
    row => row.propensity,
    row => row.snapshot,
    row => row.assignedAt,
  )
  const parameters = [...placeColumns(rows), arms, propensities, snapshots, instants] as Parameter[]
  const inserted = new Set((await tx.write(KEEP_ASSIGNMENTS, parameters)).rows.map(keyOf))
  const fresh = rows.filter(({ key }) => inserted.has(key))
  return new Map(fresh.map(row => [row.key, assignmentOf(row)]))
}

function assignmentOf({ unit, arm, propensity, snapshot, assignedAt }: PlannedRow): Assignment {
  return { unit, arm, propensity, snapshot, assignedAt }
}

/** A fresh unit is new to the first who asked for it, and known to anyone who comes later. */
function answersTo(
  proposals: readonly Proposal[],
  known: ReadonlyMap<string, Assignment>,
  fresh: ReadonlyMap<string, Assignment>,
): KeptAssignment[][] {
  const told = new Map(known)
  const answerTo = (place: UnitPlace) => {
    const key = keyOf(place)
    const before = told.get(key)
    if (before !== undefined) return { ...before, isNew: false }
    const assignment = fresh.get(key)
    if (assignment === undefined) throw new TypeError(`Unit "${place.unit}" was neither kept nor found`)
    told.set(key, assignment)
    return { ...assignment, isNew: true }
  }
  return proposals.map(({ experimentId, units }) => units.map(({ unit }) => answerTo({ experimentId, unit })))
}

function entriesOf(proposals: readonly Proposal[], answers: readonly KeptAssignment[][]): LedgerEntries {
  const entries = new LedgerEntries()
  for (const [position, proposal] of proposals.entries()) {
    const { units, cells } = countUnits(proposal, answers[position] as KeptAssignment[])
    for (const entry of units) entries.addUnits(entry)
    for (const entry of cells) entries.addToCell(entry)
  }
  return entries
}
