// What applying a definition would do, told without doing it.
import type { Catalogue } from '../catalogue.ts'
import { type ExperimentState, redefine } from './change.ts'
import { type Difference, differences } from './difference.ts'
import type { Definition } from './experiment.ts'

export interface DefinitionPlan {
  readonly result: 'created' | 'changed' | 'unchanged'
  /** Field by field; of a new experiment, all that it would have. */
  readonly changes: readonly Difference[]
  /** The experiment as it would be. */
  readonly state: ExperimentState
}

/** @throws BanditError `experiment_frozen`, as applying it would */
export function planDefinition(catalogue: Pick<Catalogue, 'find'>, definition: Definition): DefinitionPlan {
  const experiment = catalogue.find(definition.key)?.experiment
  if (experiment === undefined) {
    const state: ExperimentState = { definition, status: 'draft', winner: null, startedAt: null, stoppedAt: null }
    return { result: 'created', changes: differences(NOTHING, definition), state }
  }
  const state = redefine(experiment, definition)
  if (state === null) return { result: 'unchanged', changes: [], state: experiment }
  return { result: 'changed', changes: differences(experiment.definition, state.definition), state }
}

/** Has the fields in their order, and the lists, so that their items are told one by one. */
const NOTHING = { key: undefined, description: undefined, arms: [], control: undefined, metrics: [], policy: {} }
