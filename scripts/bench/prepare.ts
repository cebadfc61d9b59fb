// Gets a service ready: its experiment runs, and some units are assigned.

import { Failure } from '../../src/cli/terminal/failure.ts'
import type { Chance } from '../../src/stats/numerics/chance.ts'
import { Contestant } from './children/contestant.ts'
import { DEFINITION, EXPERIMENT } from './experiment.ts'
import { randomUuid } from './load/uuid.ts'

/** As many as a batch may have. */
const BATCH = 10_000

/** A service on a database that may be new, with the experiment running. */
export async function startPrepared(under: readonly string[], database: string): Promise<Contestant> {
  const service = await Contestant.startService(under, database)
  await ask(service, 'PUT', `/experiments/${EXPERIMENT}`, DEFINITION)
  await ask(service, 'POST', `/experiments/${EXPERIMENT}/start`)
  return service
}

/** Assigns so many units and answers their names. */
export async function assignUnits(
  service: Contestant,
  count: number,
  nameOf: (position: number) => string,
  onBatch: (done: number) => void = () => {},
): Promise<string[]> {
  const units = Array.from({ length: count }, (_, position) => nameOf(position))
  for (let from = 0; from < count; from += BATCH) {
    await ask(service, 'POST', '/assign/batch', { experiment: EXPERIMENT, units: units.slice(from, from + BATCH) })
    onBatch(from)
  }
  return units
}

export function uuidNames(chance: Chance): () => string {
  return () => randomUuid(chance)
}

/** @throws Failure when the answer is no 2xx */
async function ask({ url }: Contestant, method: string, path: string, body?: unknown): Promise<void> {
  const headers = { 'Content-Type': 'application/json' }
  const response = await fetch(url + path, {
    method,
    ...(body !== undefined && { headers, body: JSON.stringify(body) }),
  })
  const text = await response.text()
  if (!response.ok) throw new Failure(`${method} ${path} was answered ${response.status}: ${text.slice(0, 300)}`)
}
