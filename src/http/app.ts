// The routes, hot ones first. Each handler parses, calls one verb of the bandit, and answers; whatever it throws becomes a problem.
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import express, { type Express, type NextFunction, type Request, type Response } from 'express'
import { BanditError } from '../bandit/errors.ts'
import { Admission } from './admission.ts'
import { answerJson } from './answer.ts'
import { asPage } from './as-page.ts'
import { getAsset } from './assets.ts'
import { getAssignments } from './assignments.ts'
import type { Context } from './context.ts'
import { getCreate, postCreate } from './create.ts'
import { DOCS_FILES, getDocs, getDocsFile, getOpenApi } from './docs.ts'
import { postEvaluate } from './evaluate.ts'
import { getExperimentFileSchema } from './experiment-file.ts'
import {
  getExperiment,
  getHistory,
  listExperiments,
  postExperiment,
  postPlan,
  postStatus,
  putExperiment,
} from './experiments.ts'
import { type Answer, answerHot, HOT_ROUTES, hotRouteOf } from './hot-routes.ts'
import { getSnapshots } from './ledger.ts'
import { getMetrics } from './metrics-page.ts'
import { postRetire, postStatusForm } from './page-actions.ts'
import { getEvents, getExperimentPage, getOverview } from './pages.ts'
import { sendProblem } from './problem.ts'
import { FACE_SUFFIXES, getReport } from './report.ts'
import { postSession, postSessionEnd } from './sign-in.ts'
import { postSimulate } from './simulate.ts'
import { VERSION } from './version.ts'
import { deleteWebhook, getWebhook, listWebhooks, postWebhook } from './webhooks.ts'

type OnRoute = (path: string, methods: readonly string[]) => void
type Handler = (context: Context, request: Request<{ key: string; id: string }>, response: Response) => Promise<void>

/** `onRoute` hears of each path with its methods, so that the interface's document can be held against it. */
export function createApp(context: Context, onRoute: OnRoute = () => {}): RequestListener {
  const admission = new Admission()
  const app = createExpress(context, admission, onRoute)
  return (request, response) => {
    const hot = hotRouteOf(request)
    if (hot !== undefined) {
      settle(context, request, response, hot.path, () => answerHot(hot, admission, context, request, response))
      return
    }
    if (OTHER_SCHEME.test(request.url ?? '')) return void fail(context, response, invalidAddress())
    // What has no path at all, as "http://[", passes every route, and express would answer it with a page of its own.
    app(request as Request, response as Response, error => fail(context, response, error ?? invalidAddress()))
  }
}

/** Express would look at the path alone, and take "ftp://x/" for the page. */
const OTHER_SCHEME = /^(?!https?:)[a-z][a-z\d+.-]*:/i

function createExpress(context: Context, admission: Admission, onRoute: OnRoute): Express {
  const app = express()
  app.disable('x-powered-by')
  app.disable('etag')

  const at = (path: string, handlers: Record<string, Handler>) => {
    onRoute(path, Object.keys(handlers))
    route(app, path, handlers as Record<string, Answer>, context)
  }
  for (const hot of HOT_ROUTES) {
    at(hot.path, { POST: (context, request, response) => answerHot(hot, admission, context, request, response) })
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
  at('/experiments/:key/snapshots', { GET: getSnapshots })
  at('/experiments/:key/assignments.ndjson', { GET: getAssignments.bind(null, 'ndjson') })
  at('/experiments/:key/assignments.csv', { GET: getAssignments.bind(null, 'csv') })
  at('/experiments/:key/report', { GET: getReport.bind(null, null) })
  for (const face of FACE_SUFFIXES) at(`/experiments/:key/report.${face}`, { GET: getReport.bind(null, face) })
  at('/simulate', { POST: postSimulate })
  at('/openapi.json', { GET: getOpenApi })
  at('/docs', { GET: getDocs })
  for (const file of DOCS_FILES) at(`/docs/${file}`, { GET: getDocsFile.bind(null, file) })
  at('/schemas/experiment.json', { GET: getExperimentFileSchema })
  at('/', { GET: asPage(getOverview) })
  at('/events', { GET: getEvents })
  at('/new', { GET: asPage(getCreate), POST: asPage(postCreate) })
  at('/pages/:key', { GET: asPage(getExperimentPage) })
  at('/pages/:key/events', { GET: getEvents })
  at('/pages/:key/start', { POST: asPage(postStatusForm.bind(null, 'running')) })
  at('/pages/:key/pause', { POST: asPage(postStatusForm.bind(null, 'paused')) })
  at('/pages/:key/stop', { POST: asPage(postStatusForm.bind(null, 'stopped')) })
  at('/pages/:key/retire', { POST: asPage(postRetire) })
  at('/session', { POST: asPage(postSession) })
  at('/session/end', { POST: asPage(postSessionEnd) })
  at('/assets/:digest/:name', { GET: getAsset })
  at('/webhooks', { GET: listWebhooks, POST: postWebhook })
  at('/webhooks/:id', { GET: getWebhook, DELETE: deleteWebhook })
  at('/metrics', { GET: getMetrics })
  at('/livez', { GET: async (_context, _request, response) => answerJson(response, { status: 'ok' }) })
  at('/readyz', { GET: getReady })
  at('/version', { GET: async (_context, _request, response) => answerJson(response, { version: VERSION }) })

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

/** One path with its methods; any other method is told which there are. */
function route(app: Express, path: string, handlers: Record<string, Answer>, context: Context): void {
  const methods = Object.keys(handlers)
  app.all(path, (request, response) => {
    const handler = handlers[request.method === 'HEAD' ? 'GET' : request.method]
    if (handler !== undefined) {
      settle(context, request, response, path, () => handler(context, request, response))
      return
    }
    context.metrics.request(knownMethod(request.method), path, 405, 0)
    response.setHeader('Allow', methods.includes('GET') ? ['HEAD', ...methods] : methods)
    const message = `${request.method} is not allowed at ${request.path}; there is ${methods.join(', ')}`
    sendProblem(response, new BanditError('method_not_allowed', message))
  })
}

/** Sees a request through: what its answer throws becomes a problem, and it is counted. `path`: as it is written here. */
async function settle(
  context: Context,
  request: IncomingMessage,
  response: ServerResponse,
  path: string,
  answer: () => Promise<void>,
): Promise<void> {
  const startedAt = performance.now()
  try {
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
  // Who refuses thousands a second must not write a line for each: that took four times as long as refusing.
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

function invalidAddress(): BanditError {
  return new BanditError('not_found', 'The address is not valid')
}

/** Express' own complaint about a path that cannot be percent-decoded. */
function isMalformedPath(error: unknown): boolean {
  return error instanceof URIError
}
