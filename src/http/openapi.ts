// The OpenAPI 3.1 document, built from the table of routes and the schemas that check requests.
import {
  createDocument,
  type ZodOpenApiOperationObject,
  type ZodOpenApiOverrideContext,
  type ZodOpenApiPathsObject,
} from 'zod-openapi'
import type { ErrorCode } from '../bandit/errors.ts'
import { anyOtherOfrepProblem, anyOtherProblem, problemResponses } from './problem-responses.ts'
import { type Documentation, type Route, TAGS } from './routes/route.ts'
import { keyInPath } from './routes/shapes.ts'
import { ROUTES } from './routes/table.ts'
import { VERSION } from './version.ts'

const DESCRIPTION = `Assign arms, post rewards, read causal reports.

All JSON is camelCase. Times are RFC 3339 in UTC. Shares and propensities lie between 0 and 1. A field that does not exist is
refused by name; answers may gain fields. Every refusal is a \`Problem\` with a stable \`code\`, and names every fault at once, up to 100. Each GET has
its HEAD.`

const KEY =
  'A key with the scope that the operation names. A service without any key is open, and listens on loopback only.'

/** Made anew at each call; it takes some 20 ms. */
export function openApiDocument() {
  return createDocument(
    {
      openapi: '3.1.1',
      info: {
        title: 'Pinwheel',
        version: VERSION,
        description: DESCRIPTION,
        contact: { name: 'Pinwheel' },
        license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
      },
      servers: [{ url: '/' }],
      tags: Object.entries(TAGS).map(([name, description]) => ({ name, description })),
      paths: pathsOf(ROUTES),
      components: {
        securitySchemes: {
          bearer: { type: 'http', scheme: 'bearer', description: KEY },
          apiKey: { type: 'apiKey', in: 'header', name: 'X-API-Key', description: KEY },
        },
      },
    },
    { override: tidy },
  )
}

/**
 * Requests are refused for a field that does not exist; answers may gain fields, and clients must
 * not stumble over them.
 */
function tidy({ jsonSchema, io }: ZodOpenApiOverrideContext): void {
  if (io === 'output' && jsonSchema.additionalProperties === false) delete jsonSchema.additionalProperties
  // What zod says besides is true and of no use to a reader.
  if (jsonSchema.format === 'date-time') delete jsonSchema.pattern
  if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum
  if (io === 'input') describeDefault(jsonSchema)
  // Many tools expect `items` to be a schema; minItems and maxItems fix the length already.
  if (jsonSchema.items === false) jsonSchema.items = jsonSchema.prefixItems?.[0] ?? {}
}

/**
 * Moves the default of a request's field into its description. Generators of types take a field
 * with the keyword `default` for one that is always there, and would require it of every request.
 */
function describeDefault(jsonSchema: ZodOpenApiOverrideContext['jsonSchema']): void {
  if (jsonSchema.default === undefined) return
  const { default: value, description = '' } = jsonSchema
  if (!/\bDefault: /.test(description)) {
    jsonSchema.description = `${description} Default: ${JSON.stringify(value)}.`.trimStart()
  }
  delete jsonSchema.default
}

function pathsOf(routes: readonly Route[]): ZodOpenApiPathsObject {
  const paths: Record<string, Record<string, ZodOpenApiOperationObject>> = {}
  for (const route of routes) {
    if (route.document === undefined) continue
    const path = route.path.replace(/:(\w+)/g, '{$1}')
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: operationOf(route, route.document) }
  }
  return paths
}

function operationOf(route: Route, document: Documentation): ZodOpenApiOperationObject {
  const { scope } = route
  const { id, tag, summary, description, body, answers, statuses, isOfrep = false } = document
  const parameters = { ...(/:key\b/.test(route.path) && { path: keyInPath }), ...document.parameters }
  const needs = scope === null ? 'Needs no key.' : `Needs a key with the scope \`${scope}\`.`
  return {
    operationId: id,
    tags: [tag],
    summary,
    description: [description, needs].filter(text => text !== undefined).join('\n\n'),
    ...(scope !== null && { 'x-scope': scope }),
    // Scopes within `security` are for OAuth2 and OpenID Connect; here `x-scope` and the
    // description name the scope.
    security: scope === null ? [] : [{ bearer: [] }, { apiKey: [] }],
    ...(Object.keys(parameters).length > 0 && { requestParams: parameters }),
    ...(body !== undefined && { requestBody: body }),
    responses: {
      ...answers,
      ...problemResponses(refusalsOf(route, document), statuses, isOfrep),
      default: isOfrep ? anyOtherOfrepProblem : anyOtherProblem,
    },
  }
}

/** The codes that a route can refuse with: its own, and those of its address, key and body. */
function refusalsOf(route: Route, { body, problems = [], isOfrep = false }: Documentation): ErrorCode[] {
  const isHot = 'bodyLimit' in route
  // An address that cannot be decoded, as `%zz`, is not found; OFREP takes it for a key.
  const hasParameter = route.path.includes(':') && !isOfrep
  return [
    'invalid_request',
    ...problems,
    ...(hasParameter ? (['not_found'] as const) : []),
    ...(body === undefined ? [] : (['invalid_json', 'body_too_large', 'unsupported_media_type'] as const)),
    ...(isHot ? (['overloaded'] as const) : []),
    ...(route.scope === null ? [] : (['unauthorized', 'forbidden', 'rate_limited'] as const)),
  ]
}
