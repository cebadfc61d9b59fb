// What every request passes ahead of the routes.
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Context } from './context.ts'
import { answerCors } from './cors.ts'
import { pair } from './response-of.ts'
import { SECURITY_HEADERS } from './security-headers.ts'

/** Puts into the head of the answer what holds for all of them. Answers true when the request is answered already. */
export function guard(context: Context, request: IncomingMessage, response: ServerResponse): boolean {
  for (const [name, value] of SECURITY_HEADERS) response.setHeader(name, value)
  pair(request, response)
  return answerCors(context, request, response)
}
