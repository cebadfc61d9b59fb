// Fills a database as the service would, and reads off the server what that took.
import { Client } from 'pg'
import { assign } from '../../src/bandit/assign.ts'
import { Catalogue } from '../../src/bandit/catalogue.ts'
import { applyDefinition, setStatus } from '../../src/bandit/experiment/change-experiment.ts'
import { completeDefinition } from '../../src/bandit/experiment/definition-input.ts'
import { recordRewards } from '../../src/bandit/rewards.ts'
import { refreshSnapshots } from '../../src/bandit/snapshots.ts'
import { Failure } from '../../src/cli/terminal/failure.ts'
import type { ProgressBar } from '../../src/cli/terminal/progress-bar.ts'
import { type Chance, seededChance } from '../../src/stats/numerics/chance.ts'
import { openStore } from '../../src/store/open.ts'
import type { Store } from '../../src/store/port.ts'
import { DEFINITION, EXPERIMENT, METRIC } from '../bench/experiment.ts'
import { randomUuid } from '../bench/load/uuid.ts'

export interface TableSize {
  readonly table: string
  readonly rows: number
  readonly heapBytes: number
  readonly indexBytes: number
}

/** What the server wrote into its log for so many rows. */
export interface LogVolume {
  readonly what: string
  readonly rows: number
  readonly bytes: number
}

/** What 64 clients that ask for one unit each bring together, and what a batch does. */
const SMALL_BATCH = 32
const LARGE_BATCH = 500

/** So few that hardly two of them fall on one page of the index. */
const RIGHT_AFTER_CHECKPOINT = 1_000

const TABLES = ['assignments', 'rewards', 'event_ids', 'snapshots', 'batches', 'tallies', 'growth'] as const

/** @throws Failure where the database is not empty; DatabaseError where it cannot be opened */
export async function measureRowSizes(
  url: string,
  { units, rewards, isOrdered }: { readonly units: number; readonly rewards: number; readonly isOrdered: boolean },
  bar: ProgressBar,
): Promise<{ tables: TableSize[]; log: LogVolume[] }> {
  const store = await openStore(url)
  const server = new Client({ connectionString: url })
  try {
    await server.connect()
    const filling = await Filling.begin(store, server, bar, isOrdered)
    await filling.assign('units, 500 a commit', units - 2 * RIGHT_AFTER_CHECKPOINT, LARGE_BATCH)
    await filling.reward('rewards, 500 a commit', rewards - Math.min(rewards, 2 * RIGHT_AFTER_CHECKPOINT), LARGE_BATCH)
    const tables = await sizesOf(server)
    const few = Math.min(RIGHT_AFTER_CHECKPOINT, Math.floor(rewards / 3))
    await filling.assign('units, 32 a commit', RIGHT_AFTER_CHECKPOINT, SMALL_BATCH)
    await filling.reward('rewards, 32 a commit', few, SMALL_BATCH)
    await server.query('CHECKPOINT')
    await filling.assign('units right after a checkpoint', RIGHT_AFTER_CHECKPOINT, LARGE_BATCH)
    await server.query('CHECKPOINT')
    await filling.reward('rewards right after a checkpoint', few, LARGE_BATCH)
    return { tables, log: filling.log }
  } finally {
    await server.end()
    await store.close()
  }
}

class Filling {
  readonly log: LogVolume[] = []
  readonly #deps: { readonly store: Store; readonly catalogue: Catalogue }
  readonly #server: Client
  readonly #bar: ProgressBar
  readonly #isOrdered: boolean
  readonly #chance = seededChance(1)
  readonly #unrewarded: string[] = []
  #now = Date.UTC(2026, 0, 1)

  static async begin(store: Store, server: Client, bar: ProgressBar, isOrdered: boolean): Promise<Filling> {
    if ((await store.findExperiments()).length > 0) throw new Failure('The database has experiments; name an empty one')
    const filling = new Filling(store, server, bar, isOrdered, await Catalogue.load(store))
    const request = { actor: EXPERIMENT, now: filling.#now }
    await applyDefinition(filling.#deps, DEFINITION.key, () => completeDefinition(DEFINITION), {
      ...request,
      salt: 'salt',
    })
    await setStatus(filling.#deps, EXPERIMENT, 'running', request)
    return filling
  }

  private constructor(store: Store, server: Client, bar: ProgressBar, isOrdered: boolean, catalogue: Catalogue) {
    this.#deps = { store, catalogue }
    this.#server = server
    this.#bar = bar
    this.#isOrdered = isOrdered
  }

  assign(what: string, count: number, batch: number): Promise<void> {
    return this.#inBatches(what, count, batch, async size => {
      const names = Array.from({ length: size }, () => this.#name())
      await assign(this.#deps, EXPERIMENT, names, this.#now)
      this.#unrewarded.push(...names)
    })
  }

  reward(what: string, count: number, batch: number): Promise<void> {
    return this.#inBatches(what, count, batch, async size => {
      const rewards = Array.from({ length: size }, () => ({
        unit: takeOne(this.#unrewarded, this.#chance),
        metric: METRIC,
        value: 1,
        id: randomUuid(this.#chance),
      }))
      await recordRewards(this.#deps, rewards, this.#now)
    })
  }

  #name(): string {
    const name = randomUuid(this.#chance)
    if (!this.#isOrdered) return name
    const time = this.#now.toString(16).padStart(12, '0')
    return `${time.slice(0, 8)}-${time.slice(8)}${name.slice(13)}`
  }

  /** Each batch a second after the last one, so that snapshots are taken as they fall due. */
  async #inBatches(what: string, count: number, batch: number, write: (size: number) => Promise<void>): Promise<void> {
    const before = await logPosition(this.#server)
    for (let done = 0; done < count; ) {
      const size = Math.min(batch, count - done)
      await write(size)
      done += size
      this.#now += 1_000
      await refreshSnapshots(this.#deps, this.#now)
      this.#bar.update(done, count, what)
    }
    if (count > 0) this.log.push({ what, rows: count, bytes: (await logPosition(this.#server)) - before })
  }
}

/** One of them by chance, which is then among them no more. */
function takeOne(names: string[], chance: Chance): string {
  const place = Math.floor(chance() * names.length)
  const taken = names[place] as string
  names[place] = names.at(-1) as string
  names.pop()
  return taken
}

/** Bytes that the server has written into its log since it was made. */
async function logPosition(server: Client): Promise<number> {
  const { rows } = await server.query(`SELECT pg_current_wal_insert_lsn() - '0/0'::pg_lsn AS bytes`)
  return Number(rows[0].bytes)
}

async function sizesOf(server: Client): Promise<TableSize[]> {
  const sizes: TableSize[] = []
  for (const table of TABLES) {
    const { rows } = await server.query(
      `SELECT (SELECT count(*) FROM ${table}) AS rows, pg_table_size('${table}') AS heap, pg_indexes_size('${table}') AS index`,
    )
    const [{ rows: count, heap, index }] = rows
    if (Number(count) > 0)
      sizes.push({ table, rows: Number(count), heapBytes: Number(heap), indexBytes: Number(index) })
  }
  return sizes
}
