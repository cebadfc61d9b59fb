// The operations on /experiments: define, look, start, pause, stop.

import { z } from 'zod'
import { HARM_RESPONSES, STATUSES, type Status } from '../../bandit/experiment/experiment.ts'
import { EVEN_TYPES, LEARNING_TYPES, WEIGHTED_TYPES } from '../../bandit/policies/registry.ts'
import { definitionChangeSchema, definitionSchema } from '../input/definition-schema.ts'
import type { Operation } from './operation.ts'
import { count, instant, keyInPath, metric, share } from './shapes.ts'

const DEFINITION = {
  arms: [{ key: 'control' }, { key: 'mens', payload: { template: 'm1' } }],
  metrics: [{ key: 'visit', type: 'binary', role: 'primary', window: '14d' }],
}

const PLANNED = {
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
      z.object({ type: z.literal(EVEN_TYPES), controlShare, prior }),
      z.object({ type: z.literal(WEIGHTED_TYPES), weights: z.record(z.string(), share), prior }),
    ])
    .meta({ id: 'Policy' }),
  alpha: z.number(),
  plannedUnits: count,
  onHarm: z.enum(HARM_RESPONSES).optional().describe('Absent: nothing.'),
  minDuration: z.string().optional().describe('Absent: no matter how long.'),
  status: z.enum(STATUSES),
  winner: z.string().nullable().describe('The arm that answers every /assign once the experiment is stopped.'),
}

const experimentSchema = z
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

const planSchema = z
  .object({
    result: z.enum(['created', 'changed', 'unchanged']),
    changes: changesSchema,
    experiment: z.object(experimentFields).describe('As it would be.'),
  })
  .meta({ id: 'Plan' })

const historySchema = z.object({
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

const stopSchema = z.strictObject({
  winner: z
    .string()
    .nullable()
    .optional()
    .describe('The key of the arm that everybody gets from now on; null for none. Left out: as it was.'),
})

const CHANGE = { path: 'policy.exploration.untilVerdict', before: 0.5, after: 0.3 }

const BODY_PROBLEMS = ['invalid_request', 'invalid_json', 'body_too_large', 'unsupported_media_type'] as const
const CHANGE_PROBLEMS = [...BODY_PROBLEMS, 'experiment_changed', 'store_unavailable'] as const

const definitionBody = {
  required: true,
  content: {
    'application/json': {
      schema: definitionChangeSchema.partial({ key: true }).meta({
        id: 'KeyedDefinition',
        description:
          'A definition; its key is the one in the address. What is left out stays as the experiment has it; a new experiment needs arms and metrics, and gets the defaults for the rest.',
      }),
      example: DEFINITION,
    },
  },
}

function experimentAnswer(description: string) {
  return { description, content: { 'application/json': { schema: experimentSchema } } }
}

export const EXPERIMENT_OPERATIONS: readonly Operation[] = [
  {
    method: 'get',
    path: '/experiments',
    id: 'listExperiments',
    tag: 'Experiments',
    summary: 'All experiments',
    scope: 'read',
    answers: {
      200: {
        description: 'All experiments.',
        content: {
          'application/json': {
            schema: z.object({ experiments: z.array(experimentSchema) }),
          },
        },
      },
    },
    problems: [],
  },
  {
    method: 'post',
    path: '/experiments',
    id: 'createExperiment',
    tag: 'Experiments',
    summary: 'Create an experiment',
    description: 'A draft, to be started. Only creates; PUT creates or changes.',
    scope: 'admin',
    body: {
      required: true,
      content: {
        'application/json': { schema: definitionSchema, example: { key: 'spring-email', ...DEFINITION } },
      },
    },
    answers: {
      201: {
        ...experimentAnswer('The experiment, completed.'),
        headers: { Location: { schema: { type: 'string' }, description: 'Its address.' } },
      },
    },
    problems: [...BODY_PROBLEMS, 'experiment_exists', 'store_unavailable'],
  },
  {
    method: 'get',
    path: '/experiments/{key}',
    id: 'getExperiment',
    tag: 'Experiments',
    summary: 'One experiment',
    scope: 'read',
    parameters: { path: keyInPath },
    answers: { 200: experimentAnswer('The experiment.') },
    problems: ['experiment_not_found'],
  },
  {
    method: 'put',
    path: '/experiments/{key}',
    id: 'putExperiment',
    tag: 'Experiments',
    summary: 'Make an experiment be as defined',
    description:
      'Creates or changes it; what is left out stays as it is, null clears what may be null, and the same body again changes nothing. Once it runs, metrics, control, alpha, prior and plannedUnits are frozen; arms may be added and retired, and policy, payloads, description, onHarm and minDuration changed.',
    scope: 'admin',
    parameters: { path: keyInPath },
    body: definitionBody,
    answers: {
      200: experimentAnswer('The experiment, changed or as it was.'),
      201: experimentAnswer('The experiment, created.'),
    },
    problems: [...CHANGE_PROBLEMS, 'experiment_frozen'],
  },
  {
    method: 'post',
    path: '/experiments/{key}/plan',
    id: 'planExperiment',
    tag: 'Experiments',
    summary: 'What a PUT would change',
    description: 'Judges and compares the definition exactly as PUT does, and changes nothing.',
    scope: 'read',
    parameters: { path: keyInPath },
    body: definitionBody,
    answers: {
      200: {
        description: 'What would change, field by field, and the experiment as it would be.',
        content: {
          'application/json': {
            schema: planSchema,
            example: { result: 'changed', changes: [CHANGE], experiment: PLANNED },
          },
        },
      },
    },
    problems: [...BODY_PROBLEMS, 'experiment_frozen'],
  },
  moveOperation('start', 'Start, or go on after a pause', 'running'),
  moveOperation('pause', 'Pause: units keep their arms, new ones get the control', 'paused'),
  moveOperation('stop', 'Stop, with a winner or without', 'stopped'),
  {
    method: 'get',
    path: '/experiments/{key}/history',
    id: 'getHistory',
    tag: 'Experiments',
    summary: 'Who changed what, and when',
    scope: 'read',
    parameters: { path: keyInPath },
    answers: {
      200: {
        description: 'Every change, oldest first.',
        content: {
          'application/json': {
            schema: historySchema,
            example: {
              experiment: 'spring-email',
              history: [
                {
                  version: 2,
                  at: '2026-11-22T10:05:00.000Z',
                  actor: 'admin',
                  action: 'changed',
                  reason: null,
                  changes: [CHANGE],
                },
              ],
            },
          },
        },
      },
    },
    problems: ['experiment_not_found', 'store_unavailable'],
  },
]

function moveOperation(verb: 'start' | 'pause' | 'stop', summary: string, status: Status): Operation {
  const isStop = verb === 'stop'
  return {
    method: 'post',
    path: `/experiments/{key}/${verb}`,
    id: `${verb}Experiment`,
    tag: 'Experiments',
    summary,
    description: `draft → running ⇄ paused → stopped. One that is ${status} already stays as it is.`,
    scope: 'admin',
    parameters: { path: keyInPath },
    body: {
      content: {
        'application/json': isStop
          ? { schema: stopSchema, example: { winner: 'mens' } }
          : { schema: z.strictObject({}), example: {} },
      },
    },
    answers: { 200: experimentAnswer('The experiment as it is now.') },
    problems: [
      ...CHANGE_PROBLEMS,
      'experiment_not_found',
      'invalid_transition',
      ...(isStop ? (['arm_not_found'] as const) : []),
    ],
  }
}
