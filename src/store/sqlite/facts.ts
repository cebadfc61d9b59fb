// Assignments and rewards, which are most of what is read and written. Rows are read as lists: the
// names of the fields would take as long as finding the row.
import type Database from 'better-sqlite3'
import type { Assignment, StoredRewardStatus } from '../../bandit/facts.ts'
import type { StoreCommands } from '../commands.ts'
import { computeReward, NONE_YET } from '../compute-reward.ts'
import type { AssignmentStore, KeptAssignment, Proposal, ProposedUnit, RewardEntry, UnitTotals } from '../port.ts'
import type { Ledger } from './ledger.ts'
import type { ScriptRunner } from './script-runner.ts'

type AssignmentRow = [arm: number, propensity: number, snapshot: number, assignedAt: number]
type LastRow = [sequence: number, total: number]

export function factCommands(
  db: Database.Database,
  scripts: ScriptRunner,
  { entries, sums }: Pick<Ledger, 'entries' | 'sums'>,
): Pick<StoreCommands, keyof AssignmentStore> {
  const insertAssignment = db.prepare<[number, string, ...AssignmentRow]>(`
    INSERT INTO assignments (experiment_id, unit, arm, propensity, snapshot, assigned_at) VALUES (?, ?, ?, ?, ?, ?)
    ON CONFLICT (experiment_id, unit) DO NOTHING`)

  const insertWithContext = db.prepare<[number, string, ...AssignmentRow, context: string]>(`
    INSERT INTO assignments (experiment_id, unit, arm, propensity, snapshot, assigned_at, context)
    VALUES (?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (experiment_id, unit) DO NOTHING`)

  const findContext = db
    .prepare<[number, string], string | null>('SELECT context FROM assignments WHERE experiment_id = ? AND unit = ?')
    .pluck()

  const findAssignment = db
    .prepare<[number, string], AssignmentRow>(`
      SELECT arm, propensity, snapshot, assigned_at FROM assignments WHERE experiment_id = ? AND unit = ?`)
    .raw()

  // The first row of the key is the latest: see migration 6. Were it another, the next sequence
  // would be taken, and the insert fail.
  const findLastReward = db
    .prepare<[number, string, number], LastRow>(`
      SELECT sequence, total FROM rewards WHERE experiment_id = ? AND unit = ? AND metric = ?`)
    .raw()

  const insertReward = db.prepare(`
    INSERT INTO rewards (experiment_id, unit, metric, sequence, value, at, counted, total, event_id)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (experiment_id, metric, event_id) WHERE event_id IS NOT NULL DO NOTHING`)

  const readPage = db.prepare<[number, string, number], Omit<UnitTotals, 'totals'>>(`
    SELECT unit, arm, propensity, snapshot, assigned_at AS assignedAt, context
    FROM assignments WHERE experiment_id = ? AND unit > ? ORDER BY unit LIMIT ?`)

  // From one metric that has rewards to the next, since most have none.
  const findTotal = db
    .prepare<[number, string, number], [metric: number, total: number]>(`
      SELECT metric, total FROM rewards WHERE experiment_id = ? AND unit = ? AND metric >= ? LIMIT 1`)
    .raw()

  function find(experimentId: number, unit: string): Assignment | null {
    const row = findAssignment.get(experimentId, unit)
    if (row === undefined) return null
    const [arm, propensity, snapshot, assignedAt] = row
    return { unit, arm, propensity, snapshot, assignedAt }
  }

  /** The arm just kept, or the one that the unit has had. */
  function keep({ experimentId, snapshot, assignedAt }: Proposal, proposed: ProposedUnit): KeptAssignment {
    const { unit, arm, propensity, context } = proposed
    const { changes } =
      context === undefined
        ? insertAssignment.run(experimentId, unit, arm, propensity, snapshot, assignedAt)
        : insertWithContext.run(experimentId, unit, arm, propensity, snapshot, assignedAt, context)
    if (changes === 1) return { unit, arm, propensity, snapshot, assignedAt, isNew: true }
    const kept = find(experimentId, unit)
    if (kept === null) throw new TypeError(`Unit "${unit}" was neither kept nor found`)
    return { ...kept, isNew: false }
  }

  function record(reward: RewardEntry): StoredRewardStatus {
    const { experimentId, metricPosition, unit, value, id, scoring } = reward
    const assignment = find(experimentId, unit)
    if (assignment === null) return 'unassigned'
    const last = findLastReward.get(experimentId, unit, metricPosition)
    const lastReward = last === undefined ? NONE_YET : { sequence: last[0], total: last[1] }
    const { sequence, at, total, entry, status } = computeReward(reward, assignment, lastReward)
    const isCounted = entry === null ? 0 : 1
    const { changes } = insertReward.run(experimentId, unit, metricPosition, sequence, value, at, isCounted, total, id)
    if (changes === 0) return 'duplicate'
    if (entry === null) return status
    entries.addToCell(entry)
    if (scoring === undefined) return status
    const context = findContext.get(experimentId, unit) ?? null
    scripts.run(sums.open({ experimentId, snapshot: assignment.snapshot, scoring }))
    sums.moveUnit(reward, { ...assignment, context }, lastReward.total, total)
    return status
  }

  function totalsOf(experimentId: number, unit: string, metricCount: number): number[] {
    const totals = new Array<number>(metricCount).fill(0)
    for (let from = 0; from < metricCount; ) {
      const [metric, total] = findTotal.get(experimentId, unit, from) ?? [metricCount, 0]
      if (metric < metricCount) totals[metric] = total
      from = metric + 1
    }
    return totals
  }

  return {
    findAssignments: (experimentId, units) => units.map(unit => find(experimentId, unit)),

    keepAssignments: proposal => {
      const kept = proposal.units.map(unit => keep(proposal, unit))
      const { scoring } = proposal
      entries.addUnits(proposal, kept)
      if (scoring !== undefined && kept.some(({ isNew }) => isNew)) {
        scripts.run(sums.open({ ...proposal, scoring }))
        sums.addUnits(proposal, kept)
      }
      return kept
    },

    recordRewards: rewards => rewards.map(record),

    readTotals: db.transaction((experimentId, { after, limit, metricCount }) =>
      readPage.all(experimentId, after ?? '', limit).map(assignment => ({
        ...assignment,
        totals: totalsOf(experimentId, assignment.unit, metricCount),
      })),
    ),
  }
}
