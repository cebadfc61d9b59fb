// POST /assign and POST /assign/batch. They check their bodies by hand; the schemas say the same,
// and a test compares the two.

import type { IncomingMessage, ServerResponse } from 'node:http'
import { setTimeout } from 'node:timers/promises'
import { z } from 'zod'
import { type Arriving, type Assigned, assign } from '../../bandit/assign.ts'
import { assignInSlices } from '../../bandit/assign-batch.ts'
import type { Fault } from '../../bandit/errors.ts'
import type { Arm } from '../../bandit/experiment/experiment.ts'
import { UNIT_MAX_CHARACTERS, unitIn } from '../../bandit/facts.ts'
import type { Feature } from '../../bandit/features/feature.ts'
import { CONTEXT_FAULTS, type ContextFault } from '../../bandit/features/keep-context.ts'
import type { Refreshed } from '../../bandit/snapshots.ts'
import { answerInParts, answerText, JSON_ANSWER, timestamp } from '../answer.ts'
import type { Context } from '../context.ts'
import { anyRule, type FieldRules, fieldFaults, isObject, refuse, unitRule } from '../input/fields.ts'
import { gatherContext, typedContext } from '../input/form-context.ts'
import { logRefreshed } from '../log-refreshed.ts'
import type { Caller } from '../middleware/authenticate.ts'
import { BATCH_LIMIT, BODY_LIMIT, readValue } from '../middleware/body.ts'
import { spendMore } from '../middleware/rate-limit.ts'
import { answers, type HotRoute, json } from './route.ts'
import { count, instant, share } from './shapes.ts'

export const MAX_BATCH_UNITS = 10_000

/**
 * Text of 1 to 256 characters (code points), without NUL and lone surrogates. The document says it
 * so that every validator can.
 */
export const nameSchema = z
  .string()
  .regex(new RegExp(`^[^\\0\\ud800-\\udfff]{1,${UNIT_MAX_CHARACTERS}}$`, 'u'))
  .meta({
    override: { pattern: '^[^\\u0000]*$', minLength: 1, maxLength: UNIT_MAX_CHARACTERS },
    description: 'Any well-formed text of 1 to 256 characters without NUL.',
    examples: ['u-17'],
  })

/** A unit as it may be sent. */
export const unitSchema = z.union([nameSchema, z.int()]).meta({
  description:
    'Any well-formed text of 1 to 256 characters without NUL. A whole number within ±(2⁵³ − 1) is its digits: 17 is "17".',
})

const experimentKey = z
  .string()
  .min(1)
  .meta({ description: 'The key of an experiment.', examples: ['spring-email'] })

/** Nothing in it is ever refused, so it is any JSON. */
const contextSchema = z.unknown().meta({
  description:
    'The values of the unit’s features by their keys, in an object of at most 8 KiB. What cannot be used counts as missing and is named in `contextFaults`; it is never refused. Ignored where the experiment has no features, or the unit its arm already.',
  examples: [{ channel: 'web', recency: 3 }],
})

export const assignSchema = z
  .strictObject({ experiment: experimentKey, unit: unitSchema, context: contextSchema.optional() })
  .meta({ id: 'AssignRequest' })

export const batchSchema = z
  .strictObject({
    experiment: experimentKey,
    units: z
      .array(z.union([unitSchema, z.strictObject({ unit: unitSchema, context: contextSchema.optional() })]))
      .max(MAX_BATCH_UNITS)
      .meta({ description: 'Each a unit, or an object of a unit and its context.' }),
  })
  .meta({ id: 'AssignBatchRequest' })

const REQUEST = { experiment: 'spring-email', unit: 'u-17' }
const ASSIGNMENT = {
  ...REQUEST,
  arm: 'mens',
  payload: { template: 'm1' },
  propensity: 0.4125,
  snapshot: 7,
  assignedAt: '2026-11-22T10:00:00.000Z',
  reason: 'assigned',
}

