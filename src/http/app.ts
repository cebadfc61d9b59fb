// The routes, hot ones first. Each handler parses, calls one verb of the bandit, and answers;
// whatever it throws becomes a problem.
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import express, { type Express, type NextFunction, type Request, type Response } from 'express'
import { BanditError } from '../bandit/errors.ts'
import { answerJson } from './answer.ts'
import type { Context } from './context.ts'
import { getExperimentFileSchema } from './input/experiment-file.ts'
import { getMetrics } from './metrics/metrics-page.ts'
import { invalidAddress } from './middleware/address.ts'
import { Admission } from './middleware/admission.ts'
import { expectQuery, type KnownQuery, refuseUnknownQuery } from './middleware/query.ts'
import { asPage } from './pages/as-page.ts'
import { getAsset } from './pages/assets.ts'
import { getCreate, postCreate } from './pages/create.ts'
import { postRetire, postStatusForm } from './pages/page-actions.ts'
import { getEvents, getExperimentPage, getOverview } from './pages/pages.ts'
import { postSession, postSessionEnd } from './pages/sign-in.ts'
import { sendProblem } from './problem.ts'
import { getAssignments } from './routes/assignments.ts'
import { DOCS_FILES, getDocs, getDocsFile, getOpenApi } from './routes/docs.ts'
import { postEvaluate } from './routes/evaluate.ts'
import {
  getExperiment,
  getHistory,
  listExperiments,
  postExperiment,
  postPlan,
  postStatus,
  putExperiment,
} from './routes/experiments.ts'
import { type Answer, answerHot, HOT_ROUTES, hotRouteOf } from './routes/hot-routes.ts'
import { FACE_SUFFIXES, getReport } from './routes/report.ts'
import { postSimulate } from './routes/simulate.ts'
import { getSnapshots } from './routes/snapshots.ts'
import { deleteWebhook, getWebhook, listWebhooks, postWebhook } from './routes/webhooks.ts'
import { VERSION } from './version.ts'

type OnRoute = (path: string, methods: readonly string[], query: KnownQuery) => void
/** `format` is one of the suffixes. */
const REPORT_QUERY = ['metric', 'format']

type Handler = (context: Context, request: Request<{ key: string; id: string }>, response: Response) => Promise<void>

/**
 * `onRoute` is called with each path, its methods and its query parameters, to hold the interface's
 * document against them.
 */
export function createApp(context: Context, onRoute: OnRoute = () => {}): RequestListener {
  const admission = new Admission()
  const app = createExpress(context, admission, onRoute)
  return (request, response) => {
    const hot = hotRouteOf(request)
    if (hot !== undefined) {
      settle(context, request, response, hot, () => answerHot(hot, admission, context, request, response))
      return
    }
    // What has no path at all, as "http://[", passes every route, and express would answer it with
    // a page of its own.
    app(request as Request, response as Response, error => fail(context, response, error ?? invalidAddress()))
  }
}

function createExpress(context: Context, admission: Admission, onRoute: OnRoute): Express {
  const app = express()
  app.disable('x-powered-by')
  app.disable('etag')

  const at = (path: string, handlers: Record<string, Handler>, query: KnownQuery = []) => {
    onRoute(path, Object.keys(handlers), query)
    route(app, { path, query }, handlers as Record<string, Answer>, context)
  }
  for (const hot of HOT_ROUTES) {
    const handler: Handler = (context, request, response) => answerHot(hot, admission, context, request, response)
    at(hot.path, { POST: handler }, hot.query)
  }

  app.use(logRequests(context))
  at('/experiments', { GET: listExperiments, POST: postExperiment })
  at('/experiments/:key', { GET: getExperiment, PUT: putExperiment })
  at('/experiments/:key/plan', { POST: postPlan })
  at('/experiments/:key/start', { POST: postStatus.bind(null, 'running') })
  at('/experiments/:key/pause', { POST: postStatus.bind(null, 'paused') })
  at('/experiments/:key/stop', { POST: postStatus.bind(null, 'stopped') })
  at('/experiments/:key/history', { GET: getHistory })
  at('/experiments/:key/evaluate', { POST: postEvaluate })
  at('/experiments/:key/snapshots', { GET: getSnapshots }, ['metric', 'after'])
  at('/experiments/:key/assignments.ndjson', { GET: getAssignments.bind(null, 'ndjson') })
  at('/experiments/:key/assignments.csv', { GET: getAssignments.bind(null, 'csv') })
  at('/experiments/:key/report', { GET: getReport.bind(null, null) }, REPORT_QUERY)
  for (const face of FACE_SUFFIXES) {
    at(`/experiments/:key/report.${face}`, { GET: getReport.bind(null, face) }, REPORT_QUERY)
  }
  at('/simulate', { POST: postSimulate })
  at('/openapi.json', { GET: withoutKey(getOpenApi) })
  at('/docs', { GET: getDocs }, 'any')
  for (const file of DOCS_FILES) at(`/docs/${file}`, { GET: getDocsFile.bind(null, file) }, 'any')
  at('/schemas/experiment.json', { GET: withoutKey(getExperimentFileSchema) })
  at('/', { GET: asPage(getOverview) }, 'any')
  at('/events', { GET: getEvents }, 'any')
  at('/new', { GET: asPage(getCreate), POST: asPage(postCreate) }, 'any')
  at('/pages/:key', { GET: asPage(getExperimentPage) }, 'any')
  at('/pages/:key/events', { GET: getEvents }, 'any')
  at('/pages/:key/start', { POST: asPage(postStatusForm.bind(null, 'running')) }, 'any')
  at('/pages/:key/pause', { POST: asPage(postStatusForm.bind(null, 'paused')) }, 'any')
  at('/pages/:key/stop', { POST: asPage(postStatusForm.bind(null, 'stopped')) }, 'any')
  at('/pages/:key/retire', { POST: asPage(postRetire) }, 'any')
  at('/session', { POST: asPage(postSession) }, 'any')
  at('/session/end', { POST: asPage(postSessionEnd) }, 'any')
  at('/assets/:digest/:name', { GET: getAsset }, 'any')
  at('/webhooks', { GET: listWebhooks, POST: postWebhook })
  at('/webhooks/:id', { GET: getWebhook, DELETE: deleteWebhook })
  at('/metrics', { GET: getMetrics }, 'any')
  at('/livez', { GET: async (_context, _request, response) => answerJson(response, { status: 'ok' }) }, 'any')
  at('/readyz', { GET: getReady }, 'any')
  at('/version', { GET: withoutKey(getVersion) })

  app.use((request: Request, response: Response) => {
    context.metrics.request(knownMethod(request.method), 'unmatched', 404, 0)
    sendProblem(response, new BanditError('not_found', `There is nothing at ${request.method} ${request.path}`))
  })
  app.use((error: unknown, _request: Request, response: Response, _next: NextFunction) => {
    fail(context, response, isMalformedPath(error) ? invalidAddress() : error)
  })
  return app
}

