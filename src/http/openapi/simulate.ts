// POST /simulate.
import { z } from 'zod'
import { simulationSchema } from '../input/simulation-schema.ts'
import type { Operation } from './operation.ts'
import { count, perhaps, share } from './shapes.ts'

const runShare = z.object({ share, error: z.number() })
const unitsUntil = z.object({ share, p10: perhaps, median: perhaps, p90: perhaps })

const resultSchema = z
  .object({
    runs: count,
    seed: count,
    units: count.describe('Of each run.'),
    looks: z.number().describe('Of a run, on the average.'),
    regret: z
      .object({ mean: z.number(), error: z.number(), uniform: z.number(), savedOverUniform: z.number() })
      .describe('Over a run’s units, against giving everyone the best arm.'),
    arms: z.array(
      z.object({
        arm: z.string(),
        isControl: z.boolean(),
        mean: z.number(),
        lift: perhaps,
        relativeLift: perhaps,
        unitsShare: share,
        better: perhaps,
        worse: perhaps,
        unitsUntilVerdict: unitsUntil.nullable(),
        falseVerdicts: runShare.nullable(),
        width: perhaps,
        relativeWidth: perhaps,
      }),
    ),
    unitsUntilVerdict: unitsUntil,
    falseVerdicts: runShare,
    coverage: z
      .object({ absolute: runShare, relative: runShare.nullable(), policyLift: runShare })
      .describe('Runs in which the truth was inside at all looks.'),
    curve: z.array(z.object({ units: count, regret: z.number(), uniformRegret: z.number(), width: perhaps })),
  })
  .meta({ id: 'SimulationResult' })

export const SIMULATION_OPERATIONS: readonly Operation[] = [
  {
    method: 'post',
    path: '/simulate',
    id: 'simulate',
    tag: 'Reports',
    summary: 'What would become of a design, before it starts',
    description: 'Streams its progress, and at last the result.',
    scope: 'read',
    body: {
      required: true,
      content: {
        'application/json': {
          schema: simulationSchema,
          example: {
            arms: [
              { key: 'control', rate: 0.1 },
              { key: 'mens', rate: 0.12 },
            ],
            unitsPerDay: 500,
            days: 14,
            runs: 100,
          },
        },
      },
    },
    answers: {
      200: {
        description: 'A stream of lines.',
        content: {
          'application/x-ndjson': {
            schema: z
              .union([z.object({ progress: share, runs: count }), z.object({ result: resultSchema })])
              .meta({ description: 'Each line.' }),
            example: { progress: 0.1, runs: 20 },
          },
        },
      },
    },
    problems: ['invalid_request', 'invalid_json', 'body_too_large', 'unsupported_media_type', 'overloaded'],
  },
]
