// Gets a service ready: its experiment runs, and some units are assigned.

import type { Chance } from '../../src/stats/numerics/chance.ts'
import { ask, HttpClient } from '../http/client.ts'
import { Contestant } from './children/contestant.ts'
import { DEFINITION, EXPERIMENT } from './experiment.ts'
import { randomUuid } from './load/uuid.ts'

/** As many as a batch may have. */
const BATCH = 10_000

/** A service on a database that may be new, with the experiment running. */
export async function startPrepared(under: readonly string[], database: string): Promise<Contestant> {
  const service = await Contestant.startService(under, database)
  const client = new HttpClient(service.url)
  await ask(client, 'PUT', `/experiments/${EXPERIMENT}`, DEFINITION)
  await ask(client, 'POST', `/experiments/${EXPERIMENT}/start`)
  client.close()
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
  const client = new HttpClient(service.url)
  for (let from = 0; from < count; from += BATCH) {
    await ask(client, 'POST', '/assign/batch', { experiment: EXPERIMENT, units: units.slice(from, from + BATCH) })
    onBatch(from)
  }
  client.close()
  return units
}

export function uuidNames(chance: Chance): () => string {
  return () => randomUuid(chance)
}
