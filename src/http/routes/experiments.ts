// /experiments: define them, look at them, start, pause and stop them.
import type { ServerResponse } from 'node:http'
import type { Request } from 'express'
import { z } from 'zod'
import { applyDefinition, createExperiment, setStatus } from '../../bandit/experiment/change-experiment.ts'
import type { Definition, Experiment, Status } from '../../bandit/experiment/experiment.ts'
import { planDefinition } from '../../bandit/experiment/plan-definition.ts'
import { answerJson, answerList, timestamp } from '../answer.ts'
import type { Context } from '../context.ts'
import { definitionChangeSchema, definitionSchema } from '../input/definition-schema.ts'
import { fieldFaults, refuse } from '../input/fields.ts'
import { parseDefinition } from '../input/parse-definition.ts'
import type { Caller } from '../middleware/authenticate.ts'
import { readValue } from '../middleware/body.ts'
import { experimentSchema, historySchema, PLANNED, planSchema } from './experiment-schema.ts'
import { answers, json, LOCATION, type PlainRoute } from './route.ts'

const DEFINITION = {
  arms: [{ key: 'control' }, { key: 'mens', payload: { template: 'm1' } }],
  metrics: [{ key: 'visit', type: 'binary', role: 'primary', window: '14d' }],
}

const stopSchema = z.strictObject({
  winner: z
    .string()
    .nullable()
    .optional()
    .describe('The key of the arm that everybody gets from now on; null for none. Left out: as it was.'),
})

const CHANGE = { path: 'policy.exploration.untilVerdict', before: 0.5, after: 0.3 }

const definitionBody = {
  required: true,
  content: json(
    definitionChangeSchema.partial({ key: true }).meta({
      id: 'KeyedDefinition',
      description:
        'A definition; its key is the one in the address. What is left out stays as the experiment has it; a new experiment needs arms and metrics, and gets the defaults for the rest.',
    }),
    DEFINITION,
  ),
}

export const EXPERIMENT_ROUTES: readonly PlainRoute[] = [
  {
    method: 'GET',
    path: '/experiments',
    scope: 'read',
    handler: listExperiments,
    document: {
      id: 'listExperiments',
      tag: 'Experiments',
      summary: 'All experiments',
      answers: { 200: answers('All experiments.', z.object({ experiments: z.array(experimentSchema) })) },
    },
  },
  {
    method: 'POST',
    path: '/experiments',
    scope: 'admin',
    handler: postExperiment,
    document: {
      id: 'createExperiment',
      tag: 'Experiments',
      summary: 'Create an experiment',
      description: 'A draft, to be started. Only creates; PUT creates or changes.',
      body: { required: true, content: json(definitionSchema, { key: 'spring-email', ...DEFINITION }) },
      answers: { 201: { ...answers('The experiment, completed.', experimentSchema), headers: LOCATION } },
      problems: ['experiment_exists', 'store_unavailable'],
    },
  },
  {
    method: 'GET',
    path: '/experiments/:key',
    scope: 'read',
    handler: getExperiment,
    document: {
      id: 'getExperiment',
      tag: 'Experiments',
      summary: 'One experiment',
      answers: { 200: answers('The experiment.', experimentSchema) },
      problems: ['experiment_not_found'],
    },
  },
  {
    method: 'PUT',
    path: '/experiments/:key',
    scope: 'admin',
    handler: putExperiment,
    document: {
      id: 'putExperiment',
      tag: 'Experiments',
      summary: 'Make an experiment be as defined',
      description:
        'Creates or changes it; what is left out stays as it is, null clears what may be null, and the same body again changes nothing. Once it runs, metrics, control, alpha, prior and plannedUnits are frozen; arms may be added and retired, and policy, payloads, description, onHarm and minDuration changed.',
      body: definitionBody,
      answers: {
        200: answers('The experiment, changed or as it was.', experimentSchema),
        201: answers('The experiment, created.', experimentSchema),
      },
      problems: ['experiment_changed', 'experiment_frozen', 'store_unavailable'],
    },
  },
  {
    method: 'POST',
    path: '/experiments/:key/plan',
    scope: 'read',
    handler: postPlan,
    document: {
      id: 'planExperiment',
      tag: 'Experiments',
      summary: 'What a PUT would change',
      description: 'Judges and compares the definition exactly as PUT does, and changes nothing.',
      body: definitionBody,
      answers: {
        200: answers('What would change, field by field, and the experiment as it would be.', planSchema, {
          result: 'changed',
          changes: [CHANGE],
          experiment: PLANNED,
        }),
      },
      problems: ['experiment_frozen'],
    },
  },
  statusRoute('start', 'Start, or go on after a pause', 'running'),
  statusRoute('pause', 'Pause: units keep their arms, new ones get the control', 'paused'),
  statusRoute('stop', 'Stop, with a winner or without', 'stopped'),
  {
    method: 'GET',
    path: '/experiments/:key/history',
    scope: 'read',
    handler: getHistory,
    document: {
      id: 'getHistory',
      tag: 'Experiments',
      summary: 'Who changed what, and when',
      answers: {
        200: answers('Every change, oldest first.', historySchema, {
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
        }),
      },
      problems: ['experiment_not_found', 'store_unavailable'],
    },
  },
]

