// Ends a response by hand: express' own res.json costs as much as the rest of a hot request.
import type { ServerResponse } from 'node:http'

export function answerJson(response: ServerResponse, body: unknown, status = 200): void {
  // The line end keeps a terminal's prompt off the answer.
  answerText(response, `${JSON.stringify(body)}\n`, 'application/json; charset=utf-8', status)
}

export function answerText(response: ServerResponse, text: string, type: string, status = 200): void {
  response.writeHead(status, {
    'Content-Type': type,
    'Content-Length': Buffer.byteLength(text),
    'Cache-Control': 'no-store',
  })
  response.end(text)
}

/** An instant on the wire: RFC 3339 in UTC. */
export function timestamp(at: number): string
export function timestamp(at: number | null): string | null
export function timestamp(at: number | null): string | null {
  return at === null ? null : new Date(at).toISOString()
}
