// The shape of a simulation's design, as it is posted and as a file holds it. What the shape cannot
// say, the domain says; both are told in one answer.
import { z } from 'zod'
import { armCountFault, MAX_ARMS } from '../../bandit/experiment/definition-input.ts'
import { METRIC_TYPES } from '../../bandit/metrics/registry.ts'
import {
  completeSimulation,
  type ReadableSimulation,
  type SimulationDesign,
  type SimulationInput,
  simulationFaults,
} from '../../simulation/design.ts'
import { GOALS } from '../../stats/goal.ts'
import { definitionSchema } from './definition-schema.ts'
import { refuse } from './fields.ts'
import { readable, shapeFaults } from './schema-faults.ts'

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
  // Judged first: the items of a list that is too long are not looked at.
  const { arms } = body as { arms?: unknown }
  if (Array.isArray(arms) && arms.length > MAX_ARMS) refuse([armCountFault(arms.length)])
  const parsed = simulationSchema.safeParse(body)
  const sense = simulationFaults(readable(simulationSchema, body) as ReadableSimulation)
  refuse([...shapeFaults(simulationSchema, parsed), ...sense])
  return completeSimulation(parsed.data as SimulationInput)
}
