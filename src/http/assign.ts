// POST /assign and POST /assign/batch.
import type { IncomingMessage, ServerResponse } from 'node:http'
import { type Assigned, assign } from '../bandit/assign.ts'
import { answerJson, timestamp } from './answer.ts'
import { authenticate } from './authenticate.ts'
import { BATCH_LIMIT, readValue } from './body.ts'
import type { Context } from './context.ts'
import { fieldFaults, nameRule, refuse } from './fields.ts'

export const MAX_BATCH_UNITS = 10_000

export async function answerAssign(
  context: Context,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  authenticate(context, request, 'assign')
  const { value } = await readValue(request)
  refuse(fieldFaults(value, { experiment: experimentFault, unit: nameRule }))
  const { experiment, unit } = value as { experiment: string; unit: string }
  const [assigned] = await assign(context, experiment, [unit], context.now())
  answerJson(response, assignedJson(experiment, assigned as Assigned))
}

export async function answerAssignBatch(
  context: Context,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  authenticate(context, request, 'assign')
  const { value } = await readValue(request, BATCH_LIMIT)
  refuse(fieldFaults(value, { experiment: experimentFault, units: unitsFault }))
  const { experiment, units } = value as { experiment: string; units: string[] }
  refuse(
    units.flatMap((unit, position) => {
      const message = nameRule(unit)
      return message === null ? [] : [{ path: `units[${position}]`, message }]
    }),
  )
  const assignments = await assign(context, experiment, units, context.now())
  answerJson(response, { assignments: assignments.map(assigned => assignedJson(experiment, assigned)) })
}

function assignedJson(experiment: string, { unit, arm, reason, assignment }: Assigned) {
  return {
    experiment,
    unit,
    arm: arm.key,
    payload: arm.payload,
    propensity: assignment?.propensity ?? null,
    snapshot: assignment?.snapshot ?? null,
    assignedAt: timestamp(assignment?.assignedAt ?? null),
    reason,
  }
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
