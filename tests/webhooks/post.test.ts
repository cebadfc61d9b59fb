import type { LookupFunction } from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { post } from '../../src/webhooks/post.ts'
import { type Receiver, startReceiver } from '../support/http/receiver.ts'

/** A resolver that has these addresses for every name, one list after another. */
function resolver(...lists: string[][]): LookupFunction {
  let turn = 0
  return (_, options, answer) => {
    const list = (lists[Math.min(turn++, lists.length - 1)] ?? []).map(address => ({
      address,
      family: address.includes(':') ? 6 : 4,
    }))
    if (options.all) answer(null, list)
    else answer(null, list[0]?.address ?? '', list[0]?.family)
  }
}

describe('post()', () => {
  let receiver: Receiver

  beforeEach(async () => {
    receiver = await startReceiver()
  })

  afterEach(() => receiver.close())

  const send = (options: Partial<Parameters<typeof post>[3]> = {}, url = receiver.url) =>
    post(url, { 'webhook-id': 'msg_1' }, '{"a":"é"}', { allowsPrivate: true, timeoutMs: 2_000, ...options })
  /** The same address by a name. */
  const named = () => receiver.url.replace('127.0.0.1', 'hooks.example')

  it('sends headers and body', async () => {
    await send()
    expect(receiver.received).toHaveLength(1)
    expect(receiver.received[0]?.body).toBe('{"a":"é"}')
    expect(receiver.received[0]?.headers).toMatchObject({ 'webhook-id': 'msg_1', 'user-agent': 'pinwheel' })
  })

  it.each([400, 404, 410, 500, 503])('treats %i as a failure', async status => {
    receiver.status = status
    await expect(send()).rejects.toThrow(`The answer was ${status}`)
  })

  it('follows no redirect', async () => {
    receiver.status = 302
    receiver.answerHeaders = { location: receiver.url }
    await expect(send()).rejects.toThrow('redirects are not followed')
    expect(receiver.received).toHaveLength(1)
  })

  it('does not wait for ever', async () => {
    receiver.status = null
    await expect(send({ timeoutMs: 50 })).rejects.toThrow('no answer within 50 ms')
  })

  it('ends when it is aborted', async () => {
    receiver.status = null
    const stopping = new AbortController()
    const sending = send({ signal: stopping.signal })
    stopping.abort()
    await expect(sending).rejects.toThrow()
  })

  it('does not listen to a long answer', async () => {
    receiver.answerBody = 'x'.repeat(8 * 1024 * 1024)
    receiver.status = 200
    await send()
  })

  it('connects to no private address, by number or by name', async () => {
    await expect(send({ allowsPrivate: false })).rejects.toThrow('private address')
    const lookup = resolver(['127.0.0.1'])
    await expect(send({ allowsPrivate: false, lookup }, named())).rejects.toThrow(
      'hooks.example is 127.0.0.1, a private',
    )
    await expect(send({ allowsPrivate: false, lookup: resolver(['8.8.8.8', '::1']) }, named())).rejects.toThrow(
      'is ::1',
    )
    expect(receiver.received).toEqual([])
    await send({ lookup }, named())
    expect(receiver.received).toHaveLength(1)
  })

  it('checks the address that it connects to: a name is resolved once', async () => {
    let asked = 0
    const rebinding = resolver(['8.8.8.8'], ['127.0.0.1'])
    const counting: LookupFunction = (name, options, answer) => {
      asked += 1
      rebinding(name, options, answer)
    }
    await expect(send({ allowsPrivate: false, lookup: counting, timeoutMs: 200 }, named())).rejects.toThrow()
    expect(asked).toBe(1)
    expect(receiver.received).toEqual([])
  })

  it('reports a refused connection', async () => {
    const { url } = receiver
    await receiver.close()
    await expect(send({}, url)).rejects.toThrow('ECONNREFUSED')
    receiver = await startReceiver()
  })
})
