// The operations that tell what was learned: reports, and the facts that anyone can recompute them
// from.
import { z } from 'zod'
import { STATUSES } from '../../bandit/experiment/experiment.ts'
import { interval, level } from '../../bandit/report/sections/intervals.ts'
import { SECTIONS } from '../../bandit/report/sections/registry.ts'
import { FACE_SUFFIXES } from '../routes/report.ts'
import type { Operation } from './operation.ts'
import { REPORT } from './report-example.ts'
import { count, instant, keyInPath, metric, metricInQuery, share } from './shapes.ts'

/** Of the sections that bring their own. */
const EXAMPLES = Object.fromEntries(
  SECTIONS.flatMap(({ key, example }) => (example === undefined ? [] : [[key, example]])),
)

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
    ...Object.fromEntries(SECTIONS.map(({ key, schema }) => [key, schema])),
  })
  .meta({ id: 'Report', examples: [{ ...REPORT, ...EXAMPLES }] })

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
