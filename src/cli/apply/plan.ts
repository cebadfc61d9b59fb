// Asks the service what the files would change, without changing anything: only the service knows
// which fields are frozen.
import { z } from 'zod'
import { BanditError } from '../../bandit/errors.ts'
import { transition } from '../../bandit/experiment/change.ts'
import { type Definition, STATUSES, type Status } from '../../bandit/experiment/experiment.ts'
import { type Client, reasonOf } from '../service/client.ts'
import { Failure } from '../terminal/failure.ts'
import { type FiledExperiment, type FileFault, located } from './experiment-files.ts'

export interface Plan {
  readonly filed: FiledExperiment
  readonly result: 'created' | 'changed' | 'unchanged'
  readonly changes: readonly { readonly path: string; readonly before?: unknown; readonly after?: unknown }[]
  readonly status: Status
  readonly winner: string | null
  /**
   * The state that it has to be brought into; null: it has the state already, or the file has none.
   */
  readonly move: Exclude<Status, 'draft'> | null
}

const answerSchema = z.object({
  result: z.enum(['created', 'changed', 'unchanged']),
  changes: z.array(z.object({ path: z.string(), before: z.unknown().optional(), after: z.unknown().optional() })),
  experiment: z.looseObject({
    key: z.string(),
    arms: z.array(z.object({ key: z.string() })),
    status: z.enum(STATUSES),
    winner: z.string().nullable(),
  }),
})

const refusalSchema = z.object({
  code: z.string(),
  detail: z.string(),
  errors: z.array(z.object({ path: z.string(), message: z.string() })).default([]),
})

/**
 * What applying the experiment would do, or its faults. @throws Failure when the service cannot
 * answer
 */
export async function planExperiment(
  client: Client,
  filed: FiledExperiment,
): Promise<{ plan: Plan } | { faults: FileFault[] }> {
  const path = `/experiments/${encodeURIComponent(filed.key)}/plan`
  const answer = await client.send('POST', path, filed.definition)
  if (answer.status === 200) return planOf(filed, parsed(answerSchema, answer.body))
  if (![400, 409, 413].includes(answer.status)) {
    throw new Failure(`The service cannot plan the change: ${reasonOf(answer)}`)
  }
  const { detail, errors } = parsed(refusalSchema, answer.body)
  if (errors.length === 0) return { faults: [{ ...filed.place(''), message: detail }] }
  return { faults: errors.map(fault => located(fault, filed.place)) }
}

/** @throws Failure for the answer of something else */
function parsed<Schema extends z.ZodType>(schema: Schema, body: string): z.infer<Schema> {
  try {
    return schema.parse(JSON.parse(body))
  } catch (error) {
    throw new Failure(`What answers there is no Pinwheel service of this version: ${(error as Error).message}`)
  }
}

function planOf(
  filed: FiledExperiment,
  { result, changes, experiment }: z.infer<typeof answerSchema>,
): { plan: Plan } | { faults: FileFault[] } {
  const { status, winner } = experiment
  const state = { definition: experiment as unknown as Definition, status, winner, startedAt: null, stoppedAt: null }
  const to = filed.status
  try {
    const next = to === undefined ? null : transition(state, to, 0, filed.winner)
    return { plan: { filed, result, changes, status, winner, move: next === null ? null : (to ?? null) } }
  } catch (error) {
    if (!(error instanceof BanditError)) throw error
    const path = error.code === 'arm_not_found' ? 'winner' : 'status'
    return { faults: [{ ...filed.place(path), message: error.message }] }
  }
}
