// The OpenAPI 3.1 document, made of the very schemas that judge requests.
import { createDocument, type ZodOpenApiOverrideContext, type ZodOpenApiPathsObject } from 'zod-openapi'
import { VERSION } from '../version.ts'
import { ASSIGN_OPERATIONS } from './assign.ts'
import { EXPERIMENT_OPERATIONS } from './experiments.ts'
import { OFREP_OPERATIONS } from './ofrep.ts'
import { type Operation, openApiOperation, TAGS } from './operation.ts'
import { REPORT_OPERATIONS } from './reports.ts'
import { REWARD_OPERATIONS } from './rewards.ts'
import { SENT_EVENT_OPERATIONS } from './sent-events.ts'
import { SERVICE_OPERATIONS } from './service.ts'
import { SIMULATION_OPERATIONS } from './simulate.ts'
import { WEBHOOK_OPERATIONS } from './webhooks.ts'

/** In the order in which they are shown. */
const OPERATIONS: readonly Operation[] = [
  ...ASSIGN_OPERATIONS,
  ...OFREP_OPERATIONS,
  ...REWARD_OPERATIONS,
  ...SENT_EVENT_OPERATIONS,
  ...EXPERIMENT_OPERATIONS,
  ...REPORT_OPERATIONS,
  ...SIMULATION_OPERATIONS,
  ...WEBHOOK_OPERATIONS,
  ...SERVICE_OPERATIONS,
]

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
      paths: pathsOf(OPERATIONS),
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

function pathsOf(operations: readonly Operation[]): ZodOpenApiPathsObject {
  const byPath = Map.groupBy(operations, ({ path }) => path)
  return Object.fromEntries(
    [...byPath].map(([path, some]) => [
      path,
      Object.fromEntries(some.map(operation => [operation.method, openApiOperation(operation)])),
    ]),
  )
}
