// The operations for anyone who runs the service, and the interface's own descriptions.
import { z } from 'zod'
import type { Operation } from './operation.ts'

const okSchema = z.object({ status: z.literal('ok') })

export const SERVICE_OPERATIONS: readonly Operation[] = [
  {
    method: 'get',
    path: '/livez',
    id: 'getLivez',
    tag: 'Operation',
    summary: 'Whether the process answers',
    scope: null,
    answers: {
      200: {
        description: 'It does.',
        content: { 'application/json': { schema: okSchema, example: { status: 'ok' } } },
      },
    },
    problems: [],
  },
  {
    method: 'get',
    path: '/readyz',
    id: 'getReadyz',
    tag: 'Operation',
    summary: 'Whether the store answers',
    scope: null,
    answers: {
      200: {
        description: 'It does.',
        content: { 'application/json': { schema: okSchema, example: { status: 'ok' } } },
      },
    },
    problems: ['store_unavailable'],
  },
  {
    method: 'get',
    path: '/version',
    id: 'getVersion',
    tag: 'Operation',
    summary: 'The version of the service',
    scope: null,
    answers: {
      200: {
        description: 'The version.',
        content: {
          'application/json': { schema: z.object({ version: z.string() }), example: { version: '0.1.0' } },
        },
      },
    },
    problems: [],
  },
  {
    method: 'get',
    path: '/metrics',
    id: 'getMetrics',
    tag: 'Operation',
    summary: 'Metrics for Prometheus',
    scope: 'read',
    answers: {
      200: {
        description: 'What was counted, and where the experiments, the store and the process stand.',
        content: { 'text/plain': { schema: z.string() } },
      },
    },
    problems: ['overloaded'],
  },
  {
    method: 'get',
    path: '/openapi.json',
    id: 'getOpenapi',
    tag: 'Operation',
    summary: 'This document',
    description: 'For people it is at /docs.',
    scope: null,
    answers: {
      200: {
        description: 'The interface as OpenAPI 3.1.',
        content: { 'application/json': { schema: z.looseObject({ openapi: z.string() }) } },
      },
    },
    problems: [],
  },
  {
    method: 'get',
    path: '/schemas/experiment.json',
    id: 'getExperimentSchema',
    tag: 'Operation',
    summary: 'The JSON schema of an experiment in a file',
    description: 'For editors; `npx --no pinwheel apply` reads such files.',
    scope: null,
    answers: {
      200: {
        description: 'A JSON schema (draft 2020-12).',
        content: { 'application/schema+json': { schema: z.looseObject({ $schema: z.string() }) } },
      },
    },
    problems: [],
  },
]
