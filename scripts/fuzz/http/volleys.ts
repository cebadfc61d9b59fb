// The property over HTTP: some requests at the same moment, each over a connection of its own, or
// all in a row over one; every answer as promised, and the service alive afterwards.
import fc from 'fast-check'
import { ask, HttpClient } from '../../http/client.ts'
import { Line, type Outcome } from '../../http/line.ts'
import { expectHolds } from '../expect-holds.ts'
import { type HostileRequest, hostileRequests, isLoose, piecesOf, requestText } from './hostile-requests.ts'
import { faultOf } from './judge.ts'

/** At most so many at the same moment. */
const MOST = 8
const MEAN = (1 + MOST) / 2

/** One volley among so many goes over one connection. */
const ONE_IN_PIPELINE = 5

/** A simulation may take long, and shows that it is at work. */
const SIMULATION_PATIENCE_MS = 200

/**
 * Experiments that nobody but the fuzzer has, anew for each generation, since those that were
 * stopped stay so.
 */
export function keysOf(generation: number): string[] {
  return ['steady', ...Array.from({ length: 5 }, (_, number) => `fuzz-${generation}-${number}`)]
}

export interface Volleys {
  readonly url: string
  readonly seed: number
  readonly generation: number
  /** About so many. */
  readonly requests: number
  /** Hears of every request with what became of it. */
  readonly onOutcome?: (request: HostileRequest, outcome: Outcome) => void
}

/** Sends them. @throws Violation where an answer is not as promised */
export async function checkVolleys({ url, seed, generation, requests, onOutcome }: Volleys): Promise<void> {
  const lines = Array.from({ length: MOST }, () => new Line(url))
  const requestsOf = hostileRequests({ keys: keysOf(generation) })
  const volleys = fc.record({
    requests: fc.array(requestsOf, { minLength: 1, maxLength: MOST, size: 'max' }),
    isPipelined: fc.nat({ max: ONE_IN_PIPELINE - 1 }).map(draw => draw === 0),
  })
  const property = fc.asyncProperty(volleys, async volley => {
    const [requests, outcomes] = volley.isPipelined
      ? await sendPipelined(volley.requests)
      : await sendAbreast(volley.requests)
    const heard = outcomes.map((outcome, place) => [requests[place] as HostileRequest, outcome] as const)
    for (const [request, outcome] of heard) onOutcome?.(request, outcome)
    const faults = heard.flatMap(([request, outcome]) => faultOf(request, outcome) ?? [])
    if (faults.length > 0) throw new Error(faults.join('\n'))
    await expectAlive(lines[0] as Line)
  })
  const sendAbreast = async (requests: readonly HostileRequest[]) => {
    const outcomes = await Promise.all(
      requests.map((request, place) => (lines[place] as Line).send(sendingOf(request))),
    )
    return [requests, outcomes] as const
  }
  const sendPipelined = async (requests: readonly HostileRequest[]) => {
    const fitting = requests.filter(request => !isLoose(request) && !isSimulation(request))
    return [fitting, await (lines[0] as Line).sendPipelined(fitting.map(sendingOf))] as const
  }
  try {
    await expectHolds(property, { runs: Math.ceil(requests / MEAN), seed }, ([volley]) =>
      [...(volley.isPipelined ? ['in a row:'] : []), ...volley.requests.map(requestText)].join('\n'),
    )
  } finally {
    for (const line of lines) line.close()
  }
}

const ALIVE: HostileRequest = {
  method: 'GET',
  target: '/livez',
  headers: [],
  body: new Uint8Array(),
  framing: 'length',
  version: '1.1',
  cuts: [],
}

async function expectAlive(line: Line): Promise<void> {
  const outcome = await line.send(sendingOf(ALIVE))
  if (outcome.kind !== 'answer' || outcome.answer.status !== 200) throw new Error('The service is not alive afterwards')
}

export function sendingOf(request: HostileRequest) {
  return {
    pieces: piecesOf(request),
    isHead: request.method === 'HEAD',
    isLoose: isLoose(request),
    patienceMs: isSimulation(request) ? SIMULATION_PATIENCE_MS : null,
  }
}

function isSimulation({ target }: HostileRequest): boolean {
  return target.includes('/simulate')
}

/**
 * What is there before the first volley: an experiment that runs, with units and rewards, and is
 * only stopped by the fuzzer.
 */
export async function prepare(url: string): Promise<void> {
  const service = new HttpClient(url)
  await ask(service, 'POST', '/experiments', {
    key: 'steady',
    arms: [{ key: 'control' }, { key: 'mens', payload: { template: 'm1' } }, { key: 'womens' }],
    metrics: [
      { key: 'visit', type: 'binary', role: 'primary' },
      { key: 'spend', type: 'continuous', range: [0, 500] },
      { key: 'unsubscribe', type: 'binary', role: 'guardrail', goal: 'decrease', window: '1d' },
    ],
  })
  await ask(service, 'POST', '/experiments/steady/start')
  const units = Array.from({ length: 200 }, (_, unit) => `u-${unit}`)
  await ask(service, 'POST', '/assign/batch', { experiment: 'steady', units })
  const events = units.slice(0, 60).map(unit => ({ unit, metric: 'visit', id: `${unit}-visit` }))
  await ask(service, 'POST', '/rewards', events)
  service.close()
}
