import type { StoredRewardStatus } from '../../bandit/facts.ts'
import { type ComputedReward, computeReward, type LastReward, NONE_YET } from '../compute-reward.ts'
import { LedgerEntries } from '../ledger-entries.ts'
import type { RewardEntry } from '../port.ts'
import { statement } from '../scripts/script.ts'
import { type AssignmentWithContext, SumsEntries } from '../sums-entries.ts'
import { byPlace, findAssignments, keyOf, type UnitPlace } from './assignments.ts'
import { columns } from './connection/columns.ts'
import type { Connection } from './connection/connection.ts'
import type { Transaction } from './connection/transaction.ts'
import { openSums, settleSums } from './context-sums.ts'
import { settle } from './ledger-table.ts'
import { Race } from './store-failure.ts'

/** A unit's rewards of one metric. */
interface Account extends UnitPlace {
  readonly metricPosition: number
}

interface EventId {
  readonly experimentId: number
  readonly metricPosition: number
  readonly id: string
}

const ACCOUNT = ['experimentId', 'unit', 'metricPosition'] as const
const EVENT_ID = ['experimentId', 'id', 'metricPosition'] as const

interface RewardRow extends RewardEntry, Omit<ComputedReward, 'entry'> {
  readonly counted: 0 | 1
}

const FIND_LAST_REWARDS = statement<LastReward & { readonly place: number }>(`
  SELECT asked.place, last.sequence, last.total
  FROM unnest($1::bigint[], $2::text[], $3::integer[]) WITH ORDINALITY AS asked (experiment_id, unit, metric, place)
  CROSS JOIN LATERAL (
    SELECT sequence, total FROM rewards
    WHERE experiment_id = asked.experiment_id AND unit = asked.unit AND metric = asked.metric
    ORDER BY sequence DESC LIMIT 1
  ) AS last`)

const FIND_EVENT_IDS = statement<{ readonly place: number }>(`
  SELECT asked.place
  FROM unnest($1::bigint[], $2::text[], $3::integer[]) WITH ORDINALITY AS asked (experiment_id, event_id, metric, place)
  JOIN event_ids AS known ON known.experiment_id = asked.experiment_id
    AND known.event_id = asked.event_id AND known.metric = asked.metric`)

const INSERT_EVENT_IDS = statement(`
  INSERT INTO event_ids (experiment_id, event_id, metric)
  SELECT * FROM unnest($1::bigint[], $2::text[], $3::integer[])
  ON CONFLICT (experiment_id, event_id, metric) DO NOTHING`)

const INSERT_REWARDS = statement(`
  INSERT INTO rewards (experiment_id, unit, metric, sequence, value, at, total, counted, event_id)
  SELECT experiment_id, unit, metric, sequence, value, at, total, counted = 1, event_id
  FROM unnest($1::bigint[], $2::text[], $3::integer[], $4::integer[], $5::double precision[], $6::bigint[],
    $7::double precision[], $8::integer[], $9::text[])
    AS added (experiment_id, unit, metric, sequence, value, at, total, counted, event_id)
  ON CONFLICT (experiment_id, unit, metric, sequence) DO NOTHING`)

/**
 * Records rewards in one transaction, as if one after the other; answers in their order.
 *
 * Nothing is locked. What a reward comes to depends on the unit's last one, so its sequence is the
 * compare-and-set: when another transaction has taken that place, or the event's id, meanwhile,
 * this one is undone and computed anew.
 */
export function recordRewards(
  connection: Connection,
  rewards: readonly RewardEntry[],
  writer: number,
): Promise<StoredRewardStatus[]> {
  return connection.transaction(async tx => {
    const book = await Book.read(tx, rewards)
    const statuses = rewards.map(reward => book.record(reward))
    if (book.rows.length > 0) await insert(tx, book.rows)
    await settleSums(tx, book.sums, writer)
    settle(tx, book.entries, writer)
    return statuses
  })
}

