import type Database from 'better-sqlite3'
import type { Assignment } from '../../bandit/facts.ts'
import { outcomeOf } from '../../bandit/outcome.ts'
import type { KeptAssignment, Proposal, ProposedUnit } from '../../bandit/store.ts'
import type { Ledger } from './ledger.ts'
import type { Sentences } from './sentences.ts'

const COLUMNS = 'unit, arm, propensity, snapshot, assigned_at AS assignedAt'

export function assignmentSentences(
  db: Database.Database,
  ledger: Ledger,
): Pick<Sentences, 'keepAssignments' | 'findAssignments'> {
  const keepAssignment = db.prepare<[number, string, number, number, number, number]>(`
    INSERT INTO assignments (experiment_id, unit, arm, propensity, snapshot, assigned_at) VALUES (?, ?, ?, ?, ?, ?)
    ON CONFLICT (experiment_id, unit) DO NOTHING`)

  const findAssignment = db.prepare<[number, string], Assignment>(`
    SELECT ${COLUMNS} FROM assignments WHERE experiment_id = ? AND unit = ?`)

  /** A new unit needs the insert only, one that comes again the look-up only; which it is likely to be, the last one tells. */
  let isLikelyKept = false

  /** The twin of one INSERT … RETURNING: the arm just kept, or the one that the unit has had. */
  function keep(
    { experimentId, snapshot, assignedAt }: Proposal,
    { unit, arm, propensity }: ProposedUnit,
  ): KeptAssignment {
    const known = isLikelyKept ? findAssignment.get(experimentId, unit) : undefined
    if (known !== undefined) return { ...known, isNew: false }
    isLikelyKept = keepAssignment.run(experimentId, unit, arm, propensity, snapshot, assignedAt).changes === 0
    if (!isLikelyKept) return { unit, arm, propensity, snapshot, assignedAt, isNew: true }
    const kept = findAssignment.get(experimentId, unit)
    if (kept === undefined) throw new TypeError(`Unit "${unit}" was neither kept nor found`)
    return { ...kept, isNew: false }
  }

  function count({ experimentId, snapshot, assignedAt, metrics }: Proposal, kept: readonly KeptAssignment[]): void {
    const unitsByArm = new Map<number, number>()
    for (const { arm, isNew } of kept) if (isNew) unitsByArm.set(arm, (unitsByArm.get(arm) ?? 0) + 1)
    if (unitsByArm.size === 0) return
    let all = 0
    for (const [arm, units] of unitsByArm) {
      all += units
      for (const [metricPosition, metric] of metrics.entries()) {
        const outcome = outcomeOf(metric, 0)
        const sums = { sum: units * outcome, sumError: 0, sumOfSquares: units * outcome ** 2, sumOfSquaresError: 0 }
        ledger.addToCell(
          { experimentId, metricPosition, snapshot, arm },
          { units, ...sums, rewards: 0, delayedRewards: 0 },
        )
      }
    }
    ledger.addUnits({ experimentId, snapshot, units: all, assignedAt })
  }

  return {
    keepAssignments: proposal => {
      const kept = proposal.units.map(unit => keep(proposal, unit))
      count(proposal, kept)
      return kept
    },

    findAssignments: (experimentId, units) => units.map(unit => findAssignment.get(experimentId, unit) ?? null),
  }
}
