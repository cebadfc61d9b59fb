// POST /assign and POST /assign/batch.

import type { IncomingMessage, ServerResponse } from 'node:http'
import { setTimeout } from 'node:timers/promises'
import { type Assigned, assign } from '../../bandit/assign.ts'
import { assignInSlices } from '../../bandit/assign-batch.ts'
import type { Arm } from '../../bandit/experiment/experiment.ts'
import { unitIn } from '../../bandit/facts.ts'
import type { Refreshed } from '../../bandit/snapshots.ts'
import { answerInParts, answerText, JSON_ANSWER, timestamp } from '../answer.ts'
import type { Context } from '../context.ts'
import { fieldFaults, refuse, unitRule } from '../input/fields.ts'
import { logRefreshed } from '../log-refreshed.ts'
import { authenticate } from '../middleware/authenticate.ts'
import { BATCH_LIMIT, BODY_LIMIT, readValue } from '../middleware/body.ts'
import { spendMore } from '../middleware/rate-limit.ts'

export const MAX_BATCH_UNITS = 10_000

export async function answerAssign(
  context: Context,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { kind } = authenticate(context, request, 'assign')
  const { value } = await readValue(request, BODY_LIMIT, undefined, kind)
  refuse(fieldFaults(value, { experiment: experimentFault, unit: unitRule }))
  const { experiment, unit } = value as { experiment: string; unit: string | number }
  const [assigned] = (await assign(context, experiment, [unitIn(unit)], context.now())) as [Assigned]
  context.metrics.assigned(experiment, assigned.arm.key, assigned.reason)
  answerText(response, `${assignedJson(experiment, assigned)}\n`, JSON_ANSWER)
}

export async function answerAssignBatch(
  context: Context,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const caller = authenticate(context, request, 'assign')
  const { value } = await readValue(request, BATCH_LIMIT, undefined, caller.kind)
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
