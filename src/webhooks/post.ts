// Posts a message to an address that a user has chosen: at most ten seconds, without redirects,
// reading only the status of the answer. The address is checked on connecting, so that a name
// cannot resolve to another address after the check.
import { type LookupAddress, type LookupOptions, lookup as systemLookup } from 'node:dns'
import { request as requestHttp } from 'node:http'
import { request as requestHttps } from 'node:https'
import type { LookupFunction } from 'node:net'
import { isPublicAddress, targetFault } from './target.ts'

const TIMEOUT_MS = 10_000

/** The connection is closed beyond this size of an answer. */
const MAX_ANSWER_BYTES = 64 * 1024

export interface PostOptions {
  readonly allowsPrivate: boolean
  readonly timeoutMs?: number
  /** Aborts an attempt in progress. */
  readonly signal?: AbortSignal
  /** In place of the system's resolver. */
  readonly lookup?: LookupFunction
}

/** Resolves when it was answered with 2xx; rejects with a reason for a person. */
export async function post(
  url: string,
  headers: Readonly<Record<string, string>>,
  body: string,
  { allowsPrivate, timeoutMs = TIMEOUT_MS, signal, lookup = systemLookup }: PostOptions,
): Promise<void> {
  const fault = targetFault(url, allowsPrivate)
  if (fault !== null) throw new Error(`The address ${fault}`)
  const deadline = AbortSignal.timeout(timeoutMs)
  const status = await new Promise<number>((resolve, reject) => {
    const request = (url.startsWith('https:') ? requestHttps : requestHttp)(url, {
      method: 'POST',
      headers: { ...headers, 'user-agent': 'pinwheel', 'content-length': Buffer.byteLength(body) },
      // A connection that was kept alive would have been checked for another address.
      agent: false,
      lookup: allowsPrivate ? lookup : publicOnly(lookup),
      signal: signal === undefined ? deadline : AbortSignal.any([deadline, signal]),
    })
    request.on('error', error => {
      reject(deadline.aborted ? new Error(`There was no answer within ${timeoutMs} ms`, { cause: error }) : error)
    })
    request.once('response', response => {
      resolve(response.statusCode ?? 0)
      let bytes = 0
      response.on('error', () => {})
      response.on('data', (chunk: Buffer) => {
        bytes += chunk.length
        if (bytes > MAX_ANSWER_BYTES) request.destroy()
      })
    })
    request.end(body)
  })
  if (status >= 300 && status < 400) throw new Error(`The answer was ${status}; redirects are not followed`)
  if (status < 200 || status > 299) throw new Error(`The answer was ${status}`)
}

/** Resolves as `lookup` does, and fails if any of the addresses is not public. */
function publicOnly(lookup: LookupFunction): LookupFunction {
  return (hostname, options, answer) => {
    lookup(hostname, { ...options, all: true } as LookupOptions, (error, found) => {
      if (error !== null) return answer(error, [])
      const addresses = found as LookupAddress[]
      const closed = addresses.find(({ address }) => !isPublicAddress(address))
      if (closed !== undefined) {
        const told = `${hostname} is ${closed.address}, a private address; see WEBHOOK_PRIVATE_TARGETS`
        return answer(new Error(told), [])
      }
      const [first] = addresses
      if (options.all === true || first === undefined) answer(null, addresses)
      else answer(null, first.address, first.family)
    })
  }
}