/** What is known of the units of some rewards, and what these add to it. */
class Book {
  readonly rows: RewardRow[] = []
  readonly entries = new LedgerEntries()
  sums = new SumsEntries()
  readonly #assignments = new Map<string, AssignmentWithContext>()
  readonly #last = new Map<string, LastReward>()
  readonly #ids = new Set<string>()

  static async read(tx: Transaction, rewards: readonly RewardEntry[]): Promise<Book> {
    const book = new Book()
    const places = distinct(rewards, keyOf)
    const accounts = distinct(rewards, accountKey)
    const ids = distinct(rewards.filter(hasId), idKey)
    const [assignments, last, known] = await Promise.all([
      findAssignments(tx, places, { withContexts: rewards.some(({ scoring }) => scoring !== undefined) }),
      tx.ask(FIND_LAST_REWARDS, columns(accounts, ...ACCOUNT)),
      ids.length === 0 ? [] : tx.ask(FIND_EVENT_IDS, columns(ids, ...EVENT_ID)),
    ])
    for (const [position, found] of assignments.entries()) {
      if (found !== null) book.#assignments.set(keyOf(places[position] as UnitPlace), found)
    }
    for (const { place, ...reward } of last) book.#last.set(accountKey(accounts[place - 1] as Account), reward)
    for (const { place } of known) book.#ids.add(idKey(ids[place - 1] as EventId))
    const scored = rewards.flatMap(({ scoring, ...reward }) => {
      const snapshot = book.#assignments.get(keyOf(reward))?.snapshot
      return scoring === undefined || snapshot === undefined ? [] : { ...reward, snapshot, scoring }
    })
    book.sums = await openSums(tx, scored)
    return book
  }

  record(reward: RewardEntry): StoredRewardStatus {
    const assignment = this.#assignments.get(keyOf(reward))
    if (assignment === undefined) return 'unassigned'
    if (hasId(reward)) {
      const key = idKey(reward)
      if (this.#ids.has(key)) return 'duplicate'
      this.#ids.add(key)
    }
    const account = accountKey(reward)
    const last = this.#last.get(account) ?? NONE_YET
    const { entry, ...computed } = computeReward(reward, assignment, last)
    this.#last.set(account, computed)
    this.rows.push({ ...reward, ...computed, counted: entry === null ? 0 : 1 })
    if (entry === null) return computed.status
    this.entries.addToCell(entry)
    if (reward.scoring !== undefined) this.sums.moveUnit(reward, assignment, last.total, computed.total)
    return computed.status
  }
}

/** @throws Race */
async function insert(tx: Transaction, rows: RewardRow[]): Promise<void> {
  rows.sort((a, b) => byPlace(a, b) || a.metricPosition - b.metricPosition || a.sequence - b.sequence)
  const ids = rows.filter(hasId).sort(byId)
  const written = await Promise.all([
    ids.length === 0 ? { count: 0 } : tx.write(INSERT_EVENT_IDS, columns(ids, ...EVENT_ID)),
    tx.write(INSERT_REWARDS, columns(rows, ...ACCOUNT, 'sequence', 'value', 'at', 'total', 'counted', 'id')),
  ])
  if (written[0].count < ids.length || written[1].count < rows.length) throw new Race()
}

function accountKey(account: Account): string {
  return `${account.metricPosition}/${keyOf(account)}`
}

function idKey({ experimentId, metricPosition, id }: EventId): string {
  return `${metricPosition}/${experimentId}/${id}`
}

function hasId<Reward extends RewardEntry>(reward: Reward): reward is Reward & EventId {
  return reward.id !== null
}

function byId(a: EventId, b: EventId): number {
  return byPlace({ ...a, unit: a.id }, { ...b, unit: b.id }) || a.metricPosition - b.metricPosition
}

function distinct<Row>(rows: readonly Row[], keyOfRow: (row: Row) => string): Row[] {
  return [...new Map(rows.map(row => [keyOfRow(row), row])).values()]
}
