// What somebody asks for who changes an experiment: the whole definition, altered in one thing.
import {
  completeDefinition,
  type DefinitionInput,
  definitionFaults,
} from '../../../src/bandit/experiment/definition-input.ts'
import type { Definition } from '../../../src/bandit/experiment/experiment.ts'
import { type PlannedChange, type PlannedPolicy, policyInput } from './history.ts'

/** Null where the door would refuse it: it is then no request that the bandit gets to see. */
export function alterDefinition(definition: Definition, change: PlannedChange): Definition | null {
  const altered = alter(definition, change)
  const input = { ...altered, policy: fittingPolicy(altered) }
  return definitionFaults(input).length === 0 ? completeDefinition(input) : null
}

function alter(definition: Definition, change: PlannedChange): DefinitionInput {
  const { arms } = definition
  switch (change.what) {
    case 'add an arm':
      return { ...definition, arms: [...arms, { key: `arm-${arms.length}` }] }
    case 'reorder':
      return { ...definition, arms: arms.toReversed() }
    case 'freeze':
      return { ...definition, alpha: definition.alpha / 2 }
    case 'describe':
      return { ...definition, description: `${definition.description}.` }
    case 'retire':
      return {
        ...definition,
        arms: arms.map((arm, at) => (at === change.arm ? { ...arm, retired: !arm.retired } : arm)),
      }
    case 'forget':
      return { ...definition, arms: arms.filter((_, at) => at !== change.arm) }
    case 'payload':
      return {
        ...definition,
        arms: arms.map((arm, at) => (at === change.arm ? { ...arm, payload: [arm.payload] } : arm)),
      }
    case 'policy':
      return { ...definition, policy: policyInput(change.policy, activeIn(definition)) }
  }
}

/** Fixed weights go with the arms that are active. */
function fittingPolicy(definition: DefinitionInput): DefinitionInput['policy'] {
  if (definition.policy?.type !== 'fixed') return definition.policy
  const even: PlannedPolicy = { type: 'fixed', exploration: 0, controlShare: null }
  return policyInput(even, activeIn(definition))
}

function activeIn({ arms }: DefinitionInput): string[] {
  return arms.filter(({ retired }) => retired !== true).map(({ key }) => key)
}
