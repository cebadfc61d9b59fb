// Somebody else's server that webhooks are sent to.
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface Received {
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

export interface Receiver {
  readonly url: string
  readonly received: Received[]
  /** What it answers from now on; null: nothing at all. */
  status: number | null
  answerHeaders: Record<string, string>
  answerBody: string
  close(): Promise<void>
}

export async function startReceiver(): Promise<Receiver> {
  const server: Server = createServer(async (request, response) => {
    const body = Buffer.concat(await request.toArray()).toString()
    receiver.received.push({ headers: request.headers, body })
    if (receiver.status !== null) response.writeHead(receiver.status, receiver.answerHeaders).end(receiver.answerBody)
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const receiver: Receiver = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hooks`,
    received: [],
    status: 204,
    answerHeaders: {},
    answerBody: '',
    async close() {
      server.closeAllConnections()
      await new Promise(resolve => server.close(resolve))
    },
  }
  return receiver
}
