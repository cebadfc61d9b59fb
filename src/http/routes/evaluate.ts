// POST /experiments/:key/evaluate: what other weights, or one arm for everybody, would have been
// worth.
import type { ServerResponse } from 'node:http'
import type { Request } from 'express'
import { z } from 'zod'
import { MAX_ARMS } from '../../bandit/experiment/definition-input.ts'
import { evaluate, targetFaults } from '../../bandit/report/evaluate.ts'
import { readReportInput } from '../../bandit/report/report-input.ts'
import { interval, level } from '../../bandit/report/sections/intervals.ts'
import { answerJson } from '../answer.ts'
import { Computations } from '../computations.ts'
import type { Context } from '../context.ts'
import { fieldFaults, refuse } from '../input/fields.ts'
import { readValue } from '../middleware/body.ts'
import { answers, type PlainRoute } from './route.ts'
import { COMPUTED_PROBLEMS, count, share } from './shapes.ts'
import { metricIn } from './snapshots.ts'

const weights = z.record(z.string(), share)

const evaluationSchema = z.object({
  experiment: z.string(),
  metric: z.string(),
  weights,
  value: z.object({ ...interval, level }).describe('The mean outcome under these weights.'),
  units: count,
  batches: count,
  notes: z.array(z.string()),
})

export const EVALUATE_ROUTE: PlainRoute = {
  method: 'POST',
  path: '/experiments/:key/evaluate',
  scope: 'read',
  handler: postEvaluate,
  document: {
    id: 'evaluate',
    tag: 'Reports',
    summary: 'The mean outcome had you used other shares, or a single arm',
    body: {
      required: true,
      content: {
        'application/json': {
          schema: z.strictObject({
            weights: weights.optional().describe('By arm, with the sum 1. Either these or an `arm`.'),
            arm: z.string().optional().describe('One arm for everybody.'),
            metric: z.string().optional().describe('The primary one unless given.'),
          }),
          examples: { weights: { value: { weights: { control: 0.5, mens: 0.5 } } }, arm: { value: { arm: 'mens' } } },
        },
      },
    },
    answers: {
      200: answers('The mean outcome with its confidence sequence.', evaluationSchema, {
        experiment: 'spring-email',
        metric: 'visit',
        weights: { control: 0.5, mens: 0.5 },
        value: { estimate: 0.144, rawEstimate: 0.144, lower: 0.139, upper: 0.149, level: 0.95 },
        units: 64_000,
        batches: 212,
        notes: [],
      }),
    },
    problems: COMPUTED_PROBLEMS,
  },
}

async function postEvaluate(
  context: Context,
  request: Request<{ key: string }>,
  response: ServerResponse,
): Promise<void> {
  context.catalogue.get(request.params.key)
  const { value: body } = await readValue(request)
  // Looked up anew, because an arm may have been added while the body was on its way.
  const { experiment } = context.catalogue.get(request.params.key)
  const { definition } = experiment
  refuse(fieldFaults(body, { weights: weightsFault, arm: armFault, metric: metricFault }))
  const { weights: given, arm, metric: named } = body as Body
  if ((given === undefined) === (arm === undefined)) {
    refuse([{ path: '', message: 'must have either "weights" by arm or one "arm"' }])
  }
  const weights = given ?? { [arm as string]: 1 }
  refuse(targetFaults(definition, weights))
  const metric = metricIn(named, definition)
  const value = await EVALUATIONS.run(
    async () => evaluate(await readReportInput(context.store, experiment, metric), weights, context.now()),
    () => response.destroyed,
  )
  const byKey = new Map(Object.entries(weights))
  const { estimate, rawEstimate, lower, upper, level, units, batches } = value
  answerJson(response, {
    experiment: definition.key,
    metric: metric.key,
    weights: Object.fromEntries(definition.arms.map(({ key }) => [key, byKey.get(key) ?? 0])),
    value: { estimate, rawEstimate, lower, upper, level },
    units,
    batches,
    notes:
      estimate === null
        ? ['In no mature batch were all arms with weight active, so there is nothing to estimate from.']
        : [],
  })
}

const EVALUATIONS = new Computations('evaluations')

interface Body {
  readonly weights?: Readonly<Record<string, number>>
  readonly arm?: string
  readonly metric?: string
}

function weightsFault(value: unknown): string | null {
  if (value === undefined) return null
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return 'must be an object of shares by arm'
  const count = Object.keys(value).length
  if (count > MAX_ARMS) return `must be of at most ${MAX_ARMS} arms, not ${count}`
  return Object.values(value).every(weight => typeof weight === 'number') ? null : 'must have numbers only'
}

function armFault(value: unknown): string | null {
  return value === undefined || typeof value === 'string' ? null : 'must be the key of an arm'
}

function metricFault(value: unknown): string | null {
  return value === undefined || typeof value === 'string' ? null : 'must be the key of a metric'
}
