// Answers with a page. It may load this service's own files only, run nothing inline, and stand in
// no other page's frame.
import type { IncomingMessage, ServerResponse } from 'node:http'
import { answerText } from '../answer.ts'
import { isEncrypted } from '../middleware/session.ts'

const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ')

export function answerPage(response: ServerResponse, page: string, status = 200): void {
  response.setHeader('Content-Security-Policy', POLICY)
  response.setHeader('X-Content-Type-Options', 'nosniff')
  response.setHeader('Referrer-Policy', 'same-origin')
  answerText(response, page, 'text/html; charset=utf-8', status)
}

/** After a form: look there. */
export function sendTo(response: ServerResponse, address: string): void {
  response.writeHead(303, { Location: address, 'Content-Length': 0, 'Cache-Control': 'no-store' })
  response.end()
}

/** Where this service is, as the browser has reached it. */
export function originOf(request: IncomingMessage): string {
  return `${isEncrypted(request) ? 'https' : 'http'}://${request.headers.host ?? 'localhost'}`
}
