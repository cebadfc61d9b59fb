import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { assign } from '../../src/bandit/assign.ts'
import { assignInSlices } from '../../src/bandit/assign-batch.ts'
import { Catalogue } from '../../src/bandit/catalogue.ts'
import { StoreUnavailableError } from '../../src/bandit/errors.ts'
import { createExperiment, setStatus } from '../../src/bandit/experiment/change-experiment.ts'
import { completeDefinition } from '../../src/bandit/experiment/definition-input.ts'
import type { Refreshed } from '../../src/bandit/snapshots.ts'
import { openStore } from '../../src/store/open.ts'
import type { Store } from '../../src/store/port.ts'
import { NOON } from '../support/http/service.ts'
import { loadInBulk } from '../support/load-in-bulk.ts'
import { scratchFolder } from '../support/scratch.ts'

const KEY = 'bulk'
const request = { actor: 'test', now: NOON, salt: 'salt' }

let store: Store
let catalogue: Catalogue

beforeEach(async () => {
  store = await openStore('sqlite::memory:')
  catalogue = await Catalogue.load(store)
  const metrics = [{ key: 'visit', type: 'binary', role: 'primary' } as const]
  const definition = completeDefinition({ key: KEY, arms: [{ key: 'a' }, { key: 'b' }], metrics })
  await createExperiment({ store, catalogue }, definition, request)
})

afterEach(() => store.close())

const start = () => setStatus({ store, catalogue }, KEY, 'running', request)
const names = (count: number, prefix = 'u') => Array.from({ length: count }, (_, unit) => `${prefix}${unit}`)

/** The sizes of the slices. */
async function load(
  units: readonly string[],
  deps: Parameters<typeof assignInSlices>[0] = { store, catalogue, now: () => NOON },
): Promise<number[]> {
  const sizes: number[] = []
  for await (const assigned of assignInSlices(deps, KEY, units)) sizes.push(assigned.length)
  return sizes
}

const sizesIn = async (other: Store) => (await other.findSnapshots(1)).map(({ units }) => units)
const batches = () => sizesIn(store)

/** A running experiment, as two processes know it that have opened the same file. */
async function twoProcesses() {
  const folder = scratchFolder()
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const open = async () => {
    const own = await openStore(`sqlite:${join(folder, 'pinwheel.db')}`)
    onTestFinished(() => own.close())
    return own
  }
  const first = await open()
  const { definition } = catalogue.get(KEY).experiment
  const deps = { store: first, catalogue: await Catalogue.load(first) }
  await createExperiment(deps, definition, request)
  await setStatus(deps, KEY, 'running', request)
  const second = await open()
  const now = () => NOON
  return [
    { ...deps, now },
    { store: second, catalogue: await Catalogue.load(second), now },
  ] as const
}

describe('assignInSlices()', () => {
  it('answers every unit once, in its place, and closes each batch when it is full, though no time passes', async () => {
    await start()
    const units = names(5_000)
    const told: string[] = []
    for await (const assigned of assignInSlices({ store, catalogue, now: () => NOON }, KEY, units)) {
      told.push(...assigned.map(({ unit }) => unit))
    }
    expect(told).toEqual(units)
    expect(await batches()).toEqual([100, 100, 200, 400, 800, 1_600, 1_800])
  })

  it('goes on in the next call where the last one left off', async () => {
    await start()
    for (let call = 0; call < 10; call++) await load(names(50, `${call}-`))
    expect(await batches()).toEqual([100, 100, 200, 100])
  })

  it('keeps small slices where hardly any unit is new, and none of one unit', async () => {
    await start()
    await load(names(199))
    expect(await load(names(199))).toEqual([100, 99])
    expect(await batches()).toEqual([100, 99])
  })

  it('keeps nothing and takes no snapshot for a draft or while the experiment is paused', async () => {
    expect((await load(names(300))).reduce((sum, size) => sum + size)).toBe(300)
    await start()
    await setStatus({ store, catalogue }, KEY, 'paused', request)
    await load(names(300))
    expect(await batches()).toEqual([0])
  })

  it('answers though no snapshot can be taken, says so once, and does not try again at once', async () => {
    await start()
    let attempts = 0
    const takeSnapshot = () => {
      attempts += 1
      return Promise.reject(new StoreUnavailableError(new Error('the disk is gone')))
    }
    const told: Refreshed[] = []
    const deps = { catalogue, now: () => NOON, store: { ...store, takeSnapshot } }
    let count = 0
    const slices = assignInSlices({ ...deps, onRefreshed: one => void told.push(one) }, KEY, names(3_000))
    for await (const assigned of slices) count += assigned.filter(({ reason }) => reason === 'assigned').length
    expect([count, attempts]).toEqual([3_000, 1])
    expect(told).toEqual([{ experiment: KEY, error: expect.any(StoreUnavailableError) }])
  })

  it('takes one snapshot a full batch, however many calls race for it', async () => {
    await start()
    await Promise.all(names(8, 'call').map(call => load(names(1_000, call))))
    const sizes = await batches()
    expect(sizes.reduce((sum, units) => sum + units)).toBe(8_000)
    expect(sizes.length).toBeLessThanOrEqual(1 + 1 + Math.log2(8_000 / 100))
    expect(sizes.every((units, position) => units > 0 || position === sizes.length - 1)).toBe(true)
  })

  it('closes each batch when it is full, however many calls come together', async () => {
    await start()
    const calls = await Promise.all(names(24, 'call').map(call => load(names(1_000, `${call}/`))))
    expect(calls.map(sizes => sizes.reduce((sum, size) => sum + size))).toEqual(calls.map(() => 1_000))
    expect((await batches()).slice(0, -1)).toEqual([100, 100, 200, 400, 800, 1_600, 3_200, 6_400])
  })

  it('overfills a batch by less than the smallest slice where calls of few units come together', async () => {
    await start()
    await Promise.all(names(60, 'call').map(call => load(names(70, `${call}/`))))
    const sizes = await batches()
    let before = 0
    for (const units of sizes.slice(0, -1)) {
      expect(units).toBeGreaterThanOrEqual(Math.max(100, before))
      expect(units).toBeLessThan(Math.max(100, before) + 100)
      before += units
    }
    expect(sizes.length).toBeGreaterThan(4)
  })

  it('gives arms to calls that come together though no snapshot can be taken', async () => {
    await start()
    const takeSnapshot = () => Promise.reject(new StoreUnavailableError(new Error('the disk is gone')))
    const deps = { catalogue, now: () => NOON, store: { ...store, takeSnapshot } }
    const calls = await Promise.all(names(24, 'call').map(call => load(names(1_000, `${call}/`), deps)))
    expect(calls.flat().reduce((sum, size) => sum + size)).toBe(24_000)
    expect(await batches()).toEqual([24_000])
  })

  it('gives the room back where the store fails', async () => {
    await start()
    const fail = () => Promise.reject(new StoreUnavailableError(new Error('the disk is gone')))
    const broken = { ...store, keepAssignments: fail, findAssignments: fail, readPulse: fail }
    await Promise.all(
      names(24, 'call').map(call => load(names(300, `${call}/`), { catalogue, now: () => NOON, store: broken })),
    )
    expect([catalogue.get(KEY).growth.freeRoom, await batches()]).toEqual([100, [0]])
    await load(names(400))
    expect(await batches()).toEqual([100, 100, 200])
  })

  it('waits a second at most for room that a hanging call holds', async () => {
    await start()
    const hanging = Promise.withResolvers<never>()
    const hung = { ...store, keepAssignments: () => hanging.promise }
    const first = load(names(100, 'hung'), { catalogue, now: () => NOON, store: hung })
    const startedAt = performance.now()
    await load(names(100), { catalogue, now: () => NOON, store, sleep: ms => setTimeout(ms) })
    expect(performance.now() - startedAt).toBeLessThan(3_000)
    hanging.reject(new StoreUnavailableError(new Error('the disk is gone')))
    await first
    expect(await batches()).toEqual([100])
  })

  it('refuses an experiment that is not there', async () => {
    const slices = assignInSlices({ store, catalogue, now: () => NOON }, 'nobody', ['u'])
    await expect(slices.next()).rejects.toMatchObject({ code: 'experiment_not_found' })
  })
})

