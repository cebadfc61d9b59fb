// The shapes of experiments as they are answered, with an example.
import { z } from 'zod'
import { HARM_RESPONSES, STATUSES } from '../../bandit/experiment/experiment.ts'
import { CONTEXTUAL_TYPES, EVEN_TYPES, LEARNING_TYPES, WEIGHTED_TYPES } from '../../bandit/policies/registry.ts'
import { count, instant, metric, share } from './shapes.ts'

export const PLANNED = {
  key: 'spring-email',
  description: '',
  arms: [
    { key: 'control', payload: null, retired: false },
    { key: 'mens', payload: { template: 'm1' }, retired: false },
  ],
  control: 'control',
  metrics: [
    {
      key: 'visit',
      type: 'binary',
      role: 'primary',
      goal: 'increase',
      window: '14d',
      range: [0, 1],
      margin: null,
    },
  ],
  policy: {
    type: 'thompson',
    exploration: { untilVerdict: 0.5, after: 0.1 },
    controlShare: null,
    burnIn: 500,
    prior: { alpha: 1, beta: 1 },
  },
  alpha: 0.05,
  plannedUnits: 30_000,
  status: 'draft',
  winner: null,
}

const EXPERIMENT = {
  ...PLANNED,
  version: 1,
  createdAt: '2026-11-22T10:00:00.000Z',
  startedAt: null,
  stoppedAt: null,
  salt: '42c9b587fa900330c625fb964ea4a470',
}

const prior = z.object({ alpha: z.number(), beta: z.number() })
const controlShare = share.nullable()

const declared = { key: z.string(), retired: z.boolean() }
const segment = z.boolean()

export const feature = z
  .discriminatedUnion('type', [
    z.object({
      ...declared,
      type: z.literal('numeric'),
      range: z.tuple([z.number(), z.number()]),
      scale: z.enum(['linear', 'log']),
      step: z.number().nullable(),
    }),
    z.object({ ...declared, type: z.literal('boolean'), segment }),
    z.object({ ...declared, type: z.literal('categorical'), levels: z.array(z.string()), segment }),
    z.object({ ...declared, type: z.literal('hashed'), buckets: count, segment }),
  ])
  .meta({ id: 'Feature' })

const experimentFields = {
  key: z.string(),
  description: z.string(),
  arms: z.array(z.object({ key: z.string(), payload: z.unknown(), retired: z.boolean() }).meta({ id: 'Arm' })),
  control: z.string(),
  metrics: z.array(metric),
  policy: z
    .discriminatedUnion('type', [
      z.object({
        type: z.enum(LEARNING_TYPES),
        exploration: z.union([share, z.object({ untilVerdict: share, after: share })]),
        controlShare,
        burnIn: count.optional().describe('Absent: 0, as in experiments from before there was a burn-in.'),
        prior,
      }),
      z.object({
        type: z.literal(CONTEXTUAL_TYPES),
        exploration: share,
        controlShare,
        shrinkage: z.number().nullable().describe('Null: learned.'),
        halfLife: z.string().nullable().describe('Null: all units count alike.'),
        prior,
      }),
      z.object({ type: z.literal(EVEN_TYPES), controlShare, prior }),
      z.object({ type: z.literal(WEIGHTED_TYPES), weights: z.record(z.string(), share), prior }),
    ])
    .meta({ id: 'Policy' }),
  features: z.array(feature).optional().describe('Absent: units bring nothing.'),
  adjust: z.boolean().optional().describe('Absent without features.'),
  alpha: z.number(),
  plannedUnits: count,
  onHarm: z.enum(HARM_RESPONSES).optional().describe('Absent: nothing.'),
  minDuration: z.string().optional().describe('Absent: no matter how long.'),
  status: z.enum(STATUSES),
  winner: z.string().nullable().describe('The arm that answers every /assign once the experiment is stopped.'),
}

export const experimentSchema = z
  .object({
    ...experimentFields,
    version: count.describe('Counts the changes, from 1.'),
    createdAt: instant,
    startedAt: instant.nullable(),
    stoppedAt: instant.nullable(),
    salt: z.string().optional().describe('For keys with the scope `admin`: with it every draw can be recomputed.'),
  })
  .meta({ id: 'Experiment', examples: [EXPERIMENT] })

const changesSchema = z.array(
  z.object({
    path: z.string().describe('As `arms.mens.retired`; arms and metrics by their keys.'),
    before: z.unknown().optional().describe('Absent where the path is new.'),
    after: z.unknown().optional().describe('Absent where the path is gone.'),
  }),
)

export const planSchema = z
  .object({
    result: z.enum(['created', 'changed', 'unchanged']),
    changes: changesSchema,
    experiment: z.object(experimentFields).describe('As it would be.'),
  })
  .meta({ id: 'Plan' })

export const historySchema = z.object({
  experiment: z.string(),
  history: z.array(
    z.object({
      version: count,
      at: instant,
      actor: z.string().describe('The name of the key that asked; `anonymous` on an open service.'),
      action: z.enum(['created', 'changed', 'started', 'paused', 'stopped']),
      reason: z.string().nullable().describe('Why, where Pinwheel did it by itself.'),
      changes: changesSchema,
    }),
  ),
})
