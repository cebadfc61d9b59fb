// A body as the definition that it holds. What its shape cannot say the domain says; both are told
// in one answer.

import { BanditError, type Fault } from '../../bandit/errors.ts'
import {
  armCountFault,
  completeDefinition,
  type DefinitionInput,
  definitionFaults,
  MAX_ARMS,
  MAX_METRICS,
  metricCountFault,
  type ReadableDefinition,
} from '../../bandit/experiment/definition-input.ts'
import type { Definition } from '../../bandit/experiment/experiment.ts'
import { keepLeftOut } from '../../bandit/experiment/keep-left-out.ts'
import { FEATURE_TYPES, MAX_FEATURES } from '../../bandit/features/feature.ts'
import { featureCountFault } from '../../bandit/features/feature-input.ts'
import { METRIC_TYPES } from '../../bandit/metrics/registry.ts'
import { definitionChangeSchema, definitionSchema } from './definition-schema.ts'
import { refuse } from './fields.ts'
import { readable, shapeFaults } from './schema-faults.ts'

/**
 * The definition in a body, completed: with what `kept`, the definition that the experiment has,
 * says of what is left out; where there is none, with the defaults. `key` is the one in the
 * address, which a body need not repeat.
 *
 * @throws BanditError `invalid_request` with every fault of shape and of sense
 */
export function parseDefinition(body: unknown, key?: string, kept: Definition | null = null): Definition {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    throw new BanditError(
      'invalid_request',
      'The request is not valid: the body must be an object that defines an experiment',
    )
  }
  const input: Record<string, unknown> = { ...body, ...(key !== undefined && { key }) }
  refuse(lengthFaults(input))
  const schema = kept === null ? definitionSchema : definitionChangeSchema
  const parsed = schema.safeParse(input)
  const whole = (fields: ReadableDefinition) => (kept === null ? fields : keepLeftOut(fields, kept))
  refuse([
    ...otherKeyFaults(body, key),
    ...shapeFaults(schema, parsed, input),
    ...droppedWeightFaults(input.policy),
    ...missingTypeFaults('metric', input.metrics, METRIC_TYPES, kept),
    ...missingTypeFaults('feature', input.features, FEATURE_TYPES, kept),
    ...definitionFaults(whole(readable(schema, input) as ReadableDefinition), kept?.policy),
  ])
  return completeDefinition(whole(parsed.data as ReadableDefinition) as DefinitionInput, kept?.policy)
}

/** Judged first: the items of a list that is too long are not looked at. */
function lengthFaults({ arms, metrics, policy, features }: Record<string, unknown>): Fault[] {
  const { weights } = (policy ?? {}) as { weights?: unknown }
  const faults: Fault[] = []
  if (Array.isArray(arms) && arms.length > MAX_ARMS) faults.push(armCountFault(arms.length))
  if (Array.isArray(metrics) && metrics.length > MAX_METRICS) faults.push(metricCountFault(metrics.length))
  if (Array.isArray(features) && features.length > MAX_FEATURES) faults.push(featureCountFault(features.length))
  const shares = typeof weights === 'object' && weights !== null ? Object.keys(weights).length : 0
  if (shares > MAX_ARMS)
    faults.push({ path: 'policy.weights', message: `must be of at most ${MAX_ARMS} arms, not ${shares}` })
  return faults
}

/** A body may repeat the key in its address, and no other. */
function otherKeyFaults(body: object, key: string | undefined): Fault[] {
  if (key === undefined || !Object.hasOwn(body, 'key')) return []
  const own = (body as { key: unknown }).key
  if (own === key) return []
  const told = typeof own === 'string' ? JSON.stringify(own.slice(0, 80)) : 'no string'
  return [{ path: 'key', message: `is ${told}, but the address says "${key}"` }]
}

/** Of a change only the metrics and features that the experiment has may go without a type. */
function missingTypeFaults(
  word: 'metric' | 'feature',
  items: unknown,
  types: readonly string[],
  kept: Definition | null,
): Fault[] {
  if (kept === null || !Array.isArray(items)) return []
  const known = new Set<unknown>(kept[`${word}s`]?.map(({ key }) => key))
  return items.flatMap((item: { key?: unknown; type?: unknown } | null, position) => {
    if (typeof item?.key !== 'string' || item.type !== undefined || known.has(item.key)) return []
    return [{ path: `${word}s[${position}].type`, message: `must be one of ${types.join(', ')} for a new ${word}` }]
  })
}

/** zod leaves this one name out of a record without a word. */
function droppedWeightFaults(policy: unknown): Fault[] {
  const weights = (policy as { weights?: unknown } | null | undefined)?.weights
  const isThere = typeof weights === 'object' && weights !== null && Object.hasOwn(weights, '__proto__')
  return isThere ? [{ path: 'policy.weights.__proto__', message: 'is not an active arm' }] : []
}
