// Requests that leave nothing new to be remembered: what the service weighs more after many of
// them, it has forgotten to let go. One experiment runs, and grows by units and rewards, which are
// on the disk; those of the fuzzer are stopped, and hostile requests to them come again and again.
import fc from 'fast-check'
import { ask, HttpClient } from '../../http/client.ts'
import { Line } from '../../http/line.ts'
import type { Child } from '../child.ts'
import { Violation } from '../expect-holds.ts'
import type { Weighing } from './growth-fault.ts'
import { type HostileRequest, hostileRequests, isLoose, requestText } from './hostile-requests.ts'
import { faultOf } from './judge.ts'
import { keysOf, sendingOf } from './volleys.ts'

/** The fuzzer does not know of it. */
const KEY = 'filled'

/**
 * As many units as requests are there beforehand, so that what is added is little: each two per
 * cent make a snapshot, which is kept.
 */
const BATCH = 10_000

const IN_FLIGHT = 8

/** The hostile ones among them. */
const SAMPLE = 400
const LOOSE_ONE_IN = 10

/**
 * Sends so many, and weighs the service so many times on the way, at last at the end. @throws
 * Violation
 */
export async function weighUnderLoad(
  child: Child,
  {
    requests,
    weighings: times,
    seed,
    onProgress,
  }: { requests: number; weighings: number; seed: number; onProgress: (sent: number) => void },
): Promise<Weighing[]> {
  const service = new HttpClient(child.url)
  await stopAll(service)
  await fill(service, requests)
  service.close()
  const sample = fc.sample(hostileRequests({ keys: keysOf(0) }), { numRuns: SAMPLE, seed }).filter(isFitting)
  const weighings: Weighing[] = []
  let sent = 0
  for (let point = 1; point <= times; point++) {
    const until = Math.round((requests * point) / times)
    const lines = Array.from({ length: IN_FLIGHT }, () => new Line(child.url))
    const worker = async (line: Line) => {
      while (sent < until) {
        const number = sent++
        await expectAnswer(
          line,
          number % 2 === 0 ? fresh(number, requests) : (sample[(number >> 1) % sample.length] as HostileRequest),
        )
        onProgress(sent)
      }
    }
    await Promise.all(lines.map(worker))
    for (const line of lines) line.close()
    weighings.push({ requests: sent, ...(await child.weigh()) })
  }
  return weighings
}

async function expectAnswer(line: Line, request: HostileRequest): Promise<void> {
  const fault = faultOf(request, await line.send(sendingOf(request)))
  if (fault !== null) throw new Violation(`${requestText(request)}\n${fault}`)
}

/** A unit that was not there, or the first reward of one that was. */
function fresh(number: number, filled: number): HostileRequest {
  const [target, value] =
    number % 4 === 0
      ? ['/assign', { experiment: KEY, unit: `new-${number}` }]
      : ['/rewards', { unit: `fill-${number % filled}`, metric: 'signup', id: `new-${number}` }]
  const body = Buffer.from(JSON.stringify(value))
  const headers = [['Content-Type', 'application/json']] as const
  return { method: 'POST', target, headers, body, framing: 'length', version: '1.1', cuts: [] }
}

/**
 * None starts an experiment: a policy is frozen by every start, and kept. Of the loose ones, which
 * take long, some will do.
 */
function isFitting(request: HostileRequest, place: number): boolean {
  return !request.target.includes('/start') && (!isLoose(request) || place % LOOSE_ONE_IN === 0)
}

async function fill(service: HttpClient, count: number): Promise<void> {
  const arms = [{ key: 'control' }, { key: 'other' }]
  const metrics = [{ key: 'signup', type: 'binary', role: 'primary' }]
  await ask(service, 'POST', '/experiments', { key: KEY, arms, metrics })
  await ask(service, 'POST', `/experiments/${KEY}/start`)
  for (let filled = 0; filled < count; filled += BATCH) {
    const units = Array.from({ length: Math.min(BATCH, count - filled) }, (_, unit) => `fill-${filled + unit}`)
    await ask(service, 'POST', '/assign/batch', { experiment: KEY, units })
    const events = units.map(unit => ({ unit, metric: 'signup', id: unit }))
    await ask(service, 'POST', '/rewards', events)
  }
}

async function stopAll(service: HttpClient): Promise<void> {
  const { experiments } = JSON.parse(await ask(service, 'GET', '/experiments')) as {
    experiments: readonly { key: string; status: string }[]
  }
  for (const { key, status } of experiments) {
    if (status === 'running' || status === 'paused') await ask(service, 'POST', `/experiments/${key}/stop`)
  }
}
