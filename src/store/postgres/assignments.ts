import type { Assignment } from '../../bandit/facts.ts'
import { LedgerEntries } from '../ledger-entries.ts'
import type { AssignmentStore, KeptAssignment, Proposal, ProposedUnit, UnitTotals } from '../port.ts'
import { statement } from '../scripts/script.ts'
import type { AssignmentWithContext, SumsEntries } from '../sums-entries.ts'
import { columns } from './connection/columns.ts'
import type { Connection } from './connection/connection.ts'
import type { Reader, Transaction } from './connection/transaction.ts'
import { openSums, settleSums } from './context-sums.ts'
import { settle } from './ledger-table.ts'

/** A unit of an experiment: what assignments and rewards are looked up by. */
export interface UnitPlace {
  readonly experimentId: number
  readonly unit: string
}

interface PlannedRow extends Omit<Proposal, 'units' | 'metrics' | 'scoring'>, ProposedUnit {
  /** Of its place: made once, as each row is looked up again and again. */
  readonly key: string
}

/** `place` counts what was asked from 1. */
type FoundRow = AssignmentWithContext & { readonly place: number }

const FIND_ASSIGNMENTS = statement<FoundRow>(`
  SELECT asked.place, kept.unit, kept.arm, kept.propensity, kept.snapshot, kept.assigned_at AS "assignedAt"
  FROM unnest($1::bigint[], $2::text[]) WITH ORDINALITY AS asked (experiment_id, unit, place)
  JOIN assignments AS kept ON kept.experiment_id = asked.experiment_id AND kept.unit = asked.unit`)

const FIND_WITH_CONTEXTS = statement<FoundRow>(`
  SELECT asked.place, kept.unit, kept.arm, kept.propensity, kept.snapshot, kept.assigned_at AS "assignedAt", kept.context
  FROM unnest($1::bigint[], $2::text[]) WITH ORDINALITY AS asked (experiment_id, unit, place)
  JOIN assignments AS kept ON kept.experiment_id = asked.experiment_id AND kept.unit = asked.unit`)

const KEEP_ASSIGNMENTS = statement<UnitPlace>(`
  INSERT INTO assignments (experiment_id, unit, arm, propensity, snapshot, assigned_at)
  SELECT * FROM unnest($1::bigint[], $2::text[], $3::integer[], $4::double precision[], $5::integer[], $6::bigint[])
  ON CONFLICT (experiment_id, unit) DO NOTHING
  RETURNING experiment_id AS "experimentId", unit`)

const KEEP_WITH_CONTEXTS = statement<UnitPlace>(`
  INSERT INTO assignments (experiment_id, unit, arm, propensity, snapshot, assigned_at, context)
  SELECT * FROM unnest($1::bigint[], $2::text[], $3::integer[], $4::double precision[], $5::integer[], $6::bigint[],
    $7::text[])
  ON CONFLICT (experiment_id, unit) DO NOTHING
  RETURNING experiment_id AS "experimentId", unit`)

const READ_TOTALS = statement<UnitTotals>(`
  SELECT unit, arm, propensity, snapshot, assigned_at AS "assignedAt", context,
    ARRAY(
      SELECT coalesce((
        SELECT total FROM rewards
        WHERE experiment_id = $1 AND unit = page.unit AND metric = position
        ORDER BY sequence DESC LIMIT 1
      ), 0)
      FROM generate_series(0, $4::integer - 1) AS position ORDER BY position
    ) AS totals
  FROM (
    SELECT unit, arm, propensity, snapshot, assigned_at, context
    FROM assignments WHERE experiment_id = $1 AND unit > $2 ORDER BY unit LIMIT $3
  ) AS page ORDER BY unit`)

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
    await settleSums(tx, await sumsOf(tx, proposals, answers), writer)
    settle(tx, entriesOf(proposals, answers), writer)
    return answers
  })
}

/** In the order asked; null for a unit without one. */
export async function findAssignments(
  reader: Reader,
  places: readonly UnitPlace[],
  { withContexts = false } = {},
): Promise<(AssignmentWithContext | null)[]> {
  const found = new Array<AssignmentWithContext | null>(places.length).fill(null)
  const statement = withContexts ? FIND_WITH_CONTEXTS : FIND_ASSIGNMENTS
  for (const { place, ...assignment } of await reader.ask(statement, columns(places, 'experimentId', 'unit'))) {
    found[place - 1] = assignment
  }
  return found
}

export function readTotals(
  reader: Reader,
  ...[experimentId, { after, limit, metricCount }]: Parameters<AssignmentStore['readTotals']>
): Promise<UnitTotals[]> {
  return reader.ask(READ_TOTALS, [experimentId, after ?? '', limit, metricCount])
}

/**
 * Of each unit the first proposal, in an order that is the same for all: nobody waits for one that
 * waits for him.
 */
function plannedRows(proposals: readonly Proposal[]): PlannedRow[] {
  const rows = new Map<string, PlannedRow>()
  for (const { units, experimentId, snapshot, assignedAt } of proposals) {
    for (const proposed of units) {
      const key = keyOf({ experimentId, unit: proposed.unit })
      if (!rows.has(key)) rows.set(key, { ...proposed, experimentId, snapshot, assignedAt, key })
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
  const values = columns(rows, 'experimentId', 'unit', 'arm', 'propensity', 'snapshot', 'assignedAt')
  const contexts = rows.map(({ context }) => context ?? null)
  const written = contexts.some(context => context !== null)
    ? tx.write(KEEP_WITH_CONTEXTS, [...values, contexts])
    : tx.write(KEEP_ASSIGNMENTS, values)
  const inserted = new Set((await written).rows.map(keyOf))
  const fresh = rows.filter(({ key }) => inserted.has(key))
  return new Map(fresh.map(({ key, experimentId: _, context: __, ...assignment }) => [key, assignment]))
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
  for (const [position, proposal] of proposals.entries())
    entries.addUnits(proposal, answers[position] as KeptAssignment[])
  return entries
}

/** What the new units add to the sums of experiments with features. */
async function sumsOf(
  tx: Transaction,
  proposals: readonly Proposal[],
  answers: readonly KeptAssignment[][],
): Promise<SumsEntries> {
  const scored = proposals.flatMap(({ scoring, ...proposal }, position) => {
    const kept = answers[position] as KeptAssignment[]
    return scoring !== undefined && kept.some(({ isNew }) => isNew) ? { ...proposal, scoring, kept } : []
  })
  const sums = await openSums(tx, scored)
  for (const { kept, ...proposal } of scored) sums.addUnits(proposal, kept)
  return sums
}

export function keyOf({ experimentId, unit }: UnitPlace): string {
  return `${experimentId}/${unit}`
}

/** The order in which all transactions touch rows, so that none waits for one that waits for it. */
export function byPlace(a: UnitPlace, b: UnitPlace): number {
  if (a.experimentId !== b.experimentId) return a.experimentId - b.experimentId
  return a.unit < b.unit ? -1 : a.unit > b.unit ? 1 : 0
}
