// The routes for anyone who runs the service, and the interface's own descriptions.
import type { ServerResponse } from 'node:http'
import type { Request } from 'express'
import { z } from 'zod'
import { answerBytes, answerJson, JSON_ANSWER } from '../answer.ts'
import type { Context } from '../context.ts'
import { experimentFileSchema } from '../input/experiment-file.ts'
import { getMetrics } from '../metrics/metrics-page.ts'
import { VERSION } from '../version.ts'
import { answers, type PlainRoute } from './route.ts'

const okSchema = z.object({ status: z.literal('ok') })

export const SERVICE_ROUTES: readonly PlainRoute[] = [
  {
    method: 'GET',
    path: '/livez',
    scope: null,
    query: 'any',
    handler: async (_context, _request, response) => answerJson(response, { status: 'ok' }),
    document: {
      id: 'getLivez',
      tag: 'Operation',
      summary: 'Whether the process answers',
      answers: { 200: answers('It does.', okSchema, { status: 'ok' }) },
    },
  },
  {
    method: 'GET',
    path: '/readyz',
    scope: null,
    query: 'any',
    handler: getReady,
    document: {
      id: 'getReadyz',
      tag: 'Operation',
      summary: 'Whether the store answers',
      answers: { 200: answers('It does.', okSchema, { status: 'ok' }) },
      problems: ['store_unavailable'],
    },
  },
  {
    method: 'GET',
    path: '/version',
    scope: null,
    handler: async (_context, _request, response) => answerJson(response, { version: VERSION }),
    document: {
      id: 'getVersion',
      tag: 'Operation',
      summary: 'The version of the service',
      answers: { 200: answers('The version.', z.object({ version: z.string() }), { version: '0.1.0' }) },
    },
  },
  {
    method: 'GET',
    path: '/metrics',
    scope: 'read',
    query: 'any',
    handler: getMetrics,
    document: {
      id: 'getMetrics',
      tag: 'Operation',
      summary: 'Metrics for Prometheus',
      answers: {
        200: {
          description: 'What was counted, and where the experiments, the store and the process stand.',
          content: { 'text/plain': { schema: z.string() } },
        },
      },
      problems: ['overloaded'],
    },
  },
  {
    method: 'GET',
    path: '/openapi.json',
    scope: null,
    handler: getOpenApi,
    document: {
      id: 'getOpenapi',
      tag: 'Operation',
      summary: 'This document',
      description: 'For people it is at /docs.',
      answers: { 200: answers('The interface as OpenAPI 3.1.', z.looseObject({ openapi: z.string() })) },
    },
  },
  {
    method: 'GET',
    path: '/schemas/experiment.json',
    scope: null,
    handler: getExperimentSchema,
    document: {
      id: 'getExperimentSchema',
      tag: 'Operation',
      summary: 'The JSON schema of an experiment in a file',
      description: 'For editors; `npx --no pinwheel apply` reads such files.',
      answers: {
        200: {
          description: 'A JSON schema (draft 2020-12).',
          content: { 'application/schema+json': { schema: z.looseObject({ $schema: z.string() }) } },
        },
      },
    },
  },
]

async function getReady({ store }: Context, _request: Request, response: ServerResponse): Promise<void> {
  await store.ping()
  answerJson(response, { status: 'ok' })
}

let document: Promise<Buffer> | null = null

async function getOpenApi(_context: Context, _request: Request, response: ServerResponse): Promise<void> {
  document ??= writeDocument()
  answerBytes(response, await document, { 'Content-Type': JSON_ANSWER, 'Cache-Control': 'no-store' })
}

/** Imported on the first request: it would make every start slower. */
async function writeDocument(): Promise<Buffer> {
  const { openApiDocument } = await import('../openapi.ts')
  return Buffer.from(`${JSON.stringify(openApiDocument())}\n`)
}

let experimentSchema: Buffer | null = null

async function getExperimentSchema(_context: Context, _request: Request, response: ServerResponse): Promise<void> {
  experimentSchema ??= Buffer.from(`${JSON.stringify(experimentFileSchema())}\n`)
  answerBytes(response, experimentSchema, { 'Content-Type': 'application/schema+json', 'Cache-Control': 'no-store' })
}
