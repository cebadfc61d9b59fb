// The two addresses of OFREP and their documentation, in OFREP's terms.
import { z } from 'zod'
import { BODY_LIMIT } from '../middleware/body.ts'
import { unitSchema } from '../routes/assign.ts'
import { answers, type HotRoute, json } from '../routes/route.ts'
import { count, share } from '../routes/shapes.ts'
import { answerFlag, answerFlags } from './ofrep.ts'
import { FLAGS_PATH } from './problem.ts'

const REQUEST = { context: { targetingKey: 'u-17' } }
const EVALUATION = {
  key: 'spring-email',
  value: { template: 'm1' },
  reason: 'SPLIT',
  variant: 'mens',
  metadata: { experiment: 'spring-email', version: 2, policy: 'thompson', propensity: 0.4125, snapshot: 7 },
}

const contextSchema = z
  .looseObject({
    context: z.looseObject({
      targetingKey: unitSchema.optional().describe('The unit. Drafts and winners need none.'),
      pinwheelExperiments: z
        .array(z.string())
        .optional()
        .describe('Limits an evaluation of all experiments, and its assignments, to these.'),
    }),
  })
  .meta({ id: 'EvaluationRequest' })

const evaluationSchema = z
  .object({
    key: z.string(),
    value: z
      .unknown()
      .optional()
      .describe('The payload of the arm, or its key where no arm has one. Absent: the default in the code rules.'),
    reason: z
      .enum(['SPLIT', 'STATIC', 'DISABLED'])
      .describe('`SPLIT`: the unit has this arm. `STATIC`: the winner. `DISABLED`: the unit has no arm.'),
    variant: z.string().describe('The arm; without one, the control.'),
    metadata: z.object({
      experiment: z.string(),
      version: count,
      policy: z.string(),
      propensity: share.optional().describe('As it was at the assignment.'),
      snapshot: count.optional().describe('As it was at the assignment.'),
    }),
  })
  .meta({ id: 'Evaluation', examples: [EVALUATION] })

const failureSchema = z.object({
  key: z.string(),
  errorCode: z.enum(['GENERAL', 'TARGETING_KEY_MISSING']),
  errorDetails: z.string(),
  metadata: z.object({}),
})

const changeInQuery = z.object({
  flagConfigEtag: z.string().optional().describe('As clients append it after a change; not read.'),
  flagConfigLastModified: z.string().optional().describe('As clients append it after a change; not read.'),
})

const body = { required: true, content: json(contextSchema, REQUEST) }

/** OFREP knows few. */
const STATUSES = { body_too_large: 400, unsupported_media_type: 400, store_unavailable: 500, overloaded: 429 } as const

const common = {
  method: 'POST',
  scope: 'assign',
  bodyLimit: BODY_LIMIT,
  query: Object.keys(changeInQuery.shape),
} as const

export const FLAG_ROUTE: HotRoute = {
  ...common,
  path: `${FLAGS_PATH}/:key`,
  handler: answerFlag,
  document: {
    id: 'evaluateFlag',
    tag: 'Assignment',
    summary: 'The arm of a unit, for OpenFeature clients on servers',
    description: 'OFREP 0.3. An evaluation assigns the unit as /assign does.',
    parameters: { query: changeInQuery },
    body,
    answers: { 200: answers('The arm.', evaluationSchema) },
    problems: ['experiment_not_found', 'store_unavailable'],
    statuses: STATUSES,
    isOfrep: true,
  },
}

export const FLAGS_ROUTE: HotRoute = {
  ...common,
  path: FLAGS_PATH,
  handler: answerFlags,
  document: {
    id: 'evaluateFlags',
    tag: 'Assignment',
    summary: 'The arms of a unit in all experiments but drafts, for OpenFeature clients on pages',
    description: 'OFREP 0.3. Assigns the unit in each running experiment, or in those that the context names.',
    parameters: {
      header: z.object({ 'If-None-Match': z.string().optional().describe('The ETag of the last answer.') }),
      query: changeInQuery,
    },
    body,
    answers: {
      200: {
        ...answers(
          'The arms.',
          z.object({ flags: z.array(z.union([evaluationSchema, failureSchema])), metadata: z.object({}) }),
          { flags: [EVALUATION], metadata: {} },
        ),
        headers: { ETag: { schema: { type: 'string' }, description: 'Of this very answer, the unit included.' } },
      },
      304: { description: 'The arms are as they were.' },
    },
    problems: ['store_unavailable'],
    statuses: STATUSES,
    isOfrep: true,
  },
}
