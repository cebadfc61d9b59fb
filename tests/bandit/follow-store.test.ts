// Two processes on one store, as two catalogues over two openings of it.
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { assign } from '../../src/bandit/assign.ts'
import { Catalogue } from '../../src/bandit/catalogue.ts'
import { applyDefinition, setStatus } from '../../src/bandit/experiment/change-experiment.ts'
import { completeDefinition } from '../../src/bandit/experiment/definition-input.ts'
import type { Definition } from '../../src/bandit/experiment/experiment.ts'
import { followStore } from '../../src/bandit/follow-store.ts'
import { buildReport } from '../../src/bandit/report/report.ts'
import { readReportInput } from '../../src/bandit/report/report-input.ts'
import { refreshSnapshots } from '../../src/bandit/snapshots.ts'
import { openStore } from '../../src/store/open.ts'
import type { Store } from '../../src/store/port.ts'
import { scratchFolder } from '../support/scratch.ts'

interface Process {
  readonly store: Store
  readonly catalogue: Catalogue
}

const START = 1_000_000
const request = { actor: 'test', now: START, salt: 'salt' }

function emails(changes: Partial<Definition> = {}): Definition {
  const metrics = [{ key: 'visit', type: 'binary', role: 'primary' } as const]
  return { ...completeDefinition({ key: 'emails', arms: [{ key: 'a' }, { key: 'b' }], metrics }), ...changes }
}

/** The whole definition, with nothing left out. */
function apply(deps: Parameters<typeof applyDefinition>[0], definition: Definition) {
  return applyDefinition(deps, definition.key, () => definition, request)
}

describe('followStore()', () => {
  let folder: string
  let here: Process
  let there: Process

  beforeEach(async () => {
    folder = scratchFolder()
    const open = async () => {
      const store = await openStore(`sqlite:${join(folder, 'x.db')}`)
      return { store, catalogue: await Catalogue.load(store) }
    }
    here = await open()
    there = await open()
    await apply(here, emails())
  })

  afterEach(async () => {
    await here.store.close()
    await there.store.close()
    rmSync(folder, { recursive: true })
  })

  const units = (prefix: string, count: number) => Array.from({ length: count }, (_, unit) => `${prefix}${unit}`)

  it('takes in what was created, started and changed elsewhere', async () => {
    expect(there.catalogue.find('emails')).toBeUndefined()
    await setStatus(here, 'emails', 'running', request)
    await followStore(there)
    expect(there.catalogue.get('emails')).toMatchObject({ experiment: { status: 'running' }, snapshot: { number: 1 } })
    await apply(here, emails({ description: 'new' }))
    await followStore(there)
    expect(there.catalogue.get('emails').experiment).toEqual(here.catalogue.get('emails').experiment)
  })

  it('serves a snapshot that was taken elsewhere, and counts what was assigned there', async () => {
    await setStatus(here, 'emails', 'running', request)
    await followStore(there)
    await assign(here, 'emails', units('u', 50), START)
    await refreshSnapshots(here, START + 5_000)
    await followStore(there)
    const live = there.catalogue.get('emails')
    expect(live.snapshot).toMatchObject(here.catalogue.get('emails').snapshot ?? {})
    expect(live.growth.size).toEqual({ units: 50, rewards: 0 })
  })

  it('lets two that find a snapshot due take one', async () => {
    await setStatus(here, 'emails', 'running', request)
    await followStore(there)
    await Promise.all([assign(here, 'emails', units('u', 20), START), assign(there, 'emails', units('v', 20), START)])
    await Promise.all([followStore(here), followStore(there)])
    const taken = await Promise.all([refreshSnapshots(here, START + 5_000), refreshSnapshots(there, START + 5_000)])
    expect(taken.flat()).toHaveLength(1)
    expect(await here.store.findSnapshots(1)).toHaveLength(2)
  })

  it('is what a change does that comes second, so that it is made on what is there', async () => {
    await setStatus(here, 'emails', 'running', request)
    // There it was not even known yet.
    expect(await setStatus(there, 'emails', 'paused', request)).toMatchObject({ status: 'paused', version: 3 })
    await apply(here, emails({ description: 'first' }))
    const { experiment } = await apply(there, emails({ description: 'second' }))
    expect(experiment).toMatchObject({ version: 5, definition: { description: 'second' } })
  })

  it('comes before a change, which would else find nothing to do, or not be allowed', async () => {
    await setStatus(here, 'emails', 'running', request)
    await followStore(there)
    await setStatus(here, 'emails', 'paused', request)
    expect(await setStatus(there, 'emails', 'running', request)).toMatchObject({ status: 'running', version: 4 })
    await setStatus(here, 'emails', 'stopped', request)
    await expect(setStatus(there, 'emails', 'paused', request)).rejects.toMatchObject({ code: 'invalid_transition' })
  })

  it('need not have come for a unit that was given an arm which is new elsewhere', async () => {
    await setStatus(here, 'emails', 'running', request)
    await followStore(there)
    const policy = { type: 'fixed', weights: { a: 0, b: 0, c: 1 } }
    const more = completeDefinition({ ...emails(), arms: [{ key: 'a' }, { key: 'b' }, { key: 'c' }], policy } as never)
    await apply(here, more)
    expect((await assign(here, 'emails', ['u1'], START))[0]?.arm.key).toBe('c')
    expect((await assign(there, 'emails', ['u1'], START))[0]).toMatchObject({ reason: 'kept', arm: { key: 'c' } })
    await refreshSnapshots(here, START + 5_000)
    const { experiment } = there.catalogue.get('emails')
    expect(await buildReport(await readReportInput(there.store, experiment), START)).toMatchObject({
      version: 2,
      units: 0,
      snapshots: 1,
    })
    await setStatus(here, 'emails', 'paused', request)
    expect((await assign(there, 'emails', ['u1'], START))[0]).toMatchObject({ reason: 'kept', arm: { key: 'c' } })
  })

  it('takes in after a look that failed what that one had been told', async () => {
    await setStatus(here, 'emails', 'running', request)
    const failing = { ...there.store, findExperiments: () => Promise.reject(new Error('away')) }
    await expect(followStore({ catalogue: there.catalogue, store: failing })).rejects.toThrow('away')
    await followStore(there)
    expect(there.catalogue.get('emails').experiment.status).toBe('running')
  })

  it('knows after a second look what a first one, still under way, was told', async () => {
    await setStatus(here, 'emails', 'running', request)
    const slow = {
      ...there.store,
      findExperiments: async () => {
        await new Promise(resolve => setTimeout(resolve, 20))
        return there.store.findExperiments()
      },
    }
    const first = followStore({ catalogue: there.catalogue, store: slow })
    await followStore(there)
    expect(there.catalogue.get('emails').experiment.status).toBe('running')
    await first
  })

  it('asks for nothing while nobody else has written', async () => {
    await followStore(here)
    const asked: string[] = []
    const store = new Proxy(here.store, {
      get(target, name: keyof Store) {
        asked.push(name)
        return target[name]
      },
    })
    await followStore({ catalogue: here.catalogue, store })
    expect(asked).toEqual(['readPulse'])
  })
})
