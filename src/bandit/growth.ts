// How much the ledger of an experiment has grown since its last snapshot, and so whether the policy
// should be frozen anew. Counts along in memory with what was acknowledged, so that no request and
// no tick has to ask the store.

import type { LedgerSize, Snapshot, SnapshotHead } from '../store/port.ts'
import { BatchRoom } from './batch-room.ts'

/** A snapshot is due when units, rewards or mature units have grown by this share. */
const DUE_SHARE = 0.02

/** Snapshots are at least so far apart, unless units arrive in bulk. */
export const REFRESH_INTERVAL_MS = 1_000

/**
 * The open batch is full when it has so many units, and as many as all batches before it together.
 * Each batch is predicted by those before it, and the first one by the range of the metric alone: a
 * bulk load in one batch would be read with an interval several times as wide. Each full batch
 * doubles the units, so there are few.
 */
const LEAST_FULL_BATCH = 100

/** After a failure it is tried again so much later. */
const RETRY_MS = 10_000

interface WaitingBatch {
  readonly snapshot: number
  units: number
  lastAssignedAt: number
}

export class Growth {
  readonly #windowMs: number | null
  /** Batches with units that are not mature yet, oldest first; the last one may still be open. */
  #waiting: WaitingBatch[] = []
  #units = 0
  #rewards = 0
  #facts = 0
  #matureUnits = 0
  #notBefore = Number.NEGATIVE_INFINITY
  #atSnapshot = { createdAt: Number.NEGATIVE_INFINITY, units: 0, rewards: 0, matureUnits: 0 }
  /** The batch of the current snapshot; units of those before may still come in. */
  #open = { snapshot: 1, units: 0 }
  #room = new BatchRoom()

  /**
   * `windowMs`: the attribution window of the primary metric. `rewards`: how many the ledger has
   * counted for it.
   */
  constructor(windowMs: number | null, heads: readonly SnapshotHead[] = [], rewards = 0) {
    this.#windowMs = windowMs
    const latest = heads.at(-1)
    if (latest !== undefined) this.#open.snapshot = latest.number
    for (const { number, units, lastAssignedAt } of heads) this.addUnits(number, units, lastAssignedAt ?? 0)
    this.addRewards(rewards)
    if (latest === undefined) return
    this.#matureAt(latest.createdAt)
    this.#atSnapshot = { createdAt: latest.createdAt, ...latest.ledgerSize, matureUnits: this.#matureUnits }
  }

  get size(): LedgerSize {
    return { units: this.#units, rewards: this.#rewards }
  }

  /**
   * Grows with every unit and reward that is counted, on whatever metric: who has seen this number
   * has seen them all.
   */
  get facts(): number {
    return this.#facts
  }

  addUnits(snapshot: number, units: number, assignedAt: number): void {
    if (units === 0) return
    this.#units += units
    this.#facts += units
    if (snapshot === this.#open.snapshot) this.#open.units += units
    const batch = this.#waiting.findLast(waiting => waiting.snapshot === snapshot)
    if (batch === undefined) this.#waiting.push({ snapshot, units, lastAssignedAt: assignedAt })
    else {
      batch.units += units
      batch.lastAssignedAt = Math.max(batch.lastAssignedAt, assignedAt)
    }
  }

  addRewards(rewards: number): void {
    this.#rewards += rewards
    this.#facts += rewards
  }

  /** Of other metrics: there is nothing in them to learn from, only to show. */
  addOtherRewards(rewards: number): void {
    this.#facts += rewards
  }

  snapshotTaken({ number, createdAt, ledgerSize }: Pick<Snapshot, 'number' | 'createdAt' | 'ledgerSize'>): void {
    this.#matureAt(createdAt)
    this.#atSnapshot = { createdAt, ...ledgerSize, matureUnits: this.#matureUnits }
    this.#open = { snapshot: number, units: 0 }
    // What is still on its way was drawn under an older snapshot, and counts to an older batch.
    const before = this.#room
    this.#room = new BatchRoom()
    before.wake()
  }

  /**
   * Stands in from now on for what was known before: what is on its way to the same open batch is
   * still so, and a snapshot that failed is still not tried again at once.
   */
  succeed(before: Growth): void {
    this.#notBefore = Math.max(this.#notBefore, before.#notBefore)
    if (this.#open.snapshot === before.#open.snapshot) this.#room = before.#room
    else before.#room.wake()
  }

  /**
   * So many more units fill the open batch; 0 or less: it is full, and a snapshot is due whatever
   * the clock.
   */
  get roomInBatch(): number {
    const { units } = this.#open
    return fullBatch(this.#units - units) - units
  }

  /** The room that is left beside the units which are on their way. */
  get freeRoom(): number {
    return this.roomInBatch - this.#room.reserved
  }

  /** Call what it returns once, when the units were kept or could not be. */
  reserveRoom(units: number): () => void {
    return this.#room.reserve(units)
  }

  /** Resolves when there may be more free room. */
  get roomChange(): Promise<void> {
    return this.#room.change
  }

  /** The snapshot that was due could not be taken. */
  snapshotFailed(now: number): void {
    this.#notBefore = now + RETRY_MS
  }

  /**
   * True when the open batch is full; or there is something new to learn from, or a batch to close,
   * and the last snapshot is old enough.
   */
  isDue(now: number): boolean {
    const then = this.#atSnapshot
    if (now < this.#notBefore) return false
    if (this.roomInBatch <= 0) return true
    if (now - then.createdAt < REFRESH_INTERVAL_MS) return false
    if (hasGrown(then.units, this.#units) || hasGrown(then.rewards, this.#rewards)) return true
    this.#matureAt(now)
    return hasGrown(then.matureUnits, this.#matureUnits)
  }

  /**
   * Moves the batches that would be mature if a snapshot were taken at `now`. Without a window all
   * are, always.
   */
  #matureAt(now: number): void {
    const windowMs = this.#windowMs ?? Number.NEGATIVE_INFINITY
    while (true) {
      const [oldest] = this.#waiting
      if (oldest === undefined || oldest.lastAssignedAt + windowMs >= now) return
      this.#matureUnits += oldest.units
      this.#waiting.shift()
    }
  }
}

/** So many units fill a batch, when there are `before` in those before it. */
export function fullBatch(before: number): number {
  return Math.max(LEAST_FULL_BATCH, before)
}

/**
 * By so much a count must grow for a new snapshot: by two per cent, rounded up, and by one at
 * least.
 */
export function growthStep(then: number): number {
  return Math.max(1, Math.ceil(DUE_SHARE * then))
}

function hasGrown(then: number, now: number): boolean {
  return now - then >= growthStep(then)
}
