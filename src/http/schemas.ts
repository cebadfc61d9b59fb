// The shapes of what people send to define experiments. What the shapes cannot say (one primary metric, weights that sum to one)
// the domain says; both are told in one answer.
import { z } from 'zod'
import {
  completeDefinition,
  type DefinitionInput,
  definitionFaults,
  type ReadableDefinition,
} from '../bandit/definition-input.ts'
import { BanditError, type Fault } from '../bandit/errors.ts'
import type { Definition } from '../bandit/experiment.ts'
import { METRIC_ROLES, METRIC_TYPES } from '../bandit/metric.ts'
import { POLICY_TYPES } from '../bandit/policy.ts'
import { GOALS } from '../stats/goal.ts'
import { refuse } from './fields.ts'
import { readableFields, type Shape, shapeFaults } from './schema-faults.ts'

const MAX_DESCRIPTION = 2_000

/** Whoever walks through a payload does so by recursion, which has an end: SQLite's JSON knows 1,000 levels, a stack some more. */
export const MAX_PAYLOAD_DEPTH = 100

const payloadSchema = z.unknown().superRefine((payload, context) => {
  const message = payloadFault(payload)
  if (message !== null) context.addIssue({ code: 'custom', message })
})

const armSchema = z.strictObject({
  key: z.string(),
  payload: payloadSchema.optional(),
  retired: z.boolean().optional(),
})

const metricSchema = z.strictObject({
  key: z.string(),
  type: z.enum(METRIC_TYPES),
  role: z.enum(METRIC_ROLES).optional(),
  goal: z.enum(GOALS).optional(),
  window: z.string().nullable().optional(),
  range: z.tuple([z.number(), z.number()]).optional(),
  margin: z.number().nullable().optional(),
})

const policySchema = z.strictObject({
  type: z.enum(POLICY_TYPES),
  exploration: z.number().optional(),
  controlShare: z.number().nullable().optional(),
  weights: z.record(z.string(), z.number()).optional(),
  prior: z.strictObject({ alpha: z.number().optional(), beta: z.number().optional() }).optional(),
})

export const definitionSchema = z.strictObject({
  key: z.string(),
  description: z.string().max(MAX_DESCRIPTION).optional(),
  arms: z.array(armSchema),
  control: z.string().optional(),
  metrics: z.array(metricSchema),
  policy: policySchema.optional(),
  alpha: z.number().optional(),
  plannedUnits: z.number().optional(),
})

/**
 * The definition in a body, completed. `key` is the one in the address, which a body need not repeat.
 *
 * @throws BanditError `invalid_request` with every fault of shape and of sense
 */
export function parseDefinition(body: unknown, key?: string): Definition {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    throw new BanditError(
      'invalid_request',
      'The request is not valid: the body must be an object that defines an experiment',
    )
  }
  const input: Record<string, unknown> = { ...body, ...(key !== undefined && { key }) }
  const parsed = definitionSchema.safeParse(input)
  refuse([
    ...otherKeyFaults(body, key),
    ...shapeFaults(definitionSchema, parsed),
    ...droppedWeightFaults(input.policy),
    ...definitionFaults(readableParts(input)),
  ])
  return completeDefinition(parsed.data as DefinitionInput)
}

/** A body may repeat the key in its address, and no other. */
function otherKeyFaults(body: object, key: string | undefined): Fault[] {
  if (key === undefined || !Object.hasOwn(body, 'key')) return []
  const own = (body as { key: unknown }).key
  if (own === key) return []
  const told = typeof own === 'string' ? JSON.stringify(own.slice(0, 80)) : 'no string'
  return [{ path: 'key', message: `is ${told}, but the address says "${key}"` }]
}

/** zod leaves this one name out of a record without a word. */
function droppedWeightFaults(policy: unknown): Fault[] {
  const weights = (policy as { weights?: unknown } | null | undefined)?.weights
  const isThere = typeof weights === 'object' && weights !== null && Object.hasOwn(weights, '__proto__')
  return isThere ? [{ path: 'policy.weights.__proto__', message: 'is not an active arm' }] : []
}

/** What came out of JSON.parse is JSON, except for numbers that have become infinite. */
function payloadFault(payload: unknown, depth = 0): string | null {
  if (typeof payload === 'number' && !Number.isFinite(payload)) return 'must have finite numbers only'
  if (typeof payload !== 'object' || payload === null) return null
  if (depth === MAX_PAYLOAD_DEPTH) return `must be nested at most ${MAX_PAYLOAD_DEPTH} deep`
  for (const item of Object.values(payload)) {
    const message = payloadFault(item, depth + 1)
    if (message !== null) return message
  }
  return null
}

/** What of the input has its shape, so that the rest of it can be judged although a part is not readable. */
function readableParts(input: Record<string, unknown>): ReadableDefinition {
  const { arms, metrics, policy, ...fields } = definitionSchema.shape
  const readable = readableFields(fields, input)
  return {
    ...readable,
    arms: readableItems(armSchema.shape, input.arms, ['key']),
    metrics: readableItems(metricSchema.shape, input.metrics, ['key', 'type', 'role']),
    policy: readableItem(policySchema.shape, input.policy, ['type']),
  } as ReadableDefinition
}

function readableItems(shape: Shape, list: unknown, needed: readonly string[]): unknown[] | undefined {
  return Array.isArray(list) ? list.map(item => readableItem(shape, item, needed)) : undefined
}

/** The fields of an item that have their shape; nothing of one that lacks the shape in what the others are judged by. */
function readableItem(shape: Shape, item: unknown, needed: readonly string[]): object | undefined {
  if (typeof item !== 'object' || item === null || Array.isArray(item)) return undefined
  if (needed.some(name => !shape[name]?.safeParse((item as Record<string, unknown>)[name]).success)) return undefined
  return readableFields(shape, item as Record<string, unknown>)
}
