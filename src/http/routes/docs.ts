// GET /docs, which shows the OpenAPI document. Swagger UI comes from its package, and the page
// asks no other host for anything.
import { readFile } from 'node:fs/promises'
import type { ServerResponse } from 'node:http'
import { fileURLToPath } from 'node:url'
import { answerBytes, answerText } from '../answer.ts'
import type { Context } from '../context.ts'
import type { PlainRoute } from './route.ts'

/**
 * The icons in Swagger UI's style sheet are data: addresses; it needs nothing else beyond this
 * host, no inline style either.
 */
const POLICY = "default-src 'self'; img-src 'self' data:; frame-ancestors 'none'"

async function getDocs(_context: Context, _request: unknown, response: ServerResponse): Promise<void> {
  response.setHeader('Content-Security-Policy', POLICY)
  answerText(response, PAGE, 'text/html; charset=utf-8')
}

const PAGE = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Pinwheel: the interface</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/docs/swagger-ui.css">
<div id="docs"></div>
<script src="/docs/swagger-ui-bundle.js"></script>
<script src="/docs/show.js"></script>
</html>
`

/**
 * A file of its own, so that the page needs no inline script. `validatorUrl` and `scarfSettings`
 * would call other hosts.
 */
const SHOW = `SwaggerUIBundle({
  url: '/openapi.json',
  dom_id: '#docs',
  deepLinking: true,
  validatorUrl: null,
  scarfSettings: { enabled: false },
})
`

const FILES = {
  'show.js': { type: 'text/javascript; charset=utf-8', read: async () => Buffer.from(SHOW) },
  'swagger-ui.css': { type: 'text/css; charset=utf-8', read: readPackaged },
  'swagger-ui-bundle.js': { type: 'text/javascript; charset=utf-8', read: readPackaged },
} as const

type DocsFile = keyof typeof FILES

export const DOCS_ROUTES: readonly PlainRoute[] = [
  { method: 'GET', path: '/docs', scope: null, query: 'any', handler: getDocs },
  ...docsFileRoutes(),
]

function docsFileRoutes(): PlainRoute[] {
  return (Object.keys(FILES) as DocsFile[]).map(file => ({
    method: 'GET',
    path: `/docs/${file}`,
    scope: null,
    query: 'any',
    handler: async (_context, _request, response) => {
      const { type, read } = FILES[file]
      answerBytes(response, await read(file), { 'Content-Type': type, 'Cache-Control': 'max-age=3600' })
    },
  }))
}

/**
 * By file, once it was asked for: a copy for each answer would let slow readers fill the memory.
 */
const packaged = new Map<string, Promise<Buffer>>()

function readPackaged(file: string): Promise<Buffer> {
  const known = packaged.get(file)
  if (known !== undefined) return known
  const bytes = readFile(fileURLToPath(import.meta.resolve(`swagger-ui-dist/${file}`)))
  packaged.set(file, bytes)
  bytes.catch(() => packaged.delete(file))
  return bytes
}
