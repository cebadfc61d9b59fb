// Serves the table of routes: hot ones directly, all others by Express. Each handler parses, calls
// one function of the bandit, and answers; whatever it throws becomes a problem.
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import express, { type Express, type NextFunction, type Request, type Response } from 'express'
import { BanditError } from '../bandit/errors.ts'
import type { Context } from './context.ts'
import { invalidAddress } from './middleware/address.ts'
import { Admission } from './middleware/admission.ts'
import { authenticate, NOBODY } from './middleware/authenticate.ts'
import { NDJSON_TYPE } from './middleware/body.ts'
import { refuseUnknownQuery } from './middleware/query.ts'
import { FLAG_ROUTE } from './ofrep/flag-routes.ts'
import { FLAGS_PATH } from './ofrep/problem.ts'
import { answerErrorPage } from './pages/page-answers.ts'
import { sendProblem } from './problem.ts'
import type { HotRoute, PathRequest, Route } from './routes/route.ts'
import { HOT_ROUTES, PLAIN_ROUTES } from './routes/table.ts'

export function createApp(context: Context): RequestListener {
  const admission = new Admission()
  const app = createExpress(context, admission)
  return (request, response) => {
    const hot = hotRouteOf(request)
    if (hot !== undefined) {
      serve(context, hot, admission, request as PathRequest, response)
      return
    }
    // A target without any path, as "http://[", passes every route, and Express would answer it
    // with a page of its own.
    app(request as Request, response as Response, error => fail(context, response, error ?? invalidAddress()))
  }
}

const HOT_BY_ADDRESS: ReadonlyMap<string, HotRoute> = new Map(HOT_ROUTES.map(route => [route.path, route]))

/**
 * The hot route of a request, if its address has no query and no capitals; others get there by
 * Express.
 */
function hotRouteOf({ method, url = '' }: IncomingMessage): HotRoute | undefined {
  if (method !== 'POST') return undefined
  return HOT_BY_ADDRESS.get(url) ?? (url.startsWith(`${FLAGS_PATH}/`) ? FLAG_ROUTE : undefined)
}

function createExpress(context: Context, admission: Admission): Express {
  const app = express()
  app.disable('x-powered-by')
  app.disable('etag')
  mount(app, HOT_ROUTES, context, admission)
  app.use(logRequests(context))
  mount(app, PLAIN_ROUTES, context, admission)
  app.use((request: Request, response: Response) => {
    context.metrics.request(knownMethod(request.method), 'unmatched', 404, 0)
    sendProblem(response, new BanditError('not_found', `There is nothing at ${request.method} ${request.path}`))
  })
  app.use((error: unknown, _request: Request, response: Response, _next: NextFunction) => {
    // Express' own error for a path that cannot be percent-decoded is a URIError.
    fail(context, response, error instanceof URIError ? invalidAddress() : error)
  })
  return app
}

/** Each path with its methods; any other method is refused with the list of those. */
function mount(app: Express, routes: readonly Route[], context: Context, admission: Admission): void {
  for (const [path, some] of Map.groupBy(routes, route => route.path)) {
    const methods = some.map(({ method }) => method)
    app.all(path, (request, response) => {
      const wanted = request.method === 'HEAD' ? 'GET' : request.method
      const route = some.find(({ method }) => method === wanted)
      if (route !== undefined) return serve(context, route, admission, request as PathRequest, response)
      context.metrics.request(knownMethod(request.method), path, 405, 0)
      response.setHeader('Allow', methods.includes('GET') ? ['HEAD', ...methods] : methods)
      const message = `${request.method} is not allowed for ${request.path}; allowed: ${methods.join(', ')}`
      sendProblem(response, new BanditError('method_not_allowed', message))
    })
  }
}

/** Serves one request, from its key to its answer, and counts it. An error becomes a problem. */
async function serve(
  context: Context,
  route: Route,
  admission: Admission,
  request: PathRequest,
  response: ServerResponse,
): Promise<void> {
  const startedAt = performance.now()
  const answer = async () => {
    const caller = route.scope === null ? NOBODY : authenticate(context, request, route.scope)
    refuseUnknownQuery(request, route.query)
    await route.handler(context, request, response, caller)
  }
  try {
    if ('bodyLimit' in route && !isStream(request)) await admission.admit(request, route.bodyLimit, answer)
    else if ('isPage' in route) await answer().catch(error => answerErrorPage(request, response, error))
    else await answer()
  } catch (error) {
    fail(context, response, error)
  }
  const seconds = (performance.now() - startedAt) / 1_000
  context.metrics.request(request.method, route.path, response.statusCode, seconds)
}

/**
 * A stream is as long as its sender pleases, and is read no faster than its events are kept; it is
 * not counted by the admission.
 */
function isStream({ headers }: IncomingMessage): boolean {
  return headers['content-type']?.startsWith(NDJSON_TYPE) ?? false
}

/** Clients may invent methods, which must not become labels without end. */
function knownMethod(method: string): string {
  return KNOWN_METHODS.has(method) ? method : '_OTHER'
}

const KNOWN_METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])

function fail({ log, metrics }: Context, response: ServerResponse, error: unknown): void {
  const isOverload = error instanceof BanditError && error.code === 'overloaded'
  if (isOverload) metrics.overloaded()
  const { status, requestId } = sendProblem(response, error)
  // Under overload thousands are refused a second; a line for each took four times as long as the
  // refusals.
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
