// The interface's document: whole, in step with the routes, and as it is kept in docs/openapi.json.
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { openApiDocument } from '../../src/http/openapi.ts'
import { ROUTES } from '../../src/http/routes/table.ts'
import { Interface, resolve } from '../support/http/interface.ts'

const document = openApiDocument()
const api = new Interface(document)

/** Pages and their files, which are for people and not for programs. */
const UNDOCUMENTED = [
  ...['GET /docs', 'GET /docs/show.js', 'GET /docs/swagger-ui.css', 'GET /docs/swagger-ui-bundle.js'],
  ...['GET /', 'GET /events', 'GET /new', 'POST /new', 'GET /pages/{key}', 'GET /pages/{key}/events'],
  ...['start', 'pause', 'stop', 'retire'].map(verb => `POST /pages/{key}/${verb}`),
  ...['POST /session', 'POST /session/end', 'GET /assets/{digest}/{name}'],
]

describe('the document', () => {
  it('has every route of the app, and no other', () => {
    const routes = ROUTES.map(({ method, path }) => `${method} ${path.replace(/:(\w+)/g, '{$1}')}`)
    const documented = api.operations.map(({ method, path }) => `${method} ${path}`)
    expect(routes.filter(route => !UNDOCUMENTED.includes(route)).sort()).toEqual(documented.sort())
    expect(routes).toEqual(expect.arrayContaining(UNDOCUMENTED))
  })

  it('is the one in docs/openapi.json (npm run openapi writes it)', () => {
    const kept = readFileSync(new URL('../../docs/openapi.json', import.meta.url), 'utf8')
    expect(JSON.parse(kept)).toEqual(JSON.parse(JSON.stringify(document)))
  })

  it('points at nothing that is not there', () => {
    const references = [...JSON.stringify(document).matchAll(/"\$ref":"([^"]+)"/g)].map(([, to]) => to as string)
    expect(references.length).toBeGreaterThan(50)
    for (const reference of references) expect(resolve(document, reference)).toBeDefined()
  })

  it('names each operation once, with its scope, its parameters and its refusals', () => {
    expect(new Set(api.operations.map(({ id }) => id)).size).toBe(api.operations.length)
    for (const { path, scope, operation } of api.operations) {
      const named = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name)
      const told = (operation.parameters ?? []).filter((each: { in: string }) => each.in === 'path')
      expect(told.map(({ name }: { name: string }) => name)).toEqual(named)
      expect(operation.summary).toMatch(/\S/)
      expect(operation.security).toEqual(scope === null ? [] : [{ bearer: [] }, { apiKey: [] }])
      expect(Object.keys(operation.responses)).toEqual(expect.arrayContaining(scope === null ? [] : ['401', '403']))
    }
  })

  it('has examples that are valid, for every JSON that is asked for or answered', () => {
    expect(api.exampleCount).toBeGreaterThan(60)
    expect(api.exampleFaults()).toEqual([])
  })

  // What linters of OpenAPI documents (Spectral, with its rules for OpenAPI) found once.
  it('names a contact, gives every array its items, and lists scopes only where OAuth2 has them', () => {
    expect(document.info.contact?.name).toBe('Pinwheel')
    const arrays = objectsIn(document).filter(({ type }) => type === 'array')
    expect(arrays.length).toBeGreaterThan(20)
    expect(arrays.filter(({ items }) => typeof items !== 'object')).toEqual([])
    const { securitySchemes = {} } = document.components ?? {}
    for (const { operation } of api.operations) {
      for (const [scheme, scopes] of operation.security.flatMap(Object.entries)) {
        expect(securitySchemes).toHaveProperty(scheme)
        expect(scopes).toEqual([])
      }
    }
  })

  it('has no keyword `default` in requests: generated types would require the field', () => {
    const requests = api.operations.map(({ operation }) => operation.requestBody)
    const schemas = Object.entries(document.components?.schemas ?? {}).filter(([name]) =>
      /Input|Request|Definition$|^Reward$/.test(name),
    )
    expect(objectsIn([requests, schemas]).filter(each => each.default !== undefined)).toEqual([])
    expect(resolve(document, '#/components/schemas/Reward/properties/value').description).toContain('Default: 1.')
  })

  it('describes every field of a definition, also to editors', () => {
    const { schemas } = document.components as { schemas: Record<string, { properties: Record<string, unknown> }> }
    for (const name of ['ExperimentDefinition', 'WebhookInput', 'ArmInput', 'MetricInput', 'PolicyInput', 'Reward']) {
      for (const [field, schema] of Object.entries(schemas[name]?.properties ?? {})) {
        const { description, $ref } = schema as { description?: string; $ref?: string }
        expect(description ?? (resolve(document, $ref ?? '') as { description?: string }).description, field).toMatch(
          /\S/,
        )
      }
    }
  })
})

/** Every object within a value, at any depth. */
function objectsIn(value: unknown): Record<string, unknown>[] {
  if (typeof value !== 'object' || value === null) return []
  const own = Array.isArray(value) ? [] : [value as Record<string, unknown>]
  return [...own, ...Object.values(value).flatMap(objectsIn)]
}
