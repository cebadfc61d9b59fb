// Shapes that the answers of several subjects share, and the parameters of several addresses.
import { z } from 'zod'
import type { ErrorCode } from '../../bandit/errors.ts'
import { METRIC_ROLES } from '../../bandit/metrics/metric.ts'
import { METRIC_TYPES } from '../../bandit/metrics/registry.ts'
import { GOALS } from '../../stats/goal.ts'
import { instantFault } from '../input/instants.ts'

export const instant = z.iso.datetime().meta({ examples: ['2026-11-22T10:00:00.000Z'] })
/** A time as it may be sent: with a zone, in letters of either case. */
export const sentInstant = z
  .string()
  .refine(text => instantFault(text) === null)
  .meta({ format: 'date-time', examples: ['2026-11-22T10:05:00Z'] })
export const count = z.int().min(0)
export const share = z.number().meta({ minimum: 0, maximum: 1 })
/** Null: without bound, or not known. */
export const perhaps = z.number().nullable()

export const metric = z
  .object({
    key: z.string(),
    type: z.enum(METRIC_TYPES),
    role: z.enum(METRIC_ROLES),
    goal: z.enum(GOALS),
    window: z.string().nullable(),
    range: z.tuple([z.number(), z.number()]),
    margin: perhaps,
  })
  .meta({ id: 'Metric' })

export const keyInPath = z.object({
  key: z.string().meta({ description: 'The key of an experiment.', examples: ['spring-email'] }),
})

export const metricInQuery = z.object({
  metric: z.string().optional().meta({ description: 'The key of a metric; the primary one unless given.' }),
})

/** The refusals of what is read of one experiment. */
export const READ_PROBLEMS = [
  'experiment_not_found',
  'metric_not_found',
  'store_unavailable',
] as const satisfies readonly ErrorCode[]

/** The same where it is computed too, so that too many may ask at once. */
export const COMPUTED_PROBLEMS = [...READ_PROBLEMS, 'overloaded'] as const