export const contextFaultsSchema = z.array(
  z
    .object({
      feature: z.string().nullable().describe('Null: the context as a whole.'),
      fault: z
        .enum(CONTEXT_FAULTS)
        .describe('`out-of-range`: it was clamped to the range. Else the feature counts as missing.'),
    })
    .meta({ id: 'ContextFault', examples: [{ feature: 'recency', fault: 'not-a-number' }] }),
)

const assignmentSchema = z
  .object({
    experiment: z.string(),
    unit: z.string(),
    arm: z.string().describe('The key of the arm.'),
    payload: z.unknown().describe('What the experiment gives with this arm: any JSON.'),
    propensity: share.nullable().describe('The probability with which the arm was drawn; null where nothing is kept.'),
    snapshot: count
      .nullable()
      .describe('The snapshot of the policy that it was drawn under; null where nothing is kept.'),
    assignedAt: instant.nullable().describe('Null where nothing is kept.'),
    reason: z
      .enum(['assigned', 'kept', 'draft', 'paused', 'stopped', 'winner', 'fallback'])
      .describe(
        'Kept for ever: `assigned` (drawn now), `kept` (drawn before). Not kept: `draft`, `paused`, `stopped` (the control), `winner` (the winner, for everybody), `fallback` (the control, because the store does not answer).',
      ),
    contextFaults: contextFaultsSchema
      .optional()
      .describe('What of the context could not be used as it came. Absent: nothing is wrong, or it was not read.'),
  })
  .meta({ id: 'Assignment', examples: [ASSIGNMENT] })

export const ASSIGN_ROUTES: readonly HotRoute[] = [
  {
    method: 'POST',
    path: '/assign',
    scope: 'assign',
    bodyLimit: BODY_LIMIT,
    handler: postAssign,
    document: {
      id: 'assign',
      tag: 'Assignment',
      summary: 'The arm of a unit',
      description:
        'A unit keeps its arm for ever, whatever the policy does since. Whatever state the experiment or the store is in, there is an arm.',
      body: {
        required: true,
        content: {
          ...json(assignSchema, REQUEST),
          'application/x-www-form-urlencoded': { schema: assignSchema, example: REQUEST },
        },
      },
      answers: { 200: answers('The arm, with what is kept of its assignment.', assignmentSchema) },
      problems: ['experiment_not_found'],
    },
  },
  {
    method: 'POST',
    path: '/assign/batch',
    scope: 'assign',
    bodyLimit: BATCH_LIMIT,
    handler: postAssignBatch,
    document: {
      id: 'assignBatch',
      tag: 'Assignment',
      summary: 'The arms of many units',
      description: 'In the order of the units.',
      body: { required: true, content: json(batchSchema, { experiment: 'spring-email', units: ['u-17'] }) },
      answers: {
        200: answers('The arms, in the order of the units.', z.object({ assignments: z.array(assignmentSchema) })),
      },
      problems: ['experiment_not_found'],
    },
  },
]

async function postAssign(
  context: Context,
  request: IncomingMessage,
  response: ServerResponse,
  { kind }: Caller,
): Promise<void> {
  const { value: sent, isForm } = await readValue(request, { kind })
  const value = isForm ? gatherContext(sent) : sent
  refuse(fieldFaults(value, ASSIGN_RULES))
  const { experiment, unit, context: own } = value as UnitBody & { experiment: string }
  const arriving = arrivingIn(unit, isForm ? typedContext(featuresOf(context, experiment), own) : own)
  const [assigned] = (await assign(context, experiment, [arriving], context.now())) as [Assigned]
  context.metrics.assigned(experiment, assigned)
  answerText(response, `${assignedJson(experiment, assigned)}\n`, JSON_ANSWER)
}

