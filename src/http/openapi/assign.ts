// POST /assign and POST /assign/batch. They check their bodies by hand; the schemas here say the
// same, and a test holds them to it.
import { z } from 'zod'
import { UNIT_MAX_CHARACTERS } from '../../bandit/facts.ts'
import { MAX_BATCH_UNITS } from '../routes/assign.ts'
import type { Operation } from './operation.ts'
import { count, instant, share } from './shapes.ts'

/**
 * Text of 1 to 256 characters (code points), without NUL and lone surrogates. The document says it
 * so that every validator can.
 */
export const nameSchema = z
  .string()
  .regex(new RegExp(`^[^\\0\\ud800-\\udfff]{1,${UNIT_MAX_CHARACTERS}}$`, 'u'))
  .meta({
    override: { pattern: '^[^\\u0000]*$', minLength: 1, maxLength: UNIT_MAX_CHARACTERS },
    description: 'Any well-formed text of 1 to 256 characters without NUL.',
    examples: ['u-17'],
  })

/** A unit as it may be sent. */
export const unitSchema = z.union([nameSchema, z.int()]).meta({
  description:
    'Any well-formed text of 1 to 256 characters without NUL. A whole number within ±(2⁵³ − 1) is its digits: 17 is "17".',
})

const experimentKey = z
  .string()
  .min(1)
  .meta({ description: 'The key of an experiment.', examples: ['spring-email'] })

export const assignSchema = z
  .strictObject({ experiment: experimentKey, unit: unitSchema })
  .meta({ id: 'AssignRequest' })

export const batchSchema = z
  .strictObject({ experiment: experimentKey, units: z.array(unitSchema).max(MAX_BATCH_UNITS) })
  .meta({ id: 'AssignBatchRequest' })

const REQUEST = { experiment: 'spring-email', unit: 'u-17' }
const ASSIGNMENT = {
  ...REQUEST,
  arm: 'mens',
  payload: { template: 'm1' },
  propensity: 0.4125,
  snapshot: 7,
  assignedAt: '2026-11-22T10:00:00.000Z',
  reason: 'assigned',
}

const assignmentSchema = z
  .object({
    experiment: z.string(),
    unit: z.string(),
    arm: z.string().describe('The key of the arm.'),
    payload: z.unknown().describe('What the experiment gives with this arm: any JSON.'),
    propensity: share.nullable().describe('The probability with which the arm was drawn; null where nothing is kept.'),
    snapshot: count
      .nullable()
      .describe('The snapshot of the policy that it was drawn under; null where nothing is kept.'),
    assignedAt: instant.nullable().describe('Null where nothing is kept.'),
    reason: z
      .enum(['assigned', 'kept', 'draft', 'paused', 'stopped', 'winner', 'fallback'])
      .describe(
        'Kept for ever: `assigned` (drawn now), `kept` (drawn before). Not kept: `draft`, `paused`, `stopped` (the control), `winner` (the winner, for everybody), `fallback` (the control, because the store does not answer).',
      ),
  })
  .meta({ id: 'Assignment', examples: [ASSIGNMENT] })

const PROBLEMS = [
  'invalid_request',
  'invalid_json',
  'experiment_not_found',
  'body_too_large',
  'unsupported_media_type',
  'overloaded',
] as const

export const ASSIGN_OPERATIONS: readonly Operation[] = [
  {
    method: 'post',
    path: '/assign',
    id: 'assign',
    tag: 'Assignment',
    summary: 'The arm of a unit',
    description:
      'A unit keeps its arm for ever, whatever the policy does since. Whatever state the experiment or the store is in, there is an arm.',
    scope: 'assign',
    body: {
      required: true,
      content: {
        'application/json': { schema: assignSchema, example: REQUEST },
        'application/x-www-form-urlencoded': { schema: assignSchema, example: REQUEST },
      },
    },
    answers: {
      200: {
        description: 'The arm, with what is kept of its assignment.',
        content: { 'application/json': { schema: assignmentSchema } },
      },
    },
    problems: PROBLEMS,
  },
  {
    method: 'post',
    path: '/assign/batch',
    id: 'assignBatch',
    tag: 'Assignment',
    summary: 'The arms of many units',
    description: 'In the order of the units.',
    scope: 'assign',
    body: {
      required: true,
      content: {
        'application/json': { schema: batchSchema, example: { experiment: 'spring-email', units: ['u-17'] } },
      },
    },
    answers: {
      200: {
        description: 'The arms, in the order of the units.',
        content: {
          'application/json': {
            schema: z.object({ assignments: z.array(assignmentSchema) }),
          },
        },
      },
    },
    problems: PROBLEMS,
  },
]
