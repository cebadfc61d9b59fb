// Writes the OpenAPI document: npm run openapi
import { writeFileSync } from 'node:fs'
import { readArguments } from '../src/cli/terminal/arguments.ts'
import { Failure, runScript } from '../src/cli/terminal/failure.ts'
import { openApiDocument } from '../src/http/openapi.ts'

const HELP = `Usage: npm run openapi

Writes the interface as OpenAPI 3.1 to docs/openapi.json. A running service gives the same document at /openapi.json.
`

const OPTIONS = { help: { type: 'boolean', short: 'h', default: false } } as const

await runScript(async () => {
  const { values, positionals } = readArguments(OPTIONS)
  if (values.help) return void process.stdout.write(HELP)
  if (positionals.length > 0) throw new Failure(`Cannot understand ${JSON.stringify(positionals[0])}; see --help`)
  writeFileSync(new URL('../docs/openapi.json', import.meta.url), `${JSON.stringify(openApiDocument(), null, 2)}\n`)
})
