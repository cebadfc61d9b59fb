// The property over HTTP: some requests at the same moment, each over a connection of its own; every answer as promised, and the
// service alive afterwards.
import fc from 'fast-check'
import { expectHolds } from './expect-holds.ts'
import { bytesOf, type HostileRequest, hostileRequests, isLoose, requestText } from './hostile-requests.ts'
import { faultOf } from './judge.ts'
import { Line, type Outcome } from './wire.ts'

/** At most so many at the same moment. */
const MOST = 8
const MEAN = (1 + MOST) / 2

/** A simulation may take long, and shows that it is at work. */
const SIMULATION_PATIENCE_MS = 200

/** Experiments that nobody but the fuzzer has, anew for each generation, since those that were stopped stay so. */
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
  const volleys = fc.array(hostileRequests({ keys: keysOf(generation) }), {
    minLength: 1,
    maxLength: MOST,
    size: 'max',
  })
  const property = fc.asyncProperty(volleys, async volley => {
    const outcomes = await Promise.all(volley.map((request, place) => (lines[place] as Line).send(sendingOf(request))))
    for (const [place, outcome] of outcomes.entries()) onOutcome?.(volley[place] as HostileRequest, outcome)
    const faults = outcomes.flatMap((outcome, place) => faultOf(volley[place] as HostileRequest, outcome) ?? [])
    if (faults.length > 0) throw new Error(faults.join('\n'))
    await expectAlive(lines[0] as Line)
  })
  try {
    await expectHolds(property, { runs: Math.ceil(requests / MEAN), seed }, ([volley]) =>
      volley.map(requestText).join('\n'),
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
}

async function expectAlive(line: Line): Promise<void> {
  const outcome = await line.send(sendingOf(ALIVE))
  if (outcome.kind !== 'answer' || outcome.answer.status !== 200) throw new Error('The service is not alive afterwards')
}

function sendingOf(request: HostileRequest) {
  return {
    bytes: bytesOf(request),
    isHead: request.method === 'HEAD',
    isLoose: isLoose(request),
    patienceMs: request.target.includes('/simulate') ? SIMULATION_PATIENCE_MS : null,
  }
}

/** What is there before the first volley: an experiment that runs, with units and rewards, and is only stopped by the fuzzer. */
export async function prepare(url: string): Promise<void> {
  const call = async (method: string, path: string, body?: unknown) => {
    const headers = { 'content-type': 'application/json' }
    const response = await fetch(`${url}${path}`, {
      method,
      headers,
      body: body === undefined ? null : JSON.stringify(body),
    })
    if (!response.ok) throw new Error(`Cannot prepare: ${await response.text()}`)
  }
  await call('POST', '/experiments', {
    key: 'steady',
    arms: [{ key: 'control' }, { key: 'mens', payload: { template: 'm1' } }, { key: 'womens' }],
    metrics: [
      { key: 'visit', type: 'binary', role: 'primary' },
      { key: 'spend', type: 'continuous', range: [0, 500] },
      { key: 'unsubscribe', type: 'binary', role: 'guardrail', goal: 'decrease', window: '1d' },
    ],
  })
  await call('POST', '/experiments/steady/start')
  const units = Array.from({ length: 200 }, (_, unit) => `u-${unit}`)
  await call('POST', '/assign/batch', { experiment: 'steady', units })
  await call(
    'POST',
    '/rewards',
    units.slice(0, 60).map(unit => ({ unit, metric: 'visit', id: `${unit}-visit` })),
  )
}