async function postAssignBatch(
  context: Context,
  request: IncomingMessage,
  response: ServerResponse,
  caller: Caller,
): Promise<void> {
  const { value } = await readValue(request, { limit: BATCH_LIMIT, kind: caller.kind })
  refuse(fieldFaults(value, BATCH_RULES))
  const { experiment, units: sent } = value as { experiment: string; units: (UnitBody['unit'] | UnitBody)[] }
  refuse(sent.flatMap(itemFaults))
  const units = sent.map(item => (typeof item === 'object' ? arrivingIn(item.unit, item.context) : unitIn(item)))
  spendMore(caller, units.length, context.now())
  await answerInParts(response, assignedParts(context, experiment, units))
}

const sleep = (ms: number) => setTimeout(ms, undefined, { ref: false })

async function* assignedParts(
  context: Context,
  experiment: string,
  units: readonly Arriving[],
): AsyncGenerator<string> {
  const onRefreshed = (refreshed: Refreshed) => logRefreshed(context.log, refreshed)
  let done = 0
  // The first slice comes before the head, so that a fault is still told as a problem.
  for await (const assigned of assignInSlices({ ...context, sleep, onRefreshed }, experiment, units)) {
    for (const one of assigned) context.metrics.assigned(experiment, one)
    const items = assigned.map(one => assignedJson(experiment, one)).join(',')
    const isFirst = done === 0
    done += assigned.length
    yield `${isFirst ? '{"assignments":[' : ','}${items}${done === units.length ? ']}\n' : ''}`
  }
}

function featuresOf({ catalogue }: Context, experiment: string): readonly Feature[] {
  return catalogue.find(experiment)?.experiment.definition.features ?? []
}

interface UnitBody {
  readonly unit: string | number
  readonly context?: unknown
}

/** A name alone, unless there is a context. */
function arrivingIn(unit: string | number, own: unknown): Arriving {
  return own === undefined ? unitIn(unit) : { unit: unitIn(unit), context: own }
}

/** By hand: an arm is the same text for all its units, and may carry 16 KiB. */
function assignedJson(experiment: string, { unit, arm, reason, assignment, contextFaults }: Assigned): string {
  const given =
    assignment === null
      ? '"propensity":null,"snapshot":null,"assignedAt":null'
      : `"propensity":${assignment.propensity},"snapshot":${assignment.snapshot},"assignedAt":"${timestamp(assignment.assignedAt)}"`
  return `{"experiment":${JSON.stringify(experiment)},"unit":${JSON.stringify(unit)},${armJson(arm)},${given},"reason":"${reason}"${faultsJson(contextFaults)}}`
}

function faultsJson(faults: readonly ContextFault[]): string {
  return faults.length === 0 ? '' : `,"contextFaults":${JSON.stringify(faults)}`
}

const armTexts = new WeakMap<Arm, string>()

function armJson(arm: Arm): string {
  const known = armTexts.get(arm)
  if (known !== undefined) return known
  const text = `"arm":${JSON.stringify(arm.key)},"payload":${JSON.stringify(arm.payload)}`
  armTexts.set(arm, text)
  return text
}

function experimentFault(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? null : 'must be the key of an experiment'
}

const ITEM_RULES: FieldRules = { unit: unitRule, context: anyRule }
const ASSIGN_RULES: FieldRules = { experiment: experimentFault, ...ITEM_RULES }
const BATCH_RULES: FieldRules = { experiment: experimentFault, units: unitsFault }

function itemFaults(item: unknown, position: number): Fault[] {
  const place = `units[${position}]`
  if (isObject(item)) {
    return fieldFaults(item, ITEM_RULES).map(({ path, message }) => ({ path: `${place}.${path}`, message }))
  }
  const message = unitRule(item)
  return message === null ? [] : [{ path: place, message }]
}

function unitsFault(value: unknown): string | null {
  if (!Array.isArray(value)) return 'must be a list of units'
  return value.length <= MAX_BATCH_UNITS
    ? null
    : `must have at most ${MAX_BATCH_UNITS} units, not ${value.length}; send several batches`
}
