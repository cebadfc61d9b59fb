import type Database from 'better-sqlite3'
import type { KeptAssignment, Proposal, ProposedUnit } from '../../bandit/store.ts'
import { countUnits } from '../count-units.ts'
import type { Sentences } from '../sentences.ts'
import { assignmentFinder } from './find-assignment.ts'
import type { Ledger } from './ledger.ts'

export function assignmentSentences(
  db: Database.Database,
  ledger: Ledger,
): Pick<Sentences, 'keepAssignments' | 'findAssignments'> {
  const keepAssignment = db.prepare<[number, string, number, number, number, number]>(`
    INSERT INTO assignments (experiment_id, unit, arm, propensity, snapshot, assigned_at) VALUES (?, ?, ?, ?, ?, ?)
    ON CONFLICT (experiment_id, unit) DO NOTHING`)

  const find = assignmentFinder(db)

  /** A new unit needs the insert only, one that comes again the look-up only; which it is likely to be, the last one tells. */
  let isLikelyKept = false

  /** The twin of one INSERT … RETURNING: the arm just kept, or the one that the unit has had. */
  function keep(
    { experimentId, snapshot, assignedAt }: Proposal,
    { unit, arm, propensity }: ProposedUnit,
  ): KeptAssignment {
    const known = isLikelyKept ? find(experimentId, unit) : null
    if (known !== null) return { ...known, isNew: false }
    isLikelyKept = keepAssignment.run(experimentId, unit, arm, propensity, snapshot, assignedAt).changes === 0
    if (!isLikelyKept) return { unit, arm, propensity, snapshot, assignedAt, isNew: true }
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
