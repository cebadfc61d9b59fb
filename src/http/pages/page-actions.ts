// What the buttons of a page do: start, pause, stop, retire an arm; then the page is shown again.
import type { ServerResponse } from 'node:http'
import type { Request } from 'express'
import { BanditError } from '../../bandit/errors.ts'
import { applyDefinition, setStatus } from '../../bandit/experiment/change-experiment.ts'
import { completeDefinition, definitionFaults } from '../../bandit/experiment/definition-input.ts'
import type { Definition, Status } from '../../bandit/experiment/experiment.ts'
import type { Context } from '../context.ts'
import { fieldFaults, refuse, textRule } from '../input/fields.ts'
import type { Caller } from '../middleware/authenticate.ts'
import { readValue } from '../middleware/body.ts'
import { sendTo } from './html.ts'

/** Start, pause or stop from the page; a stop may name a winner. */
export async function postStatusForm(
  to: Exclude<Status, 'draft'>,
  context: Context,
  request: Request<{ key: string }>,
  response: ServerResponse,
  { name: actor }: Caller,
): Promise<void> {
  const { value = {} } = await readValue(request)
  refuse(fieldFaults(value, to === 'stopped' ? { winner: textRule } : {}))
  const { winner } = value as { winner?: string }
  const named = winner === '' ? null : winner
  await setStatus(context, request.params.key, to, { actor, now: context.now(), winner: named })
  sendTo(response, `/pages/${request.params.key}`)
}

export async function postRetire(
  context: Context,
  request: Request<{ key: string }>,
  response: ServerResponse,
  { name: actor }: Caller,
): Promise<void> {
  const { value = {} } = await readValue(request)
  refuse(fieldFaults(value, { arm: textRule }))
  const { arm } = value as { arm?: string }
  const { definition } = context.catalogue.get(request.params.key).experiment
  if (definition.arms.every(({ key }) => key !== arm)) {
    throw new BanditError('arm_not_found', `Experiment "${definition.key}" has no arm "${arm ?? ''}"`)
  }
  // As a PUT that lists the arm as retired: the policy is kept as far as the other arms allow it.
  const retired = (kept: Definition | null): Definition => {
    const whole = kept ?? definition
    const arms = whole.arms.map(each => (each.key === arm ? { ...each, retired: true } : each))
    refuse(definitionFaults({ arms, control: whole.control, features: whole.features }, whole.policy))
    return completeDefinition({ ...whole, arms, policy: undefined }, whole.policy)
  }
  await applyDefinition(context, definition.key, retired, { actor, now: context.now(), salt: context.newSalt() })
  sendTo(response, `/pages/${definition.key}`)
}
