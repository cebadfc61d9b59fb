// /experiments: define them, look at them, start, pause and stop them.
import type { Request, Response } from 'express'
import { applyDefinition, createExperiment, setStatus } from '../../bandit/experiment/change-experiment.ts'
import type { Definition, Experiment, Status } from '../../bandit/experiment/experiment.ts'
import { planDefinition } from '../../bandit/experiment/plan-definition.ts'
import { answerJson, answerList, timestamp } from '../answer.ts'
import type { Context } from '../context.ts'
import { fieldFaults, refuse } from '../input/fields.ts'
import { parseDefinition } from '../input/parse-definition.ts'
import { authenticate } from '../middleware/authenticate.ts'
import { readValue } from '../middleware/body.ts'

export async function postExperiment(context: Context, request: Request, response: Response): Promise<void> {
  const { name: actor } = authenticate(context, request, 'admin')
  const definition = parseDefinition((await readValue(request)).value)
  const experiment = await createExperiment(context, definition, { actor, now: context.now(), salt: context.newSalt() })
  response.setHeader('Location', `/experiments/${definition.key}`)
  answerJson(response, experimentJson(experiment, true), 201)
}

export async function putExperiment(
  context: Context,
  request: Request<{ key: string }>,
  response: Response,
): Promise<void> {
  const { name: actor } = authenticate(context, request, 'admin')
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
export async function postPlan(context: Context, request: Request<{ key: string }>, response: Response): Promise<void> {
  authenticate(context, request, 'read')
  const { key } = request.params
  const body = (await readValue(request)).value
  const kept = context.catalogue.find(key)?.experiment.definition ?? null
  const definition = parseDefinition(body, key, kept)
  const { result, changes, state } = planDefinition(context.catalogue, definition)
  const { status, winner } = state
  answerJson(response, { result, changes, experiment: { ...state.definition, status, winner } })
}

export async function listExperiments(context: Context, request: Request, response: Response): Promise<void> {
  const { scopes } = authenticate(context, request, 'read')
  const withSalt = scopes.includes('admin')
  const experiments = context.catalogue.all().map(
    ({ experiment }) =>
      () =>
        experimentJson(experiment, withSalt),
  )
  // Payloads may make each of them a MB.
  await answerList(response, {}, ['experiments', experiments], 10)
}

export async function getExperiment(
  context: Context,
  request: Request<{ key: string }>,
  response: Response,
): Promise<void> {
  const { scopes } = authenticate(context, request, 'read')
  const { experiment } = context.catalogue.get(request.params.key)
  answerJson(response, experimentJson(experiment, scopes.includes('admin')))
}

/** Start, pause or stop; only a stop takes a body, `{"winner": "mens"}`. */
export async function postStatus(
  to: Exclude<Status, 'draft'>,
  context: Context,
  request: Request<{ key: string }>,
  response: Response,
): Promise<void> {
  const { name: actor } = authenticate(context, request, 'admin')
  const { value = {} } = await readValue(request)
  refuse(fieldFaults(value, to === 'stopped' ? { winner: winnerFault } : {}))
  const { winner } = value as { winner?: string | null }
  const experiment = await setStatus(context, request.params.key, to, { actor, now: context.now(), winner })
  answerJson(response, experimentJson(experiment, true))
}

export async function getHistory(
  context: Context,
  request: Request<{ key: string }>,
  response: Response,
): Promise<void> {
  authenticate(context, request, 'read')
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
