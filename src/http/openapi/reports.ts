// The operations that tell what was learned: reports, and the facts that anyone can recompute them
// from.
import { z } from 'zod'
import { STATUSES } from '../../bandit/experiment/experiment.ts'
import { ACTIONS } from '../../bandit/report/recommendation.ts'
import { FACE_SUFFIXES } from '../routes/report.ts'
import type { Operation } from './operation.ts'
import { REPORT } from './report-example.ts'
import { count, instant, keyInPath, metric, metricInQuery, perhaps, share } from './shapes.ts'

const interval = {
  estimate: perhaps,
  rawEstimate: perhaps.describe('Not moved into what is possible; the evidence and the verdict rest on it.'),
  lower: perhaps,
  upper: perhaps,
}
const sufficientUnits = count
  .nullable()
  .describe('While it is too early: how many units, over all arms, usually suffice. Else null.')
const level = z.number().describe('1 − alpha of this very interval.')
const evidence = {
  eValue: perhaps.describe('Null where it is too large for JSON; `logEValue` still tells.'),
  logEValue: z.number(),
  pValue: share.describe('Valid at every look.'),
}
const meanInterval = z.object({ mean: perhaps, lower: perhaps, upper: perhaps })

const liftSchema = z
  .object({
    absolute: z.object(interval),
    relative: z.object(interval).nullable().describe('Null for metrics that can be negative.'),
    ...evidence,
    level,
    sufficientUnits,
  })
  .meta({ id: 'GuardrailLift', description: 'Over the control: confidence sequences, valid at every look.' })

const armLiftSchema = liftSchema
  .extend({
    verdict: z
      .enum(['better', 'worse', 'undecided'])
      .nullable()
      .describe(
        'Read off the absolute interval. Null on a guardrail, which is judged by its margin: see `guardrails`.',
      ),
  })
  .meta({ id: 'Lift', description: 'Over the control: confidence sequences, valid at every look.' })

const armReportSchema = z
  .object({
    arm: z.string(),
    isControl: z.boolean(),
    status: z.enum(['active', 'retired']),
    units: count.describe('Mature ones.'),
    immatureUnits: count.describe('Units whose window is still open.'),
    clippedUnits: z
      .object({ above: count, below: count })
      .describe('Units, mature or not, whose total lies outside the range: their outcome is the nearest end of it.'),
    successes: count.nullable().describe('Of a binary metric.'),
    sum: z.number(),
    mean: perhaps,
    posterior: meanInterval.nullable().describe('What the policy believes: a 95 % credible interval. No evidence.'),
    probabilityBest: share.nullable(),
    probabilityBeatsControl: share.nullable(),
    expectedLoss: perhaps,
    propensity: share.nullable().describe('The share of new units that it gets now.'),
    estimate: meanInterval
      .extend({ rawEstimate: interval.rawEstimate, sufficientUnits })
      .describe('The confidence sequence of its mean.'),
    lift: armLiftSchema.nullable().describe('Null for the control itself.'),
  })
  .meta({ id: 'ArmReport' })

const reportSchema = z
  .object({
    experiment: z.string(),
    description: z.string(),
    status: z.enum(STATUSES),
    version: count,
    winner: z.string().nullable(),
    generatedAt: instant,
    startedAt: instant.nullable(),
    metric,
    control: z.string(),
    units: count.describe('All, those whose window is still open included.'),
    immatureUnits: count,
    snapshots: count,
    alpha: z.number(),
    arms: z.array(armReportSchema),
    policyLift: z
      .object({
        ...interval,
        ...evidence,
        level,
        sinceSnapshot: count.nullable().describe('The first snapshot whose units count. Null while there is none.'),
        units: count.describe('Since then.'),
      })
      .describe('What the policy earned per unit over giving everyone the control.'),
    sampleRatio: z.object({ ...evidence, status: z.enum(['ok', 'warning', 'alarm']) }),
    guardrails: z
      .array(
        z.object({
          metric: z.string(),
          arm: z.string(),
          margin: z.number(),
          verdict: z.enum(['harmed', 'safe', 'undecided']).describe('By the margin.'),
          lift: liftSchema,
        }),
      )
      .describe('All on the primary metric, its own on a guardrail, else none.'),
    recommendation: z
      .object({
        action: z.enum(ACTIONS),
        arm: z.string().nullable().describe('The one arm that it is about; null where there are several or none.'),
        arms: z.array(z.string()).describe('All arms that it is about.'),
        why: z.string(),
      })
      .nullable()
      .describe('Null on other metrics than the primary one.'),
    notes: z.array(z.string()),
  })
  .meta({ id: 'Report', examples: [REPORT] })

const FACE_TYPES = {
  json: { 'application/json': { schema: reportSchema } },
  txt: { 'text/plain': { schema: z.string() } },
  csv: { 'text/csv': { schema: z.string() } },
  html: { 'text/html': { schema: z.string() } },
  svg: { 'image/svg+xml': { schema: z.string() } },
} as const satisfies Record<(typeof FACE_SUFFIXES)[number], object>

const reportQuery = metricInQuery.extend({
  format: z
    .enum(FACE_SUFFIXES)
    .optional()
    .meta({ description: 'The format, whatever Accept says. Beside a suffix it must be the same.' }),
})

const READ_PROBLEMS = ['experiment_not_found', 'metric_not_found', 'store_unavailable'] as const
const COMPUTED_PROBLEMS = [...READ_PROBLEMS, 'overloaded'] as const