/** Only a stop takes a field: the winner. */
function statusRoute(verb: 'start' | 'pause' | 'stop', summary: string, to: Exclude<Status, 'draft'>): PlainRoute {
  const isStop = to === 'stopped'
  return {
    method: 'POST',
    path: `/experiments/:key/${verb}`,
    scope: 'admin',
    handler: (context, request, response, caller) => postStatus(to, context, request, response, caller),
    document: {
      id: `${verb}Experiment`,
      tag: 'Experiments',
      summary,
      description: `draft → running ⇄ paused → stopped. One that is ${to} already stays as it is.`,
      body: { content: isStop ? json(stopSchema, { winner: 'mens' }) : json(z.strictObject({}), {}) },
      answers: { 200: answers('The experiment as it is now.', experimentSchema) },
      problems: [
        ...(['experiment_not_found', 'experiment_changed', 'invalid_transition', 'store_unavailable'] as const),
        ...(isStop ? (['arm_not_found'] as const) : []),
      ],
    },
  }
}

async function postExperiment(
  context: Context,
  request: Request,
  response: ServerResponse,
  { name: actor }: Caller,
): Promise<void> {
  const definition = parseDefinition((await readValue(request)).value)
  const experiment = await createExperiment(context, definition, { actor, now: context.now(), salt: context.newSalt() })
  response.setHeader('Location', `/experiments/${definition.key}`)
  answerJson(response, experimentJson(experiment, true), 201)
}

async function putExperiment(
  context: Context,
  request: Request<{ key: string }>,
  response: ServerResponse,
  { name: actor }: Caller,
): Promise<void> {
  const { key } = request.params
  const body = (await readValue(request)).value
  const define = (kept: Definition | null) => parseDefinition(body, key, kept)
  const asked = { actor, now: context.now(), salt: context.newSalt() }
  const { experiment, result } = await applyDefinition(context, key, define, asked)
  answerJson(response, experimentJson(experiment, true), result === 'created' ? 201 : 200)
}

/**
 * What PUT would do with the same body. Anyone who may read may ask, so a check needs no key that
 * can change anything.
 */
async function postPlan(context: Context, request: Request<{ key: string }>, response: ServerResponse): Promise<void> {
  const { key } = request.params
  const body = (await readValue(request)).value
  const kept = context.catalogue.find(key)?.experiment.definition ?? null
  const definition = parseDefinition(body, key, kept)
  const { result, changes, state } = planDefinition(context.catalogue, definition)
  const { status, winner } = state
  answerJson(response, { result, changes, experiment: { ...state.definition, status, winner } })
}

async function listExperiments(
  context: Context,
  _request: Request,
  response: ServerResponse,
  { scopes }: Caller,
): Promise<void> {
  const withSalt = scopes.includes('admin')
  const experiments = context.catalogue.all().map(
    ({ experiment }) =>
      () =>
        experimentJson(experiment, withSalt),
  )
  // Payloads may make each of them a MB.
  await answerList(response, {}, ['experiments', experiments], 10)
}

async function getExperiment(
  context: Context,
  request: Request<{ key: string }>,
  response: ServerResponse,
  { scopes }: Caller,
): Promise<void> {
  const { experiment } = context.catalogue.get(request.params.key)
  answerJson(response, experimentJson(experiment, scopes.includes('admin')))
}

/** Start, pause or stop; only a stop takes a body, `{"winner": "mens"}`. */
async function postStatus(
  to: Exclude<Status, 'draft'>,
  context: Context,
  request: Request<{ key: string }>,
  response: ServerResponse,
  { name: actor }: Caller,
): Promise<void> {
  const { value = {} } = await readValue(request)
  refuse(fieldFaults(value, to === 'stopped' ? { winner: winnerFault } : {}))
  const { winner } = value as { winner?: string | null }
  const experiment = await setStatus(context, request.params.key, to, { actor, now: context.now(), winner })
  answerJson(response, experimentJson(experiment, true))
}

async function getHistory(
  context: Context,
  request: Request<{ key: string }>,
  response: ServerResponse,
): Promise<void> {
  const { experiment } = context.catalogue.get(request.params.key)
  const changes = await context.store.findChanges(experiment.id)
  const history = changes.map(change => ({ ...change, at: timestamp(change.at) }))
  answerJson(response, { experiment: experiment.definition.key, history })
}

function winnerFault(value: unknown): string | null {
  return value === undefined || value === null || typeof value === 'string' ? null : 'must be the key of an arm'
}

function experimentJson({ definition, ...experiment }: Experiment, withSalt: boolean) {
  return {
    ...definition,
    status: experiment.status,
    version: experiment.version,
    winner: experiment.winner,
    createdAt: timestamp(experiment.createdAt),
    startedAt: timestamp(experiment.startedAt),
    stoppedAt: timestamp(experiment.stoppedAt),
    ...(withSalt && { salt: experiment.salt }),
  }
}