async function getReady({ store }: Context, _request: Request, response: Response): Promise<void> {
  await store.ping()
  answerJson(response, { status: 'ok' })
}

async function getVersion(_context: Context, _request: Request, response: Response): Promise<void> {
  answerJson(response, { version: VERSION })
}

/** A handler that lets anybody in, so that nothing but the query is judged at its door. */
function withoutKey(handler: Handler): Handler {
  return async (context, request, response) => {
    refuseUnknownQuery(request)
    await handler(context, request, response)
  }
}

/** What all methods of an address share. `path`: as Express writes it. */
interface Address {
  readonly path: string
  readonly query: KnownQuery
}

/** One path with its methods; any other method is told which there are. */
function route(app: Express, address: Address, handlers: Record<string, Answer>, context: Context): void {
  const methods = Object.keys(handlers)
  const { path } = address
  app.all(path, (request, response) => {
    const handler = handlers[request.method === 'HEAD' ? 'GET' : request.method]
    if (handler !== undefined) {
      settle(context, request, response, address, () => handler(context, request, response))
      return
    }
    context.metrics.request(knownMethod(request.method), path, 405, 0)
    response.setHeader('Allow', methods.includes('GET') ? ['HEAD', ...methods] : methods)
    const message = `${request.method} is not allowed at ${request.path}; there is ${methods.join(', ')}`
    sendProblem(response, new BanditError('method_not_allowed', message))
  })
}

/** Sees a request through: what its answer throws becomes a problem, and it is counted. */
async function settle(
  context: Context,
  request: IncomingMessage,
  response: ServerResponse,
  { path, query }: Address,
  answer: () => Promise<void>,
): Promise<void> {
  const startedAt = performance.now()
  try {
    expectQuery(request, query)
    await answer()
  } catch (error) {
    fail(context, response, error)
  }
  const seconds = (performance.now() - startedAt) / 1_000
  context.metrics.request(request.method as string, path, response.statusCode, seconds)
}

/** What clients may make up must not become labels without end. */
function knownMethod(method: string): string {
  return KNOWN_METHODS.has(method) ? method : '_OTHER'
}

const KNOWN_METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])

function fail({ log, metrics }: Context, response: ServerResponse, error: unknown): void {
  const isOverload = error instanceof BanditError && error.code === 'overloaded'
  if (isOverload) metrics.overloaded()
  const { status, requestId } = sendProblem(response, error)
  // Who refuses thousands a second must not write a line for each: that took four times as long as
  // refusing.
  if (status >= 500 && !isOverload) log.error({ err: error, requestId }, 'request failed')
}

function logRequests({ log, now }: Context) {
  return (request: Request, response: Response, next: NextFunction) => {
    const startedAt = now()
    response.once('finish', () => {
      log.info({ method: request.method, path: request.path, status: response.statusCode, ms: now() - startedAt })
    })
    next()
  }
}

/** Express' own complaint about a path that cannot be percent-decoded. */
function isMalformedPath(error: unknown): boolean {
  return error instanceof URIError
}
