// Gives units their arms. A unit that had one keeps it for ever; a new one is drawn with the
// propensities of the current snapshot, and is told only when that is on disk. Whatever state the
// experiment or the store is in, product code gets an arm.

import type { ProposedUnit, Store } from '../store/port.ts'
import type { Catalogue, LiveExperiment } from './catalogue.ts'
import { chooseArm, drawOf } from './draw.ts'
import { StoreUnavailableError } from './errors.ts'
import { type Arm, armAt, armPosition, type Definition } from './experiment/experiment.ts'
import type { Assignment } from './facts.ts'
import type { ContextFault } from './features/keep-context.ts'

/**
 * Why a unit got its arm. Kept: `assigned` (now, for the first time), `kept` (it had it before).
 * Not kept: `draft`, `paused`, `stopped` (the control), `winner` (the arm that won), `fallback`
 * (the store is unavailable: the control).
 */
export type AssignReason = 'assigned' | 'kept' | 'draft' | 'paused' | 'stopped' | 'winner' | 'fallback'

export interface Assigned {
  readonly unit: string
  readonly arm: Arm
  readonly reason: AssignReason
  /** What was kept; null where nothing was. */
  readonly assignment: Assignment | null
  /** What is wrong with its context; none where the unit had its arm, so that it was not read. */
  readonly contextFaults: readonly ContextFault[]
}

/** A unit as it comes: a name, or a name and the values of its features, by their keys. */
export type Arriving = string | { readonly unit: string; readonly context?: unknown }

interface Deps {
  readonly catalogue: Catalogue
  readonly store: Pick<Store, 'keepAssignments' | 'findAssignments' | 'findExperiments'>
}

/**
 * An arm for each unit, in their order. Names have no `nameFault`; of contexts anything may come.
 *
 * @throws BanditError `experiment_not_found`
 */
export async function assign(
  deps: Deps,
  experimentKey: string,
  arriving: readonly Arriving[],
  now: number,
): Promise<Assigned[]> {
  const live = deps.catalogue.get(experimentKey)
  const { status, winner, definition } = live.experiment
  const units = arriving.map(nameOf)
  if (status === 'draft') return units.map(unit => unkept(live, unit, 'draft'))
  if (winner !== null) return units.map(unit => unkept(live, unit, 'winner', armPosition(definition, winner)))
  if (status !== 'running') return (await recall(deps, live, units)) ?? fallback(live, units)
  const slices = slicesOf(arriving).map(slice => draw(deps, live, slice, now))
  return (await Promise.all(slices)).flat()
}

/**
 * So many units are kept together: a transaction holds up everybody else for as long as it lasts.
 * All are asked for at once, so that a store may still take several in one.
 */
const SLICE = 250

function slicesOf(units: readonly Arriving[]): (readonly Arriving[])[] {
  if (units.length <= SLICE) return [units]
  return Array.from({ length: Math.ceil(units.length / SLICE) }, (_, slice) =>
    units.slice(slice * SLICE, (slice + 1) * SLICE),
  )
}

/** Where nothing can be kept, units that have an arm still get it. */
async function draw(deps: Deps, live: LiveExperiment, arriving: readonly Arriving[], now: number): Promise<Assigned[]> {
  const { experiment, snapshot, growth, scoring } = live
  if (snapshot === null) throw new TypeError(`Experiment "${experiment.definition.key}" runs without a snapshot`)
  try {
    const drawn = arriving.map(unit => drawnFor(unit, live))
    const kept = await deps.store.keepAssignments({
      experimentId: experiment.id,
      snapshot: snapshot.number,
      assignedAt: now,
      metrics: experiment.definition.metrics,
      units: drawn.map(({ proposed }) => proposed),
      ...(scoring !== null && { scoring }),
    })
    const fresh = kept.filter(assignment => assignment.isNew).length
    growth.addUnits(snapshot.number, fresh, now)
    const definition = await definitionFor(deps, live, kept)
    return kept.map((assignment, place) =>
      assignment.isNew
        ? keptAnswer(definition, assignment, 'assigned', drawn[place]?.faults)
        : keptAnswer(definition, assignment, 'kept'),
    )
  } catch (error) {
    if (!(error instanceof StoreUnavailableError)) throw error
    const units = arriving.map(nameOf)
    return (await recall(deps, live, units)) ?? fallback(live, units)
  }
}

function nameOf(arriving: Arriving): string {
  return typeof arriving === 'string' ? arriving : arriving.unit
}

interface Drawn {
  readonly proposed: ProposedUnit
  readonly faults: readonly ContextFault[]
}

/** With the propensities of the snapshot, or with the unit's own where they hang on its context. */
function drawnFor(arriving: Arriving, { experiment, snapshot, rule }: LiveExperiment): Drawn {
  const unit = nameOf(arriving)
  const draw = drawOf(experiment.salt, unit)
  if (rule === null) return { proposed: proposedFrom(unit, snapshot?.propensities ?? [], draw), faults: NO_FAULTS }
  const { kept, faults } = rule.keep(typeof arriving === 'string' ? undefined : arriving.context)
  const proposed = proposedFrom(unit, rule.propensitiesAt(rule.xOf(kept)), draw)
  return { proposed: { ...proposed, context: JSON.stringify(kept) }, faults }
}

function proposedFrom(unit: string, propensities: ArrayLike<number | null>, draw: number): ProposedUnit {
  const arm = chooseArm(propensities, draw)
  return { unit, arm, propensity: propensities[arm] as number }
}

const NO_FAULTS: readonly ContextFault[] = []

/**
 * Who has an arm keeps it, nobody gets one: the experiment is paused, or stopped without a winner,
 * or the store cannot write. Null where it cannot be read either.
 */
async function recall(deps: Deps, live: LiveExperiment, units: readonly string[]): Promise<Assigned[] | null> {
  const { id, status } = live.experiment
  const reason = status === 'running' ? 'fallback' : status === 'paused' ? 'paused' : 'stopped'
  try {
    const found = await deps.store.findAssignments(id, units)
    const definition = await definitionFor(deps, live, found)
    return units.map((unit, position) => {
      const assignment = found[position] ?? null
      return assignment === null ? unkept(live, unit, reason) : keptAnswer(definition, assignment, 'kept')
    })
  } catch (error) {
    if (error instanceof StoreUnavailableError) return null
    throw error
  }
}

function fallback(live: LiveExperiment, units: readonly string[]): Assigned[] {
  return units.map(unit => unkept(live, unit, 'fallback'))
}

/**
 * Another process may have added an arm a moment ago, and given it to one of these units: then the
 * definition is read anew.
 */
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
  contextFaults = NO_FAULTS,
): Assigned {
  const assignment = { unit, arm, propensity, snapshot, assignedAt }
  return { unit, arm: armAt(definition, arm), reason, assignment, contextFaults }
}

function unkept(live: LiveExperiment, unit: string, reason: AssignReason, arm: number = live.control): Assigned {
  return { unit, arm: armAt(live.experiment.definition, arm), reason, assignment: null, contextFaults: NO_FAULTS }
}