function faceOperation(face: (typeof FACE_SUFFIXES)[number]): Operation {
  return {
    method: 'get',
    path: `/experiments/{key}/report.${face}`,
    id: `getReport${face[0]?.toUpperCase()}${face.slice(1)}`,
    tag: 'Reports',
    summary: `The report as ${face}`,
    scope: 'read',
    parameters: { path: keyInPath, query: reportQuery },
    answers: { 200: { description: 'The report.', content: FACE_TYPES[face] } },
    problems: [...COMPUTED_PROBLEMS, 'invalid_request'],
  }
}

const snapshotsSchema = z.object({
  experiment: z.string(),
  metric: z.string(),
  snapshots: z.array(
    z.object({
      snapshot: count,
      createdAt: instant,
      reason: z.enum(['start', 'refresh', 'change']),
      mature: z.boolean().describe('Whether the windows of all its units are over.'),
      allDecided: z
        .boolean()
        .describe(
          'Whether every active arm had a verdict by then; looked for only while the policy’s exploration waits for it.',
        ),
      propensities: z.record(z.string(), share),
      tallies: z.record(z.string(), z.object({ units: count, sum: z.number(), sumOfSquares: z.number() })),
    }),
  ),
})

const assignmentLine = z
  .object({
    unit: z.string(),
    arm: z.string(),
    propensity: share,
    snapshot: count,
    assignedAt: instant,
    outcomes: z.record(z.string(), z.number()),
  })
  .meta({ description: 'Each line.' })

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

export const REPORT_OPERATIONS: readonly Operation[] = [
  {
    method: 'get',
    path: '/experiments/{key}/report',
    id: 'getReport',
    tag: 'Reports',
    summary: 'The report',
    description:
      'Valid at every look, however the allocation moved. JSON, unless `format` or `Accept` asks for one of the other formats: they have addresses of their own.',
    scope: 'read',
    parameters: { path: keyInPath, query: reportQuery },
    // JSON alone: with every format listed here, the types of clients would take any report for
    // text.
    answers: { 200: { description: 'The report.', content: FACE_TYPES.json } },
    problems: [...COMPUTED_PROBLEMS, 'invalid_request', 'not_acceptable'],
  },
  ...FACE_SUFFIXES.map(faceOperation),
  {
    method: 'post',
    path: '/experiments/{key}/evaluate',
    id: 'evaluate',
    tag: 'Reports',
    summary: 'The mean outcome had you used other shares, or a single arm',
    scope: 'read',
    parameters: { path: keyInPath },
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
      200: {
        description: 'The mean outcome with its confidence sequence.',
        content: {
          'application/json': {
            schema: evaluationSchema,
            example: {
              experiment: 'spring-email',
              metric: 'visit',
              weights: { control: 0.5, mens: 0.5 },
              value: { estimate: 0.144, rawEstimate: 0.144, lower: 0.139, upper: 0.149, level: 0.95 },
              units: 64_000,
              batches: 212,
              notes: [],
            },
          },
        },
      },
    },
    problems: [...COMPUTED_PROBLEMS, 'invalid_request', 'invalid_json', 'body_too_large', 'unsupported_media_type'],
  },
  {
    method: 'get',
    path: '/experiments/{key}/snapshots',
    id: 'getSnapshots',
    tag: 'Reports',
    summary: 'The ledger, snapshot by snapshot',
    description: 'Oldest first, 1,000 at a time: what every number of a report can be recomputed from.',
    scope: 'read',
    parameters: {
      path: keyInPath,
      query: metricInQuery.extend({
        after: z
          .string()
          .regex(/^\d{1,9}$/)
          .optional()
          .meta({ description: 'The number of a snapshot, to go on after it.', examples: ['1000'] }),
      }),
    },
    answers: {
      200: {
        description: 'Snapshots with their propensities and tallies by arm.',
        content: {
          'application/json': {
            schema: snapshotsSchema,
            example: {
              experiment: 'spring-email',
              metric: 'visit',
              snapshots: [
                {
                  snapshot: 1,
                  createdAt: '2026-11-01T09:00:00.000Z',
                  reason: 'start',
                  mature: true,
                  allDecided: false,
                  propensities: { control: 0.5, mens: 0.5 },
                  tallies: {
                    control: { units: 17, sum: 2, sumOfSquares: 2 },
                    mens: { units: 15, sum: 3, sumOfSquares: 3 },
                  },
                },
              ],
            },
          },
        },
      },
    },
    problems: [...READ_PROBLEMS, 'invalid_request'],
  },
  {
    method: 'get',
    path: '/experiments/{key}/assignments.ndjson',
    id: 'getAssignmentsNdjson',
    tag: 'Reports',
    summary: 'Every kept assignment with its outcomes, as lines of JSON',
    scope: 'read',
    parameters: { path: keyInPath },
    answers: {
      200: {
        description: 'A stream with an assignment on each line.',
        content: {
          'application/x-ndjson': {
            schema: assignmentLine,
            example: {
              unit: 'u-17',
              arm: 'mens',
              propensity: 0.4125,
              snapshot: 7,
              assignedAt: '2026-11-22T10:00:00.000Z',
              outcomes: { visit: 1 },
            },
          },
        },
      },
    },
    problems: ['experiment_not_found', 'store_unavailable'],
  },
  {
    method: 'get',
    path: '/experiments/{key}/assignments.csv',
    id: 'getAssignmentsCsv',
    tag: 'Reports',
    summary: 'Every kept assignment with its outcomes, as CSV',
    scope: 'read',
    parameters: { path: keyInPath },
    answers: { 200: { description: 'A stream of rows (RFC 4180).', content: { 'text/csv': { schema: z.string() } } } },
    problems: ['experiment_not_found', 'store_unavailable'],
  },
]
