// The OpenFeature Remote Evaluation Protocol (OFREP 0.3): any OpenFeature client gets its arms
// here, with no code of ours. Its words stay at this door: its flag is an experiment, its variant
// an arm, its targetingKey a unit. An evaluation is an assignment like any other.
import { hash } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { type Assigned, type AssignReason, assign } from '../../bandit/assign.ts'
import type { LiveExperiment } from '../../bandit/catalogue.ts'
import { BanditError } from '../../bandit/errors.ts'
import type { Experiment } from '../../bandit/experiment/experiment.ts'
import { unitFault, unitIn } from '../../bandit/facts.ts'
import type { Feature } from '../../bandit/features/feature.ts'
import { answerJson } from '../answer.ts'
import type { Context } from '../context.ts'
import { isObject } from '../input/fields.ts'
import type { Caller } from '../middleware/authenticate.ts'
import { readValue } from '../middleware/body.ts'
import { ContextError, flagKeyIn, type OfrepCode } from './problem.ts'
import { givesLists, LISTS, ofrepValue } from './value.ts'

/**
 * POST /ofrep/v1/evaluate/flags/:key, which SDKs on servers ask for each evaluation. A draft and a
 * winner need no unit.
 */
export async function answerFlag(
  context: Context,
  request: IncomingMessage,
  response: ServerResponse,
  { kind }: Caller,
): Promise<void> {
  const key = flagKeyIn(request.url ?? '') ?? ''
  context.catalogue.get(key)
  const { unit, attributes } = readContext((await readValue(request, { kind })).value)
  // Looked up anew, because the experiment may have started while the body was on its way.
  const live = context.catalogue.get(key)
  if (givesLists(live.experiment.definition)) throw new BanditError('invalid_request', LISTS)
  if (unit === null && needsUnit(live.experiment)) throw new ContextError('TARGETING_KEY_MISSING', NO_UNIT)
  answerJson(response, await evaluate(context, live, unit ?? '', attributes))
}

/**
 * POST /ofrep/v1/evaluate/flags, which SDKs in browsers and phones ask for all experiments at once,
 * and again with the ETag. That is a hash of what is answered, so it covers the unit; and nothing
 * in it moves while the unit keeps its arm. Without a unit the winners are answered, and whatever
 * draws an arm says that it needs one; where nothing can be answered, the request is refused.
 */
export async function answerFlags(
  context: Context,
  request: IncomingMessage,
  response: ServerResponse,
  { kind }: Caller,
): Promise<void> {
  const { unit, wanted, attributes } = readContext((await readValue(request, { kind })).value)
  const asked = context.catalogue
    .all()
    .filter(({ experiment: { status, definition } }) => status !== 'draft' && (wanted?.has(definition.key) ?? true))
  if (unit === null && asked.every(({ experiment }) => needsUnit(experiment))) {
    throw new ContextError('TARGETING_KEY_MISSING', NO_UNIT)
  }
  const flags = await Promise.all(
    asked.map(live => {
      if (givesLists(live.experiment.definition)) return failure(live, 'GENERAL', LISTS)
      if (unit === null && needsUnit(live.experiment)) return failure(live, 'TARGETING_KEY_MISSING', NO_UNIT)
      return evaluate(context, live, unit ?? '', attributes)
    }),
  )
  const body = `${JSON.stringify({ flags, metadata: {} })}\n`
  const etag = `"${hash('sha256', body, 'base64url')}"`
  const headers = { ETag: etag, 'Cache-Control': 'private, no-cache', Vary: 'Origin, Authorization, X-API-Key' }
  if (isKnown(request.headers['if-none-match'], etag)) {
    response.writeHead(304, headers).end()
    return
  }
  const type = { 'Content-Type': 'application/json; charset=utf-8', 'Content-Length': Buffer.byteLength(body) }
  response.writeHead(200, { ...headers, ...type }).end(body)
}

/**
 * The field of an evaluation context that limits a bulk evaluation to the experiments that it
 * lists.
 */
const WANTED = 'pinwheelExperiments'

const NO_UNIT = 'The context must have a targetingKey: the unit that gets the arm'

/** Drafts give nobody an arm, and a winner goes to everybody. */
function needsUnit({ status, winner }: Experiment): boolean {
  return status !== 'draft' && winner === null
}

type Attributes = Readonly<Record<string, unknown>>

/** `unit` null: there is none. @throws ContextError */
function readContext(body: unknown): {
  unit: string | null
  wanted: ReadonlySet<string> | null
  attributes: Attributes
} {
  const context = isObject(body) ? (body.context ?? {}) : body
  if (!isObject(context)) {
    throw new ContextError('INVALID_CONTEXT', 'The body must be {"context": {"targetingKey": "<unit>"}}')
  }
  const { targetingKey = null, [WANTED]: wanted = null } = context
  const isMissing = targetingKey === null || targetingKey === ''
  const fault = isMissing ? null : unitFault(targetingKey, 'targetingKey')
  if (fault !== null) throw new ContextError('INVALID_CONTEXT', `The context is not valid: ${fault}`)
  if (wanted !== null && !isListOfTexts(wanted)) {
    throw new ContextError('INVALID_CONTEXT', `The context is not valid: ${WANTED} must be a list of experiment keys`)
  }
  const unit = isMissing ? null : unitIn(targetingKey as string | number)
  return { unit, wanted: wanted === null ? null : new Set(wanted), attributes: context }
}

/**
 * What OFREP calls the way to an arm. Null: no arm was given, and the default in the code shall
 * rule.
 */
const REASONS = {
  assigned: 'SPLIT',
  kept: 'SPLIT',
  winner: 'STATIC',
  draft: 'DISABLED',
  paused: 'DISABLED',
  stopped: 'DISABLED',
  fallback: null,
} as const satisfies Record<AssignReason, string | null>

/**
 * @throws BanditError `store_unavailable`: the control, which /assign falls back to, would take the
 * arm from a unit that has another in its cache
 */
async function evaluate(context: Context, { experiment }: LiveExperiment, unit: string, attributes: Attributes) {
  const { definition, version } = experiment
  const arriving =
    definition.features === undefined ? unit : { unit, context: ofFeatures(definition.features, attributes) }
  const [assigned] = (await assign(context, definition.key, [arriving], context.now())) as [Assigned]
  const { arm, assignment } = assigned
  context.metrics.assigned(definition.key, assigned)
  const reason = REASONS[assigned.reason]
  if (reason === null) throw new BanditError('store_unavailable', 'The store does not answer; try again shortly')
  return {
    key: definition.key,
    ...(reason !== 'DISABLED' && ofrepValue(definition, arm)),
    reason,
    variant: arm.key,
    metadata: {
      experiment: definition.key,
      version,
      policy: definition.policy.type,
      ...(assignment !== null && { propensity: assignment.propensity, snapshot: assignment.snapshot }),
    },
  }
}

/** The attributes that have a feature's key; others are nobody's. */
function ofFeatures(features: readonly Feature[], attributes: Attributes): Attributes {
  const own = features.filter(({ key }) => Object.hasOwn(attributes, key))
  return Object.fromEntries(own.map(({ key }) => [key, attributes[key]]))
}

function failure({ experiment }: LiveExperiment, errorCode: OfrepCode, errorDetails: string) {
  return { key: experiment.definition.key, errorCode, errorDetails, metadata: {} }
}

/** If-None-Match is a list, and a proxy that compresses may have made its tags weak. */
function isKnown(header: string | undefined, etag: string): boolean {
  return header?.split(',').some(tag => tag.trim().replace(/^W\//, '') === etag) ?? false
}

function isListOfTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every(item => typeof item === 'string')
}
