// The shapes of what people send to define experiments. What the shapes cannot say (one primary metric, weights that sum to one)
// the domain says; both are told in one answer.
import { z } from 'zod'
import { BanditError, type Fault } from '../bandit/errors.ts'
import {
  completeDefinition,
  type Definition,
  type DefinitionInput,
  definitionFaults,
  type ReadableDefinition,
} from '../bandit/experiment.ts'
import { GOALS, METRIC_ROLES, METRIC_TYPES } from '../bandit/metric.ts'
import { POLICY_TYPES } from '../bandit/policy.ts'
import { refuse, unknownField } from './fields.ts'

const MAX_DESCRIPTION = 2_000

const armSchema = z.strictObject({
  key: z.string(),
  payload: z.json().optional(),
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
  const input: Record<string, unknown> = { ...body }
  if (key !== undefined) {
    if (Object.hasOwn(input, 'key') && input.key !== key) {
      refuse([{ path: 'key', message: `is ${JSON.stringify(input.key)}, but the address says "${key}"` }])
    }
    input.key = key
  }
  const parsed = definitionSchema.safeParse(input)
  const shape = parsed.success ? [] : parsed.error.issues.flatMap(faultsOf)
  refuse([...shape, ...definitionFaults(readableParts(input))])
  return completeDefinition(parsed.data as DefinitionInput)
}

/** What of the input has its shape, so that the rest of it can be judged although a part is not readable. */
function readableParts(input: Record<string, unknown>): ReadableDefinition {
  const read = (name: keyof typeof definitionSchema.shape) => {
    const parsed = definitionSchema.shape[name].safeParse(input[name])
    return parsed.success ? parsed.data : undefined
  }
  const items = (name: 'arms' | 'metrics', schema: z.ZodType) => {
    const list = input[name]
    if (!Array.isArray(list)) return undefined
    return list.map(item => {
      const parsed = schema.safeParse(item)
      return parsed.success ? parsed.data : undefined
    })
  }
  return {
    key: read('key'),
    control: read('control'),
    policy: read('policy'),
    alpha: read('alpha'),
    plannedUnits: read('plannedUnits'),
    arms: items('arms', armSchema),
    metrics: items('metrics', metricSchema),
  } as ReadableDefinition
}

function faultsOf(issue: z.core.$ZodIssue): Fault[] {
  const path = pathOf(issue.path)
  if (issue.code !== 'unrecognized_keys') return [{ path, message: wordingOf(issue) }]
  return issue.keys.map(name => ({
    path: path === '' ? name : `${path}.${name}`,
    message: unknownField(fieldsAt(issue.path)),
  }))
}

function wordingOf(issue: z.core.$ZodIssue): string {
  const wording = issue.message.replace(/^Invalid (input|option|string): /, '')
  return wording.startsWith('expected')
    ? `must be ${wording.slice('expected '.length)}`.replace('must be one of', 'must be one of')
    : wording
}

function fieldsAt(path: readonly PropertyKey[]): readonly string[] {
  const [top, below] = [path[0], path.at(-1)]
  if (top === 'arms') return Object.keys(armSchema.shape)
  if (top === 'metrics') return Object.keys(metricSchema.shape)
  if (below === 'prior') return ['alpha', 'beta']
  return Object.keys(top === 'policy' ? policySchema.shape : definitionSchema.shape)
}

function pathOf(path: readonly PropertyKey[]): string {
  return path
    .map((part, at) => (typeof part === 'number' ? `[${part}]` : `${at === 0 ? '' : '.'}${String(part)}`))
    .join('')
}
