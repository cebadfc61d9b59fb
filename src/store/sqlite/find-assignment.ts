import type Database from 'better-sqlite3'
import type { Assignment } from '../../bandit/facts.ts'

type AssignmentRow = [arm: number, propensity: number, snapshot: number, assignedAt: number]

/** Looks for the assignment of a unit over one connection. As a list: the names of the fields take as long as finding the row. */
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
