// Writes the OpenAPI document to docs/openapi.json: npm run openapi
import { writeFileSync } from 'node:fs'
import { openApiDocument } from '../src/http/openapi/document.ts'

writeFileSync(new URL('../docs/openapi.json', import.meta.url), `${JSON.stringify(openApiDocument(), null, 2)}\n`)
