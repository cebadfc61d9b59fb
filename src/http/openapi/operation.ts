// One operation of the interface as it is documented: an address, a method, the scope it needs,
// what goes in and what comes out. Anyone who adds a route adds one of these to the file of its
// subject.
import type { ZodOpenApiOperationObject, ZodOpenApiRequestBodyObject, ZodOpenApiResponseObject } from 'zod-openapi'
import type { Scope } from '../../access/key.ts'
import type { ErrorCode } from '../../bandit/errors.ts'
import { anyOtherOfrepProblem, anyOtherProblem, problemResponses } from './problems.ts'

export interface Operation {
  readonly method: 'get' | 'post' | 'put' | 'patch' | 'delete'
  /** Parameters in braces: `/experiments/{key}`. */
  readonly path: `/${string}`
  /** Unique: what generated clients call it. */
  readonly id: string
  readonly tag: Tag
  readonly summary: string
  readonly description?: string
  /** What a key must allow; null: no key is needed. */
  readonly scope: Scope | null
  readonly parameters?: ZodOpenApiOperationObject['requestParams']
  readonly body?: ZodOpenApiRequestBodyObject
  /** By status. */
  readonly answers: Readonly<Record<number, ZodOpenApiResponseObject>>
  /**
   * The codes that it can refuse with, besides those of the key and those that each operation has.
   */
  readonly problems: readonly ErrorCode[]
  /** Codes that it gives another status than the table in problem.ts. */
  readonly statuses?: Readonly<Partial<Record<ErrorCode, number>>>
  /** Its refusals have OFREP's members as well. */
  readonly isOfrep?: boolean
}

export const TAGS = {
  Assignment: 'Arms for units, from product code.',
  Rewards: 'What happened to units.',
  Experiments: 'Define them, start them, stop them.',
  Reports: 'What was learned, and the facts that it was learned from.',
  Operation: 'For anyone who runs the service.',
} as const

export type Tag = keyof typeof TAGS

/**
 * What each operation can refuse with: a request without the header `Host`, or with a query that it
 * does not know, is not valid.
 */
const REQUEST_PROBLEMS = ['invalid_request'] as const satisfies readonly ErrorCode[]

/**
 * What an operation with a parameter in its address can refuse with: one that cannot be decoded, as
 * `%zz`, is no address; OFREP takes it for a key.
 */
const ADDRESS_PROBLEMS = ['not_found'] as const satisfies readonly ErrorCode[]

/** What the door itself can refuse with. */
const KEY_PROBLEMS = ['unauthorized', 'forbidden', 'rate_limited'] as const satisfies readonly ErrorCode[]

/** The operation as OpenAPI 3.1 says it. */
export function openApiOperation(operation: Operation): ZodOpenApiOperationObject {
  const { id, tag, summary, scope, parameters, body, answers, problems, statuses, isOfrep = false } = operation
  const needs = scope === null ? 'Needs no key.' : `Needs a key with the scope \`${scope}\`.`
  const refusals = [
    ...REQUEST_PROBLEMS,
    ...(operation.path.includes('{') && !isOfrep ? ADDRESS_PROBLEMS : []),
    ...problems,
    ...(scope === null ? [] : KEY_PROBLEMS),
  ]
  return {
    operationId: id,
    tags: [tag],
    summary,
    description: [operation.description, needs].filter(text => text !== undefined).join('\n\n'),
    ...(scope !== null && { 'x-scope': scope }),
    // Scopes within `security` are for OAuth2 and OpenID Connect; here `x-scope` and the
    // description name the scope.
    security: scope === null ? [] : [{ bearer: [] }, { apiKey: [] }],
    ...(parameters !== undefined && { requestParams: parameters }),
    ...(body !== undefined && { requestBody: body }),
    responses: {
      ...answers,
      ...problemResponses(refusals, statuses, isOfrep),
      default: isOfrep ? anyOtherOfrepProblem : anyOtherProblem,
    },
  }
}
