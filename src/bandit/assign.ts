// Gives units their arms. A unit that had one keeps it for ever; a new one is drawn with the propensities of the current snapshot,
// and is told only when that is on disk. Whatever state the experiment or the store is in, product code gets an arm.
import type { Catalogue, LiveExperiment } from './catalogue.ts'
import { chooseArm, drawOf } from './draw.ts'
import { StoreUnavailableError } from './errors.ts'
import { type Arm, armAt, armPosition } from './experiment.ts'
import type { Assignment } from './facts.ts'
import type { ProposedUnit, Snapshot, Store } from './store.ts'

/**
 * Why a unit got its arm. Kept: `assigned` (now, for the first time), `kept` (it had it before). Not kept: `draft`, `paused`,
 * `stopped` (the control), `winner` (the arm that won), `fallback` (the store is unavailable: the control).
 */
export type AssignReason = 'assigned' | 'kept' | 'draft' | 'paused' | 'stopped' | 'winner' | 'fallback'

export interface Assigned {
  readonly unit: string
  readonly arm: Arm
  readonly reason: AssignReason
  /** What was kept; null where nothing was. */
  readonly assignment: Assignment | null
}

interface Deps {
  readonly catalogue: Catalogue
  readonly store: Pick<Store, 'keepAssignments' | 'findAssignments'>
}

/**
 * An arm for each unit, in their order. The units are well-formed names (see `unitFault`).
 *
 * @throws BanditError `experiment_not_found`
 */
export async function assign(
  deps: Deps,
  experimentKey: string,
  units: readonly string[],
  now: number,
): Promise<Assigned[]> {
  const live = deps.catalogue.get(experimentKey)
  const { status, winner, definition } = live.experiment
  if (status === 'draft') return units.map(unit => unkept(live, unit, 'draft'))
  if (winner !== null) return units.map(unit => unkept(live, unit, 'winner', armPosition(definition, winner)))
  try {
    return status === 'running' ? await draw(deps, live, units, now) : await recall(deps, live, units)
  } catch (error) {
    if (error instanceof StoreUnavailableError) return units.map(unit => unkept(live, unit, 'fallback'))
    throw error
  }
}

async function draw({ store }: Deps, live: LiveExperiment, units: readonly string[], now: number): Promise<Assigned[]> {
  const { experiment, snapshot, growth } = live
  if (snapshot === null) throw new TypeError(`Experiment "${experiment.definition.key}" runs without a snapshot`)
  const kept = await store.keepAssignments({
    experimentId: experiment.id,
    snapshot: snapshot.number,
    assignedAt: now,
    metrics: experiment.definition.metrics,
    units: units.map(unit => propose(experiment.salt, snapshot, unit)),
  })
  const fresh = kept.filter(assignment => assignment.isNew).length
  growth.addUnits(snapshot.number, fresh, now)
  return kept.map(assignment => keptAnswer(live, assignment, assignment.isNew ? 'assigned' : 'kept'))
}

function propose(salt: string, { propensities }: Snapshot, unit: string): ProposedUnit {
  const arm = chooseArm(propensities, drawOf(salt, unit))
  return { unit, arm, propensity: propensities[arm] as number }
}

/** Paused or stopped without a winner: who has an arm keeps it, nobody gets one. */
async function recall({ store }: Deps, live: LiveExperiment, units: readonly string[]): Promise<Assigned[]> {
  const { id, status } = live.experiment
  const found = await store.findAssignments(id, units)
  const reason = status === 'paused' ? 'paused' : 'stopped'
  return units.map((unit, position) => {
    const assignment = found[position] ?? null
    return assignment === null ? unkept(live, unit, reason) : keptAnswer(live, assignment, 'kept')
  })
}

function keptAnswer(
  { experiment }: LiveExperiment,
  { unit, arm, propensity, snapshot, assignedAt }: Assignment,
  reason: 'assigned' | 'kept',
): Assigned {
  const assignment = { unit, arm, propensity, snapshot, assignedAt }
  return { unit, arm: armAt(experiment.definition, arm), reason, assignment }
}

function unkept(live: LiveExperiment, unit: string, reason: AssignReason, arm: number = live.control): Assigned {
  return { unit, arm: armAt(live.experiment.definition, arm), reason, assignment: null }
}