describe('assignInSlices() of several processes', () => {
  it('takes no snapshot of a batch that another process has closed, and takes that one in', async () => {
    await start()
    const there = await Catalogue.load(store)
    await load(names(400, 'here'))
    expect(await batches()).toEqual([100, 100, 200])
    // There nobody has heard of these snapshots: its own units make one due, as far as it can tell.
    await assign({ store, catalogue: there }, KEY, names(150, 'there'), NOON)
    expect(there.get(KEY).growth.isDue(NOON)).toBe(true)
    await load(names(10, 'more'), { store, catalogue: there, now: () => NOON })
    expect(await batches()).toEqual([250, 100, 210])
    expect(there.get(KEY).snapshot?.number).toBe(3)
    expect(there.get(KEY).growth.size.units).toBe(400 + 150 + 10)
  })

  it('looks at the store before a slice that might overfill what another process has filled', async () => {
    const [here, there] = await twoProcesses()
    await load(names(100, 'here'), here)
    await load(names(400, 'there'), there)
    expect(await sizesIn(here.store)).toEqual([100, 100, 200, 100])
  })

  it('overfills no batch by more than the other process has on its way, however many calls come to both', async () => {
    const processes = await twoProcesses()
    await Promise.all(
      processes.flatMap((own, place) => names(12, `${place}-`).map(call => load(names(1_000, `${call}/`), own))),
    )
    const sizes = await sizesIn(processes[0].store)
    expect(sizes.reduce((sum, units) => sum + units)).toBe(24_000)
    let before = 0
    for (const units of sizes.slice(0, -1)) {
      expect(units).toBeLessThan(2 * (Math.max(100, before) + 100))
      before += units
    }
    expect(sizes.length).toBeGreaterThan(5)
  })

  it('takes few snapshots though each process knows of its own units only', async () => {
    await start()
    const processes = await Promise.all(
      names(4, 'process').map(async name => ({ name, own: await Catalogue.load(store) })),
    )
    for (let call = 0; call < 5; call++) {
      await Promise.all(
        processes.map(({ name, own }) =>
          load(names(1_000, `${name}-${call}-`), { store, catalogue: own, now: () => NOON }),
        ),
      )
    }
    const sizes = await batches()
    expect(sizes.reduce((sum, units) => sum + units)).toBe(20_000)
    expect(sizes.length).toBeGreaterThan(4)
    expect(sizes.length).toBeLessThanOrEqual(1 + 1 + Math.log2(20_000 / 100))
  })
})

describe('the intervals after a bulk load', () => {
  const design = { units: 17_500, rates: [0.01, 0.01] }
  const SEEDS = [1, 2, 3]

  it('are less than a third as wide as those of one batch, and hold the truth', async () => {
    for (const seed of SEEDS) {
      const loaded = await loadInBulk({ ...design, seed, isRefreshed: true })
      const control = await loadInBulk({ ...design, seed, isRefreshed: false })
      expect(loaded.liftWidth).toBeLessThan(control.liftWidth / 3)
      expect(loaded.meanWidth).toBeLessThan(control.meanWidth / 3)
      expect([loaded.isMissed, control.isMissed]).toEqual([false, false])
      expect([loaded.snapshots, control.snapshots]).toEqual([9, 1])
    }
  })
})
