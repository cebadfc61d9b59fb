// The HTTP server around the app: what holds for every connection, and what Node would refuse
// without a word.
import {
  createServer as createHttpServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
} from 'node:http'
import { BanditError } from '../bandit/errors.ts'
import { createApp } from './app.ts'
import type { Context } from './context.ts'
import { normalizeAddress } from './middleware/address.ts'
import { answerCors } from './middleware/cors.ts'
import { guardHead } from './middleware/guard.ts'
import { Turns } from './middleware/in-turn.ts'
import { refuseConnection, sendProblem } from './problem.ts'

const TIMEOUTS = {
  headersTimeout: 15_000,
  /**
   * A stream of rewards may take long; a client that hangs may not hold its connection for ever.
   */
  requestTimeout: 3_600_000,
  /**
   * Longer than the minute after which load balancers close an idle connection: theirs is then
   * never closed under a request.
   */
  keepAliveTimeout: 65_000,
}

/**
 * A connection on which nothing has moved for so long is cut off, whether it was to send or to
 * read.
 */
const IDLE_TIMEOUT_MS = 120_000

/**
 * All that have asked are answered in turn: with 1,000 the slowest of a hundred waited twice as
 * long, and a third less was served.
 */
const MAX_CONNECTIONS = 700

/**
 * Anyone who watches a service asks these. Node accepts one connection a turn of its event loop;
 * when hundreds of them ask all at once a turn is long, and a new one waits behind all that came
 * before it, or is cut off. So a watcher may have a port where nobody else is.
 */
const PROBED: ReadonlySet<string> = new Set(['/livez', '/readyz', '/metrics'])

export function createServer(context: Context): Server {
  return createServerOf(context, createApp(context))
}

/** Answers probes, and nothing else. */
export function createProbeServer(context: Context): Server {
  const app = createApp(context)
  return createServerOf(context, (request, response) => {
    if (PROBED.has((request.url ?? '').replace(/\?.*/s, ''))) return app(request, response)
    sendProblem(
      response,
      new BanditError('not_found', `Here there is only ${[...PROBED].join(', ')}; ask the other port`),
    )
  })
}

function createServerOf(context: Context, app: RequestListener): Server {
  const turns = new Turns()
  const serve = (request: IncomingMessage, response: ServerResponse) => {
    if (isRefused(context, request, response)) return
    app(request, response)
  }
  const server = createHttpServer(
    { ...TIMEOUTS, ...turns.serverOptions, requireHostHeader: false },
    (request, response) => turns.inTurn(request, response, () => serve(request, response)),
  )
  server.maxConnections = MAX_CONNECTIONS
  server.setTimeout(IDLE_TIMEOUT_MS)
  server.on('checkExpectation', (request: IncomingMessage, response: ServerResponse) => {
    turns.inTurn(request, response, () => {
      if (isRefused(context, request, response)) return
      const message = `Cannot meet the expectation "${request.headers.expect}": there is 100-continue`
      sendProblem(response, new BanditError('invalid_request', message), 417)
    })
  })
  return server.on('clientError', refuseConnection)
}

/** What every request passes ahead of the routes. True: it is answered already. */
function isRefused(context: Context, request: IncomingMessage, response: ServerResponse): boolean {
  guardHead(response)
  try {
    normalizeAddress(request)
    return answerCors(context, request, response)
  } catch (error) {
    sendProblem(response, error)
    return true
  }
}
