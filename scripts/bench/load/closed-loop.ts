// Load that waits for its answers: so many connections, each sends its next request when its last
// one is answered.
import { Failure } from '../../../src/cli/terminal/failure.ts'
import type { RawAnswer } from '../../http/raw-answer.ts'
import { LoadConnection } from './connection.ts'
import { Histogram } from './histogram.ts'
import type { Workload } from './workloads.ts'

export interface Load {
  readonly port: number
  readonly connections: number
  readonly seconds: number
  readonly workload: Workload
}

export interface LoadResult {
  readonly requests: number
  /** From the first request to the last answer. */
  readonly seconds: number
  /** By request, in ms. */
  readonly latencies: Histogram
}

/**
 * @throws Failure at the first answer that is not what it must be, and when a connection is lost
 */
export async function loadClosed({ port, connections: count, seconds, workload }: Load): Promise<LoadResult> {
  const latencies = new Histogram()
  const connections: LoadConnection[] = []
  const ended = Promise.withResolvers<void>()
  let [deadline, lastAnswerAt, busy] = [0, 0, count]

  /** Resolves when the connection stands, to what sends its first request. */
  const open = (): Promise<() => void> => {
    const nextRequest = workload.requests()
    let sentAt = 0
    const send = () => {
      const bytes = nextRequest()
      sentAt = performance.now()
      connection.send(bytes)
    }
    const onAnswer = ({ status, body }: RawAnswer) => {
      if (status !== 200 || !workload.isRight(body))
        ended.reject(new Failure(`An answer under load is not what it must be: ${status} ${gistOf(body)}`))
      lastAnswerAt = performance.now()
      latencies.add(lastAnswerAt - sentAt)
      if (lastAnswerAt < deadline) return send()
      busy -= 1
      if (busy === 0) ended.resolve()
    }
    const onEnd = (code: string) => ended.reject(new Failure(`A connection was lost under load: ${code}`))
    const opened = Promise.withResolvers<() => void>()
    const connection = new LoadConnection(port, { onAnswer, onEnd }, () => opened.resolve(send))
    connections.push(connection)
    return opened.promise
  }

  try {
    const opening = Array.from({ length: count }, open)
    const starts = (await Promise.race([Promise.all(opening), ended.promise])) ?? []
    const startedAt = performance.now()
    deadline = startedAt + 1_000 * seconds
    for (const start of starts) start()
    await ended.promise
    return { requests: latencies.count, seconds: (lastAnswerAt - startedAt) / 1_000, latencies }
  } finally {
    for (const connection of connections) connection.close()
  }
}

/** How it begins, and the first fault of an answer for many. */
function gistOf(body: Buffer): string {
  const text = body.toString().trim()
  if (text.length <= TOLD) return text
  const fault = /"code":"[^"]*","message":"[^"]*"/.exec(text)?.[0] ?? ''
  return `${text.slice(0, TOLD)} … ${fault}`
}

const TOLD = 200
