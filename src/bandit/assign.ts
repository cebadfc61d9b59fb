// Gives units their arms. A unit that had one keeps it for ever; a new one is drawn with the propensities of the current snapshot,
// and is told only when that is on disk. Whatever state the experiment or the store is in, product code gets an arm.
import type { Catalogue, LiveExperiment } from './catalogue.ts'
import { chooseArm, drawOf } from './draw.ts'
import { StoreUnavailableError } from './errors.ts'
import { type Arm, armAt, armPosition, type Definition } from './experiment.ts'
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
  readonly store: Pick<Store, 'keepAssignments' | 'findAssignments' | 'findExperiments'>
}

/**
 * An arm for each unit, in their order. The units are names (see `nameFault`).
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

async function draw(deps: Deps, live: LiveExperiment, units: readonly string[], now: number): Promise<Assigned[]> {
  const { experiment, snapshot, growth } = live
  if (snapshot === null) throw new TypeError(`Experiment "${experiment.definition.key}" runs without a snapshot`)
  const kept = await deps.store.keepAssignments({
    experimentId: experiment.id,
    snapshot: snapshot.number,
    assignedAt: now,
    metrics: experiment.definition.metrics,
    units: units.map(unit => new Candidate(unit, experiment.salt, snapshot)),
  })
  const fresh = kept.filter(assignment => assignment.isNew).length
  growth.addUnits(snapshot.number, fresh, now)
  const definition = await definitionFor(deps, live, kept)
  return kept.map(assignment => keptAnswer(definition, assignment, assignment.isNew ? 'assigned' : 'kept'))
}

/** Drawn when the store asks for the arm: it need not, where the unit has one. */
class Candidate implements ProposedUnit {
  readonly unit: string
  readonly #salt: string
  readonly #propensities: Snapshot['propensities']
  #arm: number | null = null

  constructor(unit: string, salt: string, { propensities }: Snapshot) {
    this.unit = unit
    this.#salt = salt
    this.#propensities = propensities
  }

  get arm(): number {
    this.#arm ??= chooseArm(this.#propensities, drawOf(this.#salt, this.unit))
    return this.#arm
  }

  get propensity(): number {
    return this.#propensities[this.arm] as number
  }
}

/** Paused or stopped without a winner: who has an arm keeps it, nobody gets one. */
async function recall(deps: Deps, live: LiveExperiment, units: readonly string[]): Promise<Assigned[]> {
  const { id, status } = live.experiment
  const found = await deps.store.findAssignments(id, units)
  const definition = await definitionFor(deps, live, found)
  const reason = status === 'paused' ? 'paused' : 'stopped'
  return units.map((unit, position) => {
    const assignment = found[position] ?? null
    return assignment === null ? unkept(live, unit, reason) : keptAnswer(definition, assignment, 'kept')
  })
}

/** Another process may have added an arm a moment ago, and given it to one of these units: then the definition is read anew. */
async function definitionFor(
  { store }: Deps,
  { experiment }: LiveExperiment,
  assignments: readonly (Assignment | null)[],
): Promise<Definition> {
  const { id, definition } = experiment
  if (assignments.every(assignment => assignment === null || assignment.arm < definition.arms.length)) return definition
  return (await store.findExperiments()).find(stored => stored.id === id)?.definition ?? definition
}

function keptAnswer(
  definition: Definition,
  { unit, arm, propensity, snapshot, assignedAt }: Assignment,
  reason: 'assigned' | 'kept',
): Assigned {
  const assignment = { unit, arm, propensity, snapshot, assignedAt }
  return { unit, arm: armAt(definition, arm), reason, assignment }
}

function unkept(live: LiveExperiment, unit: string, reason: AssignReason, arm: number = live.control): Assigned {
  return { unit, arm: armAt(live.experiment.definition, arm), reason, assignment: null }
}
