import type Database from 'better-sqlite3'
import type { Assignment } from '../../bandit/facts.ts'
import type { StoreCommands } from '../commands.ts'
import { countUnits } from '../count-units.ts'
import type { KeptAssignment, Proposal, ProposedUnit } from '../port.ts'
import type { Ledger } from './ledger.ts'

type AssignmentRow = [arm: number, propensity: number, snapshot: number, assignedAt: number]

export function assignmentCommands(
  db: Database.Database,
  ledger: Ledger,
): Pick<StoreCommands, 'keepAssignments' | 'findAssignments'> {
  const insert = db.prepare<[number, string, number, number, number, number]>(`
    INSERT INTO assignments (experiment_id, unit, arm, propensity, snapshot, assigned_at) VALUES (?, ?, ?, ?, ?, ?)
    ON CONFLICT (experiment_id, unit) DO NOTHING`)

  const find = assignmentFinder(db)

  /** The arm just kept, or the one that the unit has had. */
  function keep({ experimentId, snapshot, assignedAt }: Proposal, proposed: ProposedUnit): KeptAssignment {
    const { unit, arm, propensity } = proposed
    const { changes } = insert.run(experimentId, unit, arm, propensity, snapshot, assignedAt)
    if (changes === 1) return { unit, arm, propensity, snapshot, assignedAt, isNew: true }
    const kept = find(experimentId, unit)
    if (kept === null) throw new TypeError(`Unit "${unit}" was neither kept nor found`)
    return { ...kept, isNew: false }
  }

  return {
    keepAssignments: proposal => {
      const kept = proposal.units.map(unit => keep(proposal, unit))
      const { units, cells } = countUnits(proposal, kept)
      for (const { place, change } of cells) ledger.addToCell(place, change)
      for (const entry of units) ledger.addUnits(entry)
      return kept
    },

    findAssignments: (experimentId, units) => units.map(unit => find(experimentId, unit)),
  }
}

/** Finds rows as lists: the names of the fields would take as long as finding the row. */
export function assignmentFinder(db: Database.Database): (experimentId: number, unit: string) => Assignment | null {
  const find = db
    .prepare<[number, string], AssignmentRow>(`
      SELECT arm, propensity, snapshot, assigned_at FROM assignments WHERE experiment_id = ? AND unit = ?`)
    .raw()
  return (experimentId, unit) => {
    const row = find.get(experimentId, unit)
    if (row === undefined) return null
    const [arm, propensity, snapshot, assignedAt] = row
    return { unit, arm, propensity, snapshot, assignedAt }
  }
}
