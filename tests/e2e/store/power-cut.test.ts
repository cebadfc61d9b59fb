// What a power cut leaves of a SQLite file: whatever had been synced, and of what was written later
// any part. Everything that was acknowledged must be in it. The disk is a model: it knows what the
// write-ahead log had when each completed sync began.
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { assign } from '../../../src/bandit/assign.ts'
import { Catalogue } from '../../../src/bandit/catalogue.ts'
import { recordRewards } from '../../../src/bandit/rewards.ts'
import { refreshSnapshots } from '../../../src/bandit/snapshots.ts'
import { verify } from '../../../src/bandit/verify.ts'
import { openStore } from '../../../src/store/open.ts'
import type { Store } from '../../../src/store/port.ts'
import { type SyncFile, syncFile } from '../../../src/store/sqlite/files/wal-sync.ts'
import { DEATH, liveOn } from '../../support/life.ts'
import { seededRandom } from '../../support/samples/random.ts'
import { scratchFolder } from '../../support/scratch.ts'

vi.setConfig({ testTimeout: 1_200_000 })

const HEADER_BYTES = 32
const FRAME_BYTES = 4_096 + 24

/** Set PINWHEEL_POWER_CUTS for more of them. */
const IMAGES = Number(process.env.PINWHEEL_POWER_CUTS ?? 120)

let folder: string
let path: string
let random: () => number

beforeEach(() => {
  folder = scratchFolder()
  path = join(folder, 'pinwheel.db')
  random = seededRandom(11)
})

afterEach(() => rmSync(folder, { recursive: true }))

/** The log as it was when a sync began that has completed. */
interface Synced {
  readonly salt: string
  readonly bytes: number
}

/** Each beginning of a log has a salt of its own. */
function saltOf(log: Buffer): string {
  return log.subarray(16, 24).toString('hex')
}

/**
 * Where its last valid frame ends: a log that began anew still has frames of the one before, with
 * another salt.
 */
function endOf(log: Buffer): number {
  if (log.length < HEADER_BYTES) return log.length
  const salt = saltOf(log)
  let end = HEADER_BYTES
  while (end + FRAME_BYTES <= log.length && log.subarray(end + 8, end + 16).toString('hex') === salt) end += FRAME_BYTES
  return end
}

/** The disk's own sync, watched. */
function watchedSync(onSynced: (synced: Synced) => void): SyncFile {
  return async descriptor => {
    const log = readFileSync(`${path}-wal`)
    const synced = { salt: saltOf(log), bytes: endOf(log) }
    await syncFile(descriptor)
    onSynced(synced)
  }
}

interface Image {
  readonly path: string
  /** What had been acknowledged before. */
  readonly units: readonly string[]
  readonly rewards: number
  /** How often the log had begun anew. */
  readonly beginnings: number
}

/**
 * The log that a power cut leaves: what was synced stays; later frames are there, or cut off, or
 * zeroed, one by one. Where it has begun anew since, SQLite itself has synced its header.
 */
function cutLog(log: Buffer, synced: Synced): Buffer {
  const safe = synced.salt === saltOf(log) ? synced.bytes : HEADER_BYTES
  const left = Buffer.from(log)
  const frames = Math.floor((log.length - safe) / FRAME_BYTES)
  const cut = safe + Math.floor(random() * (frames + 1)) * FRAME_BYTES
  if (random() < 0.5) return left.subarray(0, Math.min(log.length, cut + Math.floor(random() * 2) * 100))
  for (let at = safe; at < log.length; at += FRAME_BYTES)
    if (at >= cut || random() < 0.3) left.fill(0, at, at + FRAME_BYTES)
  return left
}

/**
 * What the file was before the log was first copied into it since it began: each page of it may be
 * the old one until the log begins anew.
 */
interface Before {
  readonly salt: string
  readonly file: Buffer
}

const PAGE_BYTES = 4_096

function cutFile(file: Buffer, before: Before | null, log: Buffer): Buffer {
  if (before === null || before.salt !== saltOf(log)) return file
  const left = Buffer.from(file)
  for (let at = 0; at < before.file.length; at += PAGE_BYTES)
    if (random() < 0.5) before.file.copy(left, at, at, at + PAGE_BYTES)
  return left
}

interface Run {
  readonly images: number
  /** Makes the sync of the store, which tells of each that has completed. */
  readonly makeSync: (onSynced: (synced: Synced) => void) => SyncFile
}

