import Database from 'better-sqlite3'
import type { Assignment } from '../../bandit/facts.ts'
import type { KeptAssignment, Proposal, ProposedUnit } from '../../bandit/store.ts'
import { countUnits } from '../count-units.ts'
import type { Sentences } from '../sentences.ts'
import { assignmentFinder } from './find-assignment.ts'
import type { Ledger } from './ledger.ts'

/** From so many units on, one statement for all of an arm is cheaper than one for each. */
const MANY = 32

export function assignmentSentences(
  db: Database.Database,
  ledger: Ledger,
): Pick<Sentences, 'keepAssignments' | 'findAssignments'> {
  const keepOne = db.prepare<[number, string, number, number, number, number]>(`
    INSERT INTO assignments (experiment_id, unit, arm, propensity, snapshot, assigned_at) VALUES (?, ?, ?, ?, ?, ?)
    ON CONFLICT (experiment_id, unit) DO NOTHING`)

  // OR FAIL leaves the rows before the one that breaks a rule to the transaction. To undo them
  // itself the statement would copy every page that it changes (so it must not call a function
  // either: see migration 8).
  const keepUntilKnown = db.prepare<[number, number, number, number, number, string]>(`
    INSERT OR FAIL INTO assignments (experiment_id, unit, arm, propensity, snapshot, assigned_at)
    SELECT ?, value, ?, ?, ?, ? FROM json_each(?)`)
  const countKept = db.prepare<[], number>('SELECT changes()').pluck()
  const keepUnknown = db
    .prepare<[number, number, number, number, number, string], string>(`
      INSERT OR FAIL INTO assignments (experiment_id, unit, arm, propensity, snapshot, assigned_at)
      SELECT ?, value, ?, ?, ?, ? FROM json_each(?) WHERE TRUE
      ON CONFLICT (experiment_id, unit) DO NOTHING RETURNING unit`)
    .pluck()

  const find = assignmentFinder(db)

  /** The arm just kept, or the one that the unit has had. */
  function keep(proposal: Proposal, proposed: ProposedUnit): KeptAssignment {
    const { experimentId, snapshot, assignedAt } = proposal
    const { unit, arm, propensity } = proposed
    const { changes } = keepOne.run(experimentId, unit, arm, propensity, snapshot, assignedAt)
    return changes === 0 ? { ...found(experimentId, unit), isNew: false } : justKept(proposal, proposed)
  }

  function keepMany(proposal: Proposal): KeptAssignment[] {
    const { experimentId, units } = proposal
    const kept = alike(units).flatMap(group => keepAlike(proposal, group))
    if (kept.length === units.length) return units.map(proposed => justKept(proposal, proposed))
    // A name that is there twice is new once.
    const fresh = new Set(kept)
    return units.map(({ unit }) => ({ ...found(experimentId, unit), isNew: fresh.delete(unit) }))
  }

  /**
   * The names of the new ones. Mostly all of them are: to be told each by SQLite takes a third of
   * the time.
   */
  function keepAlike({ experimentId, snapshot, assignedAt }: Proposal, { arm, propensity, names }: Alike): string[] {
    try {
      keepUntilKnown.run(experimentId, arm, propensity, snapshot, assignedAt, JSON.stringify(names))
      return names
    } catch (error) {
      if (!isTaken(error)) throw error
    }
    const count = countKept.get() as number
    const rest = JSON.stringify(names.slice(count + 1))
    return [...names.slice(0, count), ...keepUnknown.all(experimentId, arm, propensity, snapshot, assignedAt, rest)]
  }

  function found(experimentId: number, unit: string): Assignment {
    const kept = find(experimentId, unit)
    if (kept === null) throw new TypeError(`Unit "${unit}" was neither kept nor found`)
    return kept
  }

  return {
    keepAssignments: proposal => {
      const { units: proposed } = proposal
      const kept = proposed.length >= MANY ? keepMany(proposal) : proposed.map(unit => keep(proposal, unit))
      const { units, cells } = countUnits(proposal, kept)
      for (const { place, change } of cells) ledger.addToCell(place, change)
      for (const entry of units) ledger.addUnits(entry)
      return kept
    },

    findAssignments: (experimentId, units) => units.map(unit => find(experimentId, unit)),
  }
}

/** True when there was a row of that key. */
function isTaken(error: unknown): boolean {
  return error instanceof Database.SqliteError && error.code === 'SQLITE_CONSTRAINT_PRIMARYKEY'
}

interface Alike {
  readonly arm: number
  readonly propensity: number
  readonly names: string[]
}

function alike(units: readonly ProposedUnit[]): Alike[] {
  const groups: Alike[] = []
  for (const { unit, arm, propensity } of units) {
    const own = groups.find(group => group.arm === arm && group.propensity === propensity)
    if (own === undefined) groups.push({ arm, propensity, names: [unit] })
    else own.names.push(unit)
  }
  return groups
}

function justKept({ snapshot, assignedAt }: Proposal, { unit, arm, propensity }: ProposedUnit): KeptAssignment {
  return { unit, arm, propensity, snapshot, assignedAt, isNew: true }
}
