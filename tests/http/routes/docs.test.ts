import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Service, startService } from '../../support/http/service.ts'

let service: Service

// It has a key, and the pages need none.
beforeAll(async () => {
  service = await startService({ adminKey: 'a key of some length' })
})

afterAll(() => service.close())

describe('GET /docs', () => {
  it('is a page whose every file comes from here, under a policy that allows nothing else', async () => {
    const { status, headers, text } = await service.call('GET', '/docs')
    expect(status).toBe(200)
    expect(headers.get('content-type')).toBe('text/html; charset=utf-8')
    const policy = headers.get('content-security-policy') ?? ''
    expect(policy).toContain("default-src 'self'")
    expect(policy).not.toMatch(/unsafe|https?:|\*/)
    expect(text).not.toMatch(/<script>|\son\w+=|style=/)
    const files = [...text.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, file]) => file as string)
    expect(files).toContain('/docs/swagger-ui-bundle.js')
    for (const file of files.filter(each => !each.startsWith('data:'))) {
      const answer = await service.call('GET', file)
      expect(answer.status, file).toBe(200)
      expect(answer.headers.get('content-type'), file).toMatch(/^text\/(css|javascript); charset=utf-8$/)
      expect(answer.text.length, file).toBeGreaterThan(100)
    }
  })

  it('shows the document of this service, and calls no other host', async () => {
    const { text } = await service.call('GET', '/docs/show.js')
    const settings: Record<string, unknown>[] = []
    new Function('SwaggerUIBundle', text)((each: Record<string, unknown>) => settings.push(each))
    expect(settings).toMatchObject([{ url: '/openapi.json', validatorUrl: null, scarfSettings: { enabled: false } }])
    expect((await service.call('GET', '/openapi.json')).body).toMatchObject({ openapi: expect.stringMatching(/^3\.1/) })
  })
})

describe('GET /schemas/experiment.json', () => {
  it('is a JSON schema that describes a definition, and the state that a file may ask for', async () => {
    const { headers, text } = await service.call('GET', '/schemas/experiment.json')
    expect(headers.get('content-type')).toBe('application/schema+json')
    const schema = JSON.parse(text)
    expect(schema.$schema).toBe('https://json-schema.org/draft/2020-12/schema')
    expect(Object.keys(schema.properties)).toEqual(
      expect.arrayContaining(['key', 'arms', 'metrics', 'status', 'winner']),
    )
    expect(schema.required).toEqual(['key', 'arms', 'metrics'])
    for (const [name, field] of Object.entries<{ description?: string; $ref?: string }>(schema.properties)) {
      expect(field.description ?? field.$ref, name).toBeDefined()
    }
  })
})
