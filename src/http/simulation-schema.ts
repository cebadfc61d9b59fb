// The shape of a simulation's design, as it is posted and as a file holds it. What the shape cannot say, the domain says;
// both are told in one answer.
import { z } from 'zod'
import type { Fault } from '../bandit/errors.ts'
import { METRIC_TYPES } from '../bandit/metric.ts'
import {
  completeSimulation,
  type SimulationDesign,
  type SimulationInput,
  simulationFaults,
} from '../simulation/design.ts'
import { GOALS } from '../stats/goal.ts'
import { refuse, unknownField } from './fields.ts'
import { definitionSchema } from './schemas.ts'

const { control, policy, alpha, plannedUnits } = definitionSchema.shape

const simulatedArmSchema = z.strictObject({
  key: z.string(),
  rate: z.number().optional(),
  mean: z.number().optional(),
  sd: z.number().optional(),
})

const simulatedMetricSchema = z.strictObject({
  type: z.enum(METRIC_TYPES).optional(),
  goal: z.enum(GOALS).optional(),
  window: z.string().nullable().optional(),
  range: z.tuple([z.number(), z.number()]).optional(),
})

export const simulationSchema = z.strictObject({
  arms: z.array(simulatedArmSchema),
  control,
  metric: simulatedMetricSchema.optional(),
  policy,
  alpha,
  plannedUnits,
  unitsPerDay: z.number().optional(),
  days: z.number().optional(),
  runs: z.number().optional(),
  seed: z.number().optional(),
})

/**
 * The design in a body, completed.
 *
 * @throws BanditError `invalid_request` with every fault of shape and of sense
 */
export function parseSimulation(body: unknown): SimulationDesign {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    refuse([{ path: '', message: `must be an object with ${Object.keys(simulationSchema.shape).join(', ')}` }])
  }
  const parsed = simulationSchema.safeParse(body)
  const shape = parsed.success ? [] : parsed.error.issues.flatMap(faultsOf)
  const readable = readableParts(body as Record<string, unknown>)
  refuse([...shape, ...(readable === null ? [] : simulationFaults(readable))])
  return completeSimulation(parsed.data as SimulationInput)
}

/** The fields that have their shape, so that they can be judged although others have not; null without arms. */
function readableParts(body: Record<string, unknown>): SimulationInput | null {
  const parts = Object.entries(simulationSchema.shape).flatMap(([name, schema]) => {
    const parsed = schema.safeParse(body[name])
    return parsed.success ? [[name, parsed.data] as const] : []
  })
  const readable = Object.fromEntries(parts)
  return readable.arms === undefined ? null : (readable as unknown as SimulationInput)
}

function faultsOf(issue: z.core.$ZodIssue): Fault[] {
  const path = issue.path
    .map((part, at) => (typeof part === 'number' ? `[${part}]` : `${at === 0 ? '' : '.'}${String(part)}`))
    .join('')
  if (issue.code !== 'unrecognized_keys') {
    return [{ path, message: issue.message.replace(/^Invalid (?:input|option): (?:expected )?/, 'must be ') }]
  }
  return issue.keys.map(name => ({
    path: path === '' ? name : `${path}.${name}`,
    message: unknownField(fieldsAt(issue.path)),
  }))
}

function fieldsAt(path: readonly PropertyKey[]): string[] {
  const [top, below] = [path[0], path.at(-1)]
  if (top === 'arms') return Object.keys(simulatedArmSchema.shape)
  if (top === 'metric') return Object.keys(simulatedMetricSchema.shape)
  if (below === 'prior') return ['alpha', 'beta']
  return top === 'policy'
    ? ['type', 'exploration', 'controlShare', 'weights', 'prior']
    : Object.keys(simulationSchema.shape)
}
