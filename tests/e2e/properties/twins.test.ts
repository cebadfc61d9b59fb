// The twins of the store translate each other: the same history on SQLite and on PostgreSQL ends
// with the same books and reports.
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Action, type History, histories } from '../../../scripts/fuzz/histories/history.ts'
import { playHistory } from '../../../scripts/fuzz/histories/play-history.ts'
import type { Site, Stage } from '../../../scripts/fuzz/histories/stage.ts'
import { buildReport } from '../../../src/bandit/report/report.ts'
import { readReportInput } from '../../../src/bandit/report/report-input.ts'
import { openStore } from '../../../src/store/open.ts'
import type { UnitFacts } from '../../../src/store/port.ts'
import { PostgresServer } from '../../support/postgres.ts'

const HISTORIES = 12
const SEED = 20_260_105
const TOLERANCE = 1e-12

let server: PostgresServer

beforeAll(async () => {
  server = await PostgresServer.share()
}, 60_000)

afterAll(() => server.destroy())

async function postgresSite(): Promise<Site> {
  const url = server.urlOf(await server.createDatabase())
  return { open: () => openStore(url), destroy: async () => {} }
}

/** PostgreSQL may do in any order what was asked together, so here nothing is. */
function oneByOne({ actions, ...history }: History): History {
  const flat = actions.flatMap((action): readonly Action[] => (action.act === 'together' ? action.acts : [action]))
  return { ...history, actions: flat }
}

/** Everything that was kept, and all that is said of it. */
async function booksOf({ store, now }: Stage) {
  const kept = (await store.findExperiments()).map(async experiment => {
    const { id, definition } = experiment
    const units: UnitFacts[] = []
    const ledgers = await store.audit(id, definition.metrics.length, facts => units.push(facts))
    const reports = definition.metrics.map(async metric =>
      buildReport(await readReportInput(store, experiment, metric), now),
    )
    return { experiment, changes: await store.findChanges(id), units, ledgers, reports: await Promise.all(reports) }
  })
  return Promise.all(kept)
}

async function play(history: History, site?: Site) {
  let books: Awaited<ReturnType<typeof booksOf>> | null = null
  await playHistory(history, {
    site,
    onEnd: async stage => {
      books = await booksOf(stage)
    },
  })
  return books
}

/** The paths at which two values differ, numbers by more than their rounding. */
function differences(one: unknown, other: unknown, path = ''): string[] {
  if (Object.is(one, other)) return []
  if (typeof one === 'number' && typeof other === 'number') {
    const isClose = Math.abs(one - other) <= TOLERANCE * Math.max(1, Math.abs(one))
    return isClose ? [] : [`${path}: ${one}, ${other}`]
  }
  if (typeof one !== 'object' || typeof other !== 'object' || one === null || other === null) {
    return [`${path}: ${JSON.stringify(one)}, ${JSON.stringify(other)}`]
  }
  const keys = new Set([...Object.keys(one), ...Object.keys(other)])
  return [...keys].flatMap(key => differences(Reflect.get(one, key), Reflect.get(other, key), `${path}/${key}`))
}

describe('the same history on SQLite and on PostgreSQL', () => {
  const samples = fc.sample(histories, { seed: SEED, numRuns: HISTORIES }).map(oneByOne)

  it('ends with the same books and the same reports', async () => {
    for (const history of samples) {
      const [one, other] = [await play(history), await play(history, await postgresSite())]
      expect(one).toHaveLength(2)
      expect(differences(one, other)).toEqual([])
    }
  })

  it('would show a difference in the twelfth digit', () => {
    expect(differences({ sum: [1] }, { sum: [1 + 2e-12] })).toEqual(['/sum/0: 1, 1.000000000002'])
    expect(differences({ sum: [1] }, { sum: [1 + 2e-13] })).toEqual([])
    expect(differences({ sum: [1] }, { sum: [1, 0] })).toEqual(['/sum/1: undefined, 0'])
  })
})
