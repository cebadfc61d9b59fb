// The HTTP server around the app: what holds for every connection.
import { createServer as createHttpServer, type Server } from 'node:http'
import { createApp } from './app.ts'
import type { Context } from './context.ts'
import { refuseConnection } from './problem.ts'

/** A stream of rewards may take long; a client that hangs may not hold its connection for ever. */
const REQUEST_TIMEOUT_MS = 3_600_000

export function createServer(context: Context): Server {
  const server = createHttpServer({ requestTimeout: REQUEST_TIMEOUT_MS }, createApp(context))
  return server.on('clientError', refuseConnection)
}
