// Many processes of the service on one database are asked for the same units at the same time, and
// for the same events to be counted.

import { setTimeout as sleep } from 'node:timers/promises'
import { type Chance, seededChance } from '../../src/stats/numerics/chance.ts'
import { ask, type Sender } from '../http/client.ts'
import { audit } from './audit.ts'
import { EXPERIMENT } from './definition.ts'
import { ClientRecord, type RewardEvent, type Told } from './record.ts'
import { Replica } from './replica.ts'
import { countSnapshots } from './scene.ts'
import { prepare } from './session.ts'

export interface RaceOptions {
  /** Of a database that is there and empty. */
  readonly databaseUrl: string
  /** For whatever the services leave there. */
  readonly folder: string
  readonly replicas: number
  /** Of each of them each replica is asked. */
  readonly units: number
  readonly seed: number
  readonly onProgress?: (units: number) => void
}

export type RaceResult = Awaited<ReturnType<typeof race>>

/** So many units are asked for at once everywhere, in each place in another order. */
const WINDOW = 4_000
/** Of these so many alone, and the others in batches. */
const ALONE = 400
const BATCH = 100
/** And for so many there is an event. */
const EVENTS = 400
/** Requests under way at each replica. */
const IN_FLIGHT = 8

/** @throws Failure when a replica does not start, or does not answer */
export async function race(options: RaceOptions) {
  const { databaseUrl, folder, replicas: count, units, seed, onProgress } = options
  const record = new ClientRecord()
  const replicas = Array.from({ length: count }, () => new Replica({ databaseUrl, folder }))
  const [first] = replicas as [Replica]
  try {
    for (const replica of replicas) await replica.ready()
    await prepare(first)
    await Promise.all(replicas.map(knowsExperiment))
    const chances = replicas.map((_, place) => seededChance(seed, place))
    const startedAt = performance.now()
    for (let from = 0; from < units; from += WINDOW) {
      const names = Array.from({ length: Math.min(WINDOW, units - from) }, (_, place) => `u${from + place}`)
      await Promise.all(replicas.map((replica, place) => askForAll(replica, names, record, chances[place] as Chance)))
      await Promise.all(replicas.map(replica => sendEvents(replica, names.slice(0, EVENTS), record)))
      onProgress?.(from + names.length)
    }
    const seconds = (performance.now() - startedAt) / 1_000
    record.lose(...record.neverAssigned.map(unit => `${unit}: was never said to be assigned`))
    record.lose(...(await audit(databaseUrl, record, null)))
    const { rewards: events, losses: faultCount } = record.counts
    return {
      replicas: count,
      /** As answered by all replicas together. */
      assignments: count * units,
      units: record.units.length,
      /** Rewards that were counted; each was sent to every replica. */
      events,
      snapshots: await countSnapshots(first),
      assignmentsPerSecond: (count * units) / seconds,
      faultCount,
      faults: record.losses,
    }
  } finally {
    await Promise.all(replicas.map(replica => replica.kill()))
  }
}

/** What one process changes another one knows within a second. */
async function knowsExperiment(replica: Replica): Promise<void> {
  while (!(await ask(replica, 'GET', '/experiments')).includes('"running"')) await sleep(20)
}

/** Alone and in batches, mixed. */
async function askForAll(line: Sender, names: readonly string[], record: ClientRecord, chance: Chance): Promise<void> {
  const shuffled = shuffle(names, chance)
  const alone = shuffled.slice(0, ALONE).map(name => [name])
  const rest = shuffled.slice(ALONE)
  const batches = Array.from({ length: Math.ceil(rest.length / BATCH) }, (_, place) =>
    rest.slice(place * BATCH, (place + 1) * BATCH),
  )
  const requests = shuffle([...alone, ...batches], chance)
  const worker = async () => {
    for (let units = requests.pop(); units !== undefined; units = requests.pop()) {
      for (const told of await assign(line, units)) {
        if (!record.hearAssignment(told)) record.lose(`${told.unit}: was answered ${told.reason}`)
      }
    }
  }
  await Promise.all(Array.from({ length: IN_FLIGHT }, worker))
}

async function assign(line: Sender, units: readonly string[]): Promise<readonly (Told & { reason: string })[]> {
  const [unit] = units
  if (units.length === 1) return [JSON.parse(await ask(line, 'POST', '/assign', { experiment: EXPERIMENT, unit }))]
  const body = await ask(line, 'POST', '/assign/batch', { experiment: EXPERIMENT, units })
  return JSON.parse(body).assignments
}

/** One an event for each unit, with the same id wherever it is sent. */
async function sendEvents(line: Sender, units: readonly string[], record: ClientRecord): Promise<void> {
  const events = units.map((unit): RewardEvent => ({ unit, metric: 'visit', value: 1, id: `visit of ${unit}` }))
  const { results } = JSON.parse(await ask(line, 'POST', '/rewards', events)) as {
    results: readonly { status: string }[]
  }
  for (const [place, event] of events.entries()) record.hearRaced(event, results[place]?.status ?? 'nothing')
}

/** A copy in random order (Durstenfeld 1964). */
function shuffle<Thing>(things: readonly Thing[], chance: Chance): Thing[] {
  const shuffled = [...things]
  for (let last = shuffled.length - 1; last > 0; last--) {
    const place = Math.floor(chance() * (last + 1))
    const [here, there] = [shuffled[last] as Thing, shuffled[place] as Thing]
    shuffled[last] = there
    shuffled[place] = here
  }
  return shuffled
}
