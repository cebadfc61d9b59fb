// POST /experiments/:key/context: how a context is understood, for those who write clients. It
// assigns nothing.
import type { ServerResponse } from 'node:http'
import type { Request } from 'express'
import { z } from 'zod'
import type { LiveExperiment } from '../../bandit/catalogue.ts'
import { BanditError } from '../../bandit/errors.ts'
import { encode } from '../../bandit/features/encode.ts'
import type { Feature } from '../../bandit/features/feature.ts'
import { type ContextFaultCode, keepContext, MAX_CONTEXT_BYTES } from '../../bandit/features/keep-context.ts'
import { namedContext } from '../../bandit/features/named-context.ts'
import { answerJson } from '../answer.ts'
import type { Context } from '../context.ts'
import { anyRule, fieldFaults, refuse } from '../input/fields.ts'
import { readValue } from '../middleware/body.ts'
import { InvalidContextError } from '../problem.ts'
import { contextFaultsSchema } from './assign.ts'
import { answers, json, type PlainRoute } from './route.ts'
import { share } from './shapes.ts'

const READING = {
  kept: { channel: 'web', recency: 3 },
  x: [1, 1, 0, 0, 0, -0.5, 0],
  faults: [],
  propensities: { control: 0.31, mens: 0.69 },
}

export const readingSchema = z
  .object({
    kept: z
      .record(z.string(), z.union([z.number(), z.boolean(), z.string(), z.null()]))
      .describe('By feature, what is kept: a number, true or false, a level, the number of a bucket; null: missing.'),
    x: z.array(z.number()).describe('The row of numbers that a policy reads: a 1, then the columns of each feature.'),
    faults: contextFaultsSchema,
    propensities: z
      .record(z.string(), share)
      .nullable()
      .describe('With which a new unit with this context would now get each active arm. Null: a draft has none.'),
  })
  .meta({ id: 'ContextReading' })

export const CONTEXT_ROUTE: PlainRoute = {
  method: 'POST',
  path: '/experiments/:key/context',
  scope: 'read',
  handler: postContext,
  document: {
    id: 'readContext',
    tag: 'Assignment',
    summary: 'How a context is understood',
    description:
      'For trying: it assigns nothing. A context with faults, which /assign would take all the same, is 400 `invalid_context`; that problem has the members of this answer too.',
    body: {
      required: true,
      content: json(z.strictObject({ context: z.unknown() }), { context: { channel: 'web', recency: 3 } }),
    },
    answers: { 200: answers('What is kept, and what a policy reads of it.', readingSchema, READING) },
    problems: ['experiment_not_found', 'invalid_context'],
  },
}

async function postContext(
  context: Context,
  request: Request<{ key: string }>,
  response: ServerResponse,
): Promise<void> {
  context.catalogue.get(request.params.key)
  const { value } = await readValue(request, { types: ['application/json'] })
  refuse(fieldFaults(value, { context: anyRule }))
  // Looked up anew, because a feature may have been added while the body was on its way.
  const live = context.catalogue.get(request.params.key)
  const reading = readingOf(live, (value as { context?: unknown }).context)
  if (reading.faults.length === 0) return answerJson(response, reading)
  const named = reading.faults.map(({ feature, fault }) => ({
    path: feature === null ? 'context' : `context.${feature}`,
    message: WORDS[fault],
  }))
  const told = named.map(({ path, message }) => `${path} ${message}`).join('; ')
  throw new InvalidContextError(`The context is not valid: ${told}`, named, reading)
}

/** Features as the current snapshot has them, which is what a unit would meet now. */
function readingOf({ experiment, snapshot, rule }: LiveExperiment, sent: unknown) {
  const { arms, features: declared, key } = experiment.definition
  const features: readonly Feature[] | undefined = rule?.features ?? declared
  if (features === undefined) throw new BanditError('invalid_request', `Experiment "${key}" has no features`)
  const bytes = sent === undefined ? 0 : Buffer.byteLength(JSON.stringify(sent))
  const { kept, faults } = keepContext(features, sent, bytes)
  const x = encode(features, kept)
  const shares = rule?.propensitiesAt(x) ?? null
  const active = arms.flatMap((arm, place) => (snapshot?.propensities[place] == null ? [] : [{ key: arm.key, place }]))
  return {
    kept: namedContext(features, kept),
    x: [...x],
    faults,
    propensities: shares && Object.fromEntries(active.map(({ key: arm, place }) => [arm, shares[place]])),
  }
}

const WORDS: Readonly<Record<ContextFaultCode, string>> = {
  'not-a-number': 'must be a finite number',
  'not-a-boolean': 'must be true or false',
  'not-a-text': 'must be text',
  'unknown-level': 'is none of its levels',
  'out-of-range': 'is out of range, and is clamped',
  'too-large': `is too large: at most ${MAX_CONTEXT_BYTES} bytes of JSON, and 256 characters of a text`,
  'not-an-object': 'must be an object of values by feature',
}
