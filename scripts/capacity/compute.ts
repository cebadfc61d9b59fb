// What a number of units a day comes to in PostgreSQL: rows, bytes, log, memory and machines. Plain
// arithmetic on measurements and on assumptions, each of which is named; the growth of the ledger
// is simulated by the service's own rule.
import { growLedger } from '../ledger-growth/grow.ts'
import { ledgerBytes } from '../ledger-growth/ledger-bytes.ts'

/** What the traffic is like. */
export interface Traffic {
  readonly unitsPerDay: number
  /** The busiest minute's rate, as a multiple of the average. */
  readonly peak: number
  /** How often a unit asks again, a day. */
  readonly asksAgain: number
  readonly rewardsPerUnit: number
  /** How long facts stay before they are archived. */
  readonly keptDays: number
}

/** Bytes a row, measured at 10⁶ units under UUIDs (docs/operate/scaling.md). */
export const ROW = {
  unit: { table: 109, index: 89, log: 340, logAfterCheckpoint: 6_090 },
  // With the row of its id.
  reward: { table: 158 + 85, index: 100 + 100, log: 810, logAfterCheckpoint: 11_540 },
} as const

/**
 * Measured: the speeds of one replica, one a call, on two cores shared by service, server and load;
 * core seconds for one of each.
 */
export const CORE_SECONDS = { unit: 2 / 14_000, again: 2 / 43_000, reward: 2 / 10_500 } as const

/** Assumed: a machine for the database. */
export const NODE = { cores: 16, memoryBytes: 128e9, diskBytes: 4e12, fullAt: 0.6 } as const

/**
 * Assumed: `checkpoint_timeout`, bytes of a request with its answer, how busy processors may be,
 * what a page of an index is.
 */
const CHECKPOINT_S = 1_800
const REQUEST_BYTES = 700
const BUSY = 0.5
const PAGE_BYTES = 8_192
/**
 * Pages that are looked for where nothing is cached: of the index, and of the table where a row is
 * read.
 */
const PAGES = { unit: 1, again: 2, reward: 5 } as const

const DAY_S = 86_400

export interface Line {
  readonly what: string
  readonly value: number
  readonly unit: string
  readonly how: string
}

/** The lines of the table, each from those above it. */
export function compute({ unitsPerDay, peak, asksAgain, rewardsPerUnit, keptDays }: Traffic): Line[] {
  const units = unitsPerDay / DAY_S
  const again = units * asksAgain
  const rewards = units * rewardsPerUnit
  const keptUnits = unitsPerDay * keptDays
  const keptRewards = keptUnits * rewardsPerUnit
  const keptBytes = keptUnits * (ROW.unit.table + ROW.unit.index) + keptRewards * (ROW.reward.table + ROW.reward.index)
  const indexBytes = keptUnits * ROW.unit.index + keptRewards * ROW.reward.index
  const logUnit = logBytes(ROW.unit, units, keptUnits)
  const logReward = logBytes(ROW.reward, rewards, keptRewards)
  const logPerSecond = units * logUnit + rewards * logReward
  const cores = (peak * (units * CORE_SECONDS.unit + again * CORE_SECONDS.again + rewards * CORE_SECONDS.reward)) / BUSY
  const reads = peak * (units * PAGES.unit + again * PAGES.again + rewards * PAGES.reward)
  const nodes = Math.ceil(keptBytes / (NODE.diskBytes * NODE.fullAt))
  const [day, year] = growLedger({ unitsPerDay, rewardsPerUnit, windowMs: null }, [unitsPerDay, 365 * unitsPerDay])
  return [
    line('new units', units, '/s', 'average'),
    line('new units', peak * units, '/s', `peak, × ${peak}`),
    line('units that ask again', peak * again, '/s', `peak, ${asksAgain} for each new one`),
    line('rewards', peak * rewards, '/s', `peak, ${rewardsPerUnit} for each new one`),
    line(
      'requests and answers',
      peak * (units + again + rewards) * REQUEST_BYTES * 8,
      'bit/s',
      'peak, one a call, 700 bytes',
    ),
    line('cores, service and database', cores, '', 'peak, half idle'),
    line('a day of facts', keptBytes / keptDays, 'B', '198 bytes a unit, 443 a reward with its id'),
    line(`${keptDays} days of facts`, keptBytes, 'B', ''),
    line('of these indexes', indexBytes, 'B', '89 bytes a unit, 200 a reward'),
    line('log for a unit', logUnit, 'B', 'most touch a page that is new since the checkpoint'),
    line('log', logPerSecond, 'B/s', 'average'),
    line('log', logPerSecond * DAY_S, 'B', 'a day; what an archive or a standby is sent'),
    line('nodes by disk', nodes, '', '4 TB each, 60 % full'),
    line(
      'nodes by memory',
      Math.ceil(indexBytes / (NODE.memoryBytes * NODE.fullAt)),
      '',
      '128 GB each, if all indexes are to be cached',
    ),
    line('random reads a node', reads / nodes, '/s', 'peak, if none are, by the number of nodes by disk'),
    line('snapshots, a day', day?.snapshots ?? 0, '', 'simulated; of one experiment that gets all units'),
    line('snapshots, a year', year?.snapshots ?? 0, '', 'simulated'),
    line(
      'its ledger, a year',
      ledgerBytes(year?.snapshots ?? 0, { arms: 3, metrics: 1, writers: 16 }),
      'B',
      '3 arms, 1 metric, 16 writers',
    ),
  ]
}

/**
 * Since the last checkpoint some pages of the index were touched already; a page that was not goes
 * into the log as a whole.
 */
function logBytes(row: (typeof ROW)[keyof typeof ROW], rowsPerSecond: number, rows: number): number {
  const pages = (rows * row.index) / PAGE_BYTES
  const inserts = rowsPerSecond * CHECKPOINT_S
  const freshShare = inserts === 0 ? 0 : (pages * -Math.expm1(-inserts / pages)) / inserts
  return row.log + freshShare * (row.logAfterCheckpoint - row.log)
}

function line(what: string, value: number, unit: string, how: string): Line {
  return { what, value, unit, how }
}