/** Keeps a store busy, and cuts the power so many times, at any moment. */
async function cutPower({ images, makeSync }: Run): Promise<Image[]> {
  const first = await openStore(`sqlite:${path}`)
  await liveOn(first)
  await first.close()
  let synced: Synced = { salt: '', bytes: 0 }
  let before: Before | null = null
  const store = await openStore(`sqlite:${path}`, { sync: makeSync(known => (synced = known)) })
  const acknowledged = { units: [] as string[], rewards: 0, isOver: false }
  const taken: Image[] = []
  const clients = Array.from({ length: 4 }, (_, client) => beBusy(store, client, acknowledged))
  while (taken.length < images) {
    await new Promise(resolve => setTimeout(resolve, 4 * random()))
    const [log, file] = [readFileSync(`${path}-wal`), readFileSync(path)]
    if (log.length < HEADER_BYTES) continue
    const image = join(folder, `${taken.length}.db`)
    writeFileSync(image, cutFile(file, before, log))
    writeFileSync(`${image}-wal`, cutLog(log, synced))
    const { units, rewards } = acknowledged
    taken.push({ path: image, units: [...units], rewards, beginnings: log.readUInt32BE(12) })
    if (taken.length % 5 !== 0) continue
    if (before?.salt !== saltOf(log)) before = { salt: saltOf(log), file }
    // SQLite syncs the log before it writes to the file.
    synced = { salt: saltOf(log), bytes: endOf(log) }
    checkpoint(taken.length % 10 === 0 ? 'RESTART' : 'PASSIVE')
  }
  acknowledged.isOver = true
  await Promise.all(clients)
  await store.close()
  return taken
}

async function beBusy(
  store: Store,
  client: number,
  acknowledged: { readonly units: string[]; rewards: number; readonly isOver: boolean },
): Promise<void> {
  const deps = { store, catalogue: await Catalogue.load(store) }
  for (let turn = 0; !acknowledged.isOver; turn++) {
    const names = Array.from({ length: 1 + (turn % 5) * client }, (_, unit) => `client ${client}, ${turn}.${unit}`)
    await assign(deps, 'search', names, DEATH)
    acknowledged.units.push(...names)
    const rewards = names.map(unit => ({ unit, metric: 'spend', value: 1, id: `of ${unit}` }))
    await recordRewards(deps, rewards, DEATH)
    acknowledged.rewards += rewards.length
    if (turn % 40 === 0) await refreshSnapshots(deps, DEATH)
  }
}

function checkpoint(mode: 'PASSIVE' | 'RESTART'): void {
  const db = new Database(path)
  db.pragma('synchronous = NORMAL')
  db.pragma(`wal_checkpoint(${mode})`)
  db.close()
}

/** What is missing of what had been acknowledged. */
async function lossesOf({ path: image, ...acknowledged }: Image): Promise<string[]> {
  const store = await openStore(`sqlite:${image}`)
  try {
    const experiment = (await store.findExperiments()).find(({ definition }) => definition.key === 'search')
    if (experiment === undefined) return ['the experiment']
    const found = await store.findAssignments(experiment.id, acknowledged.units)
    const losses = acknowledged.units.filter((_, position) => found[position] === null)
    const { rewards, discrepancies } = await verify({ store }, experiment)
    if (rewards < acknowledged.rewards) losses.push(`${acknowledged.rewards - rewards} rewards`)
    return [...losses, ...discrepancies.map(({ cell }) => cell)]
  } finally {
    await store.close()
  }
}

async function allLosses(images: readonly Image[]): Promise<string[]> {
  const losses: string[] = []
  for (const image of images) losses.push(...(await lossesOf(image)).map(loss => `${image.path}: ${loss}`))
  return losses
}

describe('a power cut', () => {
  it(`takes nothing that was acknowledged, in ${IMAGES} images of the disk`, async () => {
    const images = await cutPower({ images: IMAGES, makeSync: watchedSync })
    expect(await allLosses(images)).toEqual([])
    // It was cut under load, and also after the log had begun anew.
    expect(images.at(-1)?.units.length).toBeGreaterThan(IMAGES)
    expect(images.some(({ beginnings }) => beginnings > 0)).toBe(true)
  })

  it('takes what was answered before the sync: the control of the above', async () => {
    const images = await cutPower({ images: 30, makeSync: () => async () => {} })
    expect((await allLosses(images)).length).toBeGreaterThan(0)
  })

  it('takes what was answered after a sync that had begun before the commit: another control', async () => {
    const late = (onSynced: (synced: Synced) => void): SyncFile => {
      let last = { salt: '', bytes: HEADER_BYTES }
      return async () => {
        // Each sync covers what the one before should have.
        onSynced(last)
        const log = readFileSync(`${path}-wal`)
        last = { salt: saltOf(log), bytes: endOf(log) }
      }
    }
    const images = await cutPower({ images: 60, makeSync: late })
    expect((await allLosses(images)).length).toBeGreaterThan(0)
  })
})
