// POST /assign and POST /assign/batch. They check their bodies by hand; the schemas say the same,
// and a test compares the two.

import type { IncomingMessage, ServerResponse } from 'node:http'
import { setTimeout } from 'node:timers/promises'
import { z } from 'zod'
import { type Assigned, assign } from '../../bandit/assign.ts'
import { assignInSlices } from '../../bandit/assign-batch.ts'
import type { Arm } from '../../bandit/experiment/experiment.ts'
import { UNIT_MAX_CHARACTERS, unitIn } from '../../bandit/facts.ts'
import type { Refreshed } from '../../bandit/snapshots.ts'
import { answerInParts, answerText, JSON_ANSWER, timestamp } from '../answer.ts'
import type { Context } from '../context.ts'
import { fieldFaults, refuse, unitRule } from '../input/fields.ts'
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

export const assignSchema = z
  .strictObject({ experiment: experimentKey, unit: unitSchema })
  .meta({ id: 'AssignRequest' })

export const batchSchema = z
  .strictObject({ experiment: experimentKey, units: z.array(unitSchema).max(MAX_BATCH_UNITS) })
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
  const { value } = await readValue(request, { kind })
  refuse(fieldFaults(value, { experiment: experimentFault, unit: unitRule }))
  const { experiment, unit } = value as { experiment: string; unit: string | number }
  const [assigned] = (await assign(context, experiment, [unitIn(unit)], context.now())) as [Assigned]
  context.metrics.assigned(experiment, assigned.arm.key, assigned.reason)
  answerText(response, `${assignedJson(experiment, assigned)}\n`, JSON_ANSWER)
}

async function postAssignBatch(
  context: Context,
  request: IncomingMessage,
  response: ServerResponse,
  caller: Caller,
): Promise<void> {
  const { value } = await readValue(request, { limit: BATCH_LIMIT, kind: caller.kind })
  refuse(fieldFaults(value, { experiment: experimentFault, units: unitsFault }))
  const { experiment, units: sent } = value as { experiment: string; units: (string | number)[] }
  refuse(
    sent.flatMap((unit, position) => {
      const message = unitRule(unit)
      return message === null ? [] : [{ path: `units[${position}]`, message }]
    }),
  )
  const units = sent.map(unitIn)
  spendMore(caller, units.length, context.now())
  await answerInParts(response, assignedParts(context, experiment, units))
}

const sleep = (ms: number) => setTimeout(ms, undefined, { ref: false })

async function* assignedParts(context: Context, experiment: string, units: readonly string[]): AsyncGenerator<string> {
  const onRefreshed = (refreshed: Refreshed) => logRefreshed(context.log, refreshed)
  let done = 0
  // The first slice comes before the head, so that a fault is still told as a problem.
  for await (const assigned of assignInSlices({ ...context, sleep, onRefreshed }, experiment, units)) {
    for (const { arm, reason } of assigned) context.metrics.assigned(experiment, arm.key, reason)
    const items = assigned.map(one => assignedJson(experiment, one)).join(',')
    const isFirst = done === 0
    done += assigned.length
    yield `${isFirst ? '{"assignments":[' : ','}${items}${done === units.length ? ']}\n' : ''}`
  }
}

/** By hand: an arm is the same text for all its units, and may carry 16 KiB. */
function assignedJson(experiment: string, { unit, arm, reason, assignment }: Assigned): string {
  const given =
    assignment === null
      ? '"propensity":null,"snapshot":null,"assignedAt":null'
      : `"propensity":${assignment.propensity},"snapshot":${assignment.snapshot},"assignedAt":"${timestamp(assignment.assignedAt)}"`
  return `{"experiment":${JSON.stringify(experiment)},"unit":${JSON.stringify(unit)},${armJson(arm)},${given},"reason":"${reason}"}`
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

function unitsFault(value: unknown): string | null {
  if (!Array.isArray(value)) return 'must be a list of units'
  return value.length <= MAX_BATCH_UNITS
    ? null
    : `must have at most ${MAX_BATCH_UNITS} units, not ${value.length}; send several batches`
}
