// Refusals in the document: one shape, the closed list of codes, and for each operation which codes
// it can answer with.
import { z } from 'zod'
import type { ZodOpenApiResponseObject } from 'zod-openapi'
import { BanditError, type ErrorCode } from '../bandit/errors.ts'
import { OFREP_CODES, ofrepProblem } from './ofrep/problem.ts'
import { STATUSES, titleOf } from './problem.ts'
import { problemExample } from './problem-examples.ts'
import { readingSchema } from './routes/read-context.ts'

const CODES = [...(Object.keys(STATUSES) as ErrorCode[]), 'internal_error'] as const

const faultSchema = z.object({
  path: z.string().describe('Where, as `arms[2].key`; empty: the body itself.'),
  message: z.string().describe('What would be right.'),
})

export const problemSchema = z
  .object({
    type: z.string().meta({ format: 'uri-reference' }),
    title: z.string().describe('The same for every problem of this status.'),
    status: z.int().min(400).max(599),
    detail: z.string().describe('What is wrong with this very request, and how to mend it.'),
    code: z.enum(CODES).describe('For programs to branch on: it never changes its meaning.'),
    requestId: z.string().describe('Finds the request in the log.'),
    errors: z
      .array(faultSchema)
      .optional()
      .describe('Every fault of the request at once, up to 100.')
      .meta({ maxItems: 100 }),
  })
  .meta({ id: 'Problem', description: 'Problem details (RFC 9457).' })

/** The same with the members that OFREP's clients read. */
const ofrepProblemSchema = problemSchema
  .extend({
    key: z.string().optional().describe('The key in the address.'),
    errorCode: z.enum(OFREP_CODES),
    errorDetails: z.string(),
    metadata: z.object({}),
  })
  .meta({ id: 'OfrepProblem', description: 'Problem details (RFC 9457) that are a failure of OFREP as well.' })

/** The same with how a context is understood all the same; of `invalid_context` only. */
const contextProblemSchema = problemSchema
  .extend(readingSchema.partial().shape)
  .meta({ id: 'ContextProblem', description: 'Problem details (RFC 9457), and what is kept of the context.' })

/** What any address can answer besides what its operations name. */
export const anyOtherProblem: ZodOpenApiResponseObject = {
  id: 'AnyOtherProblem',
  description:
    'What any request can meet: 405 `method_not_allowed`, 408 `request_timeout`, 417 an unknown expectation, 431 `headers_too_large`, 500 `internal_error`.',
  content: {
    'application/problem+json': {
      schema: problemSchema,
      examples: { internal_error: { value: problemExample('internal_error', 500) } },
    },
  },
}

/** The same where OFREP's clients ask. */
export const anyOtherOfrepProblem: ZodOpenApiResponseObject = {
  id: 'AnyOtherOfrepProblem',
  description: 'Whatever else any request can meet, as 400 or 500: OFREP knows no other statuses.',
  content: {
    'application/problem+json': {
      schema: ofrepProblemSchema,
      examples: { internal_error: { value: ofrepExample('internal_error', 500) } },
    },
  },
}

/** The responses by status for these codes; equal ones are one component. */
export function problemResponses(
  codes: readonly ErrorCode[],
  statuses: Readonly<Partial<Record<ErrorCode, number>>> = {},
  isOfrep = false,
): Record<string, ZodOpenApiResponseObject> {
  const byStatus = Map.groupBy(codes, code => statuses[code] ?? STATUSES[code])
  return Object.fromEntries([...byStatus].map(([status, some]) => [status, problemResponse(status, some, isOfrep)]))
}

const known = new Map<string, ZodOpenApiResponseObject>()

function problemResponse(status: number, codes: readonly ErrorCode[], isOfrep: boolean): ZodOpenApiResponseObject {
  const sorted = [...new Set(codes)].sort()
  const id = `${isOfrep ? 'ofrep_' : ''}${status}_${sorted.join('_or_')}`
  const exampleOf = isOfrep ? ofrepExample : problemExample
  const plainSchema = sorted.includes('invalid_context') ? contextProblemSchema : problemSchema
  const response = known.get(id) ?? {
    id,
    description: `${titleOf(status)}: ${sorted.map(code => `\`${code}\``).join(', ')}.`,
    ...((status === 503 || status === 429) && { headers: { 'Retry-After': { schema: { type: 'integer' as const } } } }),
    content: {
      'application/problem+json': {
        schema: isOfrep ? ofrepProblemSchema : plainSchema,
        examples: Object.fromEntries(sorted.map(code => [code, { value: exampleOf(code, status) }])),
      },
    },
  }
  known.set(id, response)
  return response
}

function ofrepExample(code: ErrorCode | 'internal_error', status: number) {
  const problem = problemExample(code, status)
  const error = code === 'internal_error' ? null : new BanditError(code, problem.detail)
  return { ...problem, ...ofrepProblem('/ofrep/', error, status, problem.detail)?.members }
}
