// Many processes of the service on one database are asked for the same units at the same time, and
// for the same events to be counted.
import type { Experiment } from '../../src/bandit/experiment/experiment.ts'
import { verify } from '../../src/bandit/verify.ts'
import { type Chance, seededChance } from '../../src/stats/numerics/chance.ts'
import { openStore } from '../../src/store/open.ts'
import type { Store } from '../../src/store/port.ts'
import type { Line } from '../crash/connection.ts'
import { Replica } from '../crash/postgres/replica.ts'
import { ask } from '../crash/session.ts'
import { Answers, type Told } from './answers.ts'

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
  /** Called before the database is compared: for tests that spoil something on purpose. */
  readonly meddle?: () => Promise<void>
}

export interface RaceResult {
  readonly replicas: number
  /** As answered by all replicas together. */
  readonly assignments: number
  readonly units: number
  /** Rewards that were counted; each was sent to every replica. */
  readonly events: number
  readonly snapshots: number
  readonly assignmentsPerSecond: number
  readonly faultCount: number
  /** The first of them, in words. */
  readonly faults: readonly string[]
}

const EXPERIMENT = 'race'
const DEFINITION = {
  key: EXPERIMENT,
  arms: [{ key: 'control' }, { key: 'a' }, { key: 'b' }, { key: 'c' }],
  metrics: [{ key: 'visit', type: 'binary', role: 'primary' }],
}

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
export async function race(options: RaceOptions): Promise<RaceResult> {
  const { databaseUrl, folder, replicas: count, units, seed, onProgress, meddle } = options
  const answers = new Answers()
  const replicas: Replica[] = []
  try {
    while (replicas.length < count) replicas.push(await join({ databaseUrl, folder }, replicas.length === 0))
    const chances = replicas.map((_, place) => seededChance(seed, place))
    const startedAt = performance.now()
    for (let from = 0; from < units; from += WINDOW) {
      const names = Array.from({ length: Math.min(WINDOW, units - from) }, (_, place) => `u${from + place}`)
      await Promise.all(replicas.map((replica, place) => askForAll(replica, names, answers, chances[place] as Chance)))
      await Promise.all(replicas.map(replica => sendEvents(replica, names.slice(0, EVENTS), answers)))
      onProgress?.(from + names.length)
    }
    const seconds = (performance.now() - startedAt) / 1_000
    await meddle?.()
    const snapshots = await compare(databaseUrl, answers)
    const { faults: faultCount, ...counts } = answers.counts
    const assignmentsPerSecond = counts.assignments / seconds
    return { replicas: count, ...counts, snapshots, assignmentsPerSecond, faultCount, faults: answers.faults }
  } finally {
    await Promise.all(replicas.map(replica => replica.kill()))
  }
}

async function join(launch: { databaseUrl: string; folder: string }, isFirst: boolean): Promise<Replica> {
  const replica = new Replica(launch)
  await replica.ready()
  if (!isFirst) return replica
  await ask(replica, 'PUT', `/experiments/${EXPERIMENT}`, JSON.stringify(DEFINITION))
  await ask(replica, 'POST', `/experiments/${EXPERIMENT}/start`)
  return replica
}

/** Alone and in batches, mixed. */
async function askForAll(line: Line, names: readonly string[], answers: Answers, chance: Chance): Promise<void> {
  const shuffled = shuffle(names, chance)
  const alone = shuffled.slice(0, ALONE).map(name => [name])
  const rest = shuffled.slice(ALONE)
  const batches = Array.from({ length: Math.ceil(rest.length / BATCH) }, (_, place) =>
    rest.slice(place * BATCH, (place + 1) * BATCH),
  )
  const requests = shuffle([...alone, ...batches], chance)
  const worker = async () => {
    for (let units = requests.pop(); units !== undefined; units = requests.pop()) {
      for (const told of await assign(line, units)) answers.hearAssignment(told)
    }
  }
  await Promise.all(Array.from({ length: IN_FLIGHT }, worker))
}

async function assign(line: Line, units: readonly string[]): Promise<readonly Told[]> {
  const [unit] = units
  if (units.length === 1)
    return [JSON.parse(await ask(line, 'POST', '/assign', JSON.stringify({ experiment: EXPERIMENT, unit })))]
  const body = await ask(line, 'POST', '/assign/batch', JSON.stringify({ experiment: EXPERIMENT, units }))
  return JSON.parse(body).assignments
}

/** One an event for each unit, with the same id wherever it is sent. */
async function sendEvents(line: Line, units: readonly string[], answers: Answers): Promise<void> {
  const events = units.map(unit => ({ unit, metric: 'visit', id: `visit of ${unit}` }))
  const { results } = JSON.parse(await ask(line, 'POST', '/rewards', JSON.stringify(events))) as {
    results: readonly { status: string }[]
  }
  for (const [place, { id }] of events.entries()) answers.hearReward(id, results[place]?.status ?? 'nothing')
}

/**
 * Holds every row against what was answered, and the books against the rows. Answers the number of
 * snapshots.
 */
async function compare(databaseUrl: string, answers: Answers): Promise<number> {
  const store = await openStore(databaseUrl)
  try {
    const [experiment] = await store.findExperiments()
    if (experiment === undefined) throw new TypeError('There is an experiment')
    const rows = await compareRows(store, experiment, answers)
    const { units, events } = answers.counts
    if (rows !== units) answers.complain(`${units} units were answered, and ${rows} are in the database`)
    const verified = await verify({ store }, experiment)
    if (verified.units !== units) answers.complain(`${units} units were answered, and ${verified.units} are counted`)
    if (verified.rewards !== events)
      answers.complain(`${events} events were counted, and ${verified.rewards} are there`)
    for (const { cell } of verified.discrepancies) answers.complain(`verify finds a difference in ${cell}`)
    return (await store.findSnapshots(experiment.id)).length
  } finally {
    await store.close()
  }
}

async function compareRows(store: Store, { id, definition }: Experiment, answers: Answers): Promise<number> {
  let rows = 0
  await store.audit(id, definition.metrics.length, assignment => {
    rows += 1
    answers.compare(assignment, definition.arms[assignment.arm]?.key ?? `arm ${assignment.arm}`)
  })
  return rows
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
