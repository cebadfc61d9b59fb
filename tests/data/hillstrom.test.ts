// Hillstrom's e-mail test dealt to Thompson sampling by the bandit's own verbs: the e-mails win,
// and copies of one arm do not.
import { describe, expect, it } from 'vitest'
import { assign } from '../../src/bandit/assign.ts'
import { Catalogue } from '../../src/bandit/catalogue.ts'
import { createExperiment, setStatus } from '../../src/bandit/experiment/change-experiment.ts'
import { completeDefinition } from '../../src/bandit/experiment/definition-input.ts'
import { buildReport } from '../../src/bandit/report/report.ts'
import { readReportInput } from '../../src/bandit/report/report-input.ts'
import { recordRewards } from '../../src/bandit/rewards.ts'
import { refreshSnapshots } from '../../src/bandit/snapshots.ts'
import { verify } from '../../src/bandit/verify.ts'
import { openStore } from '../../src/store/open.ts'
import { hasPublishedData, readCsv } from '../support/samples/published-data.ts'

const isThere = hasPublishedData()

/** So many units arrive in a second of the replay. */
const UNITS_A_SECOND = 200

/**
 * Deals the outcomes (1: visited) of each arm, each once, to the units that get it, until an arm
 * has none left.
 */
async function replay(outcomes: Readonly<Record<string, readonly number[]>>) {
  const store = await openStore('sqlite::memory:')
  const deps = { store, catalogue: await Catalogue.load(store) }
  let now = 1_000_000
  const definition = completeDefinition({
    key: 'mail',
    arms: Object.keys(outcomes).map(key => ({ key })),
    metrics: [{ key: 'visit', type: 'binary', role: 'primary' }],
    plannedUnits: 64_000,
  })
  await createExperiment(deps, definition, { actor: 'test', now, salt: 'hillstrom' })
  const experiment = await setStatus(deps, 'mail', 'running', { actor: 'test', now })
  const decks = new Map(Object.entries(outcomes).map(([arm, values]) => [arm, values.values()]))
  for (let isOver = false, unit = 0; !isOver; ) {
    const units = Array.from({ length: UNITS_A_SECOND }, () => `u${unit++}`)
    const visits = []
    for (const assigned of await assign(deps, 'mail', units, now)) {
      const { value, done } = decks.get(assigned.arm.key)?.next() ?? { done: true }
      if (done) isOver = true
      if (value === 1) visits.push({ unit: assigned.unit, metric: 'visit', value: 1 })
    }
    await recordRewards(deps, visits, now)
    now += 1_000
    await refreshSnapshots(deps, now)
  }
  const result = {
    report: await buildReport(await readReportInput(deps.store, experiment), now),
    verification: await verify(deps, experiment),
  }
  await store.close()
  return result
}

describe.skipIf(!isThere)("Hillstrom's e-mails", () => {
  const rows = isThere ? readCsv('hillstrom/hillstrom.csv') : []
  const visitsOf = (segment: string) => rows.filter(row => row.segment === segment).map(row => Number(row.visit))

  it('both win against none, the one for men most', async () => {
    const { report: reportData, verification } = await replay({
      control: visitsOf('No E-Mail'),
      mens: visitsOf('Mens E-Mail'),
      womens: visitsOf('Womens E-Mail'),
    })
    expect(reportData.arms.map(({ arm, lift }) => [arm, lift?.verdict])).toEqual([
      ['control', undefined],
      ['mens', 'better'],
      ['womens', 'better'],
    ])
    expect(reportData.recommendation).toMatchObject({ action: 'ship', arm: 'mens' })
    // The lifts of the whole experiment, 7.66 and 4.52 points, lie within.
    for (const [arm, published] of [
      [1, 0.07659],
      [2, 0.04523],
    ] as const) {
      expect(reportData.arms[arm]?.lift?.lower).toBeLessThan(published)
      expect(reportData.arms[arm]?.lift?.upper).toBeGreaterThan(published)
    }
    expect(verification.discrepancies).toEqual([])
  })

  it('stay undecided when all three arms get the outcomes of one', async () => {
    const visits = visitsOf('No E-Mail')
    const every = (offset: number) => visits.filter((_, position) => position % 3 === offset)
    const { report: reportData } = await replay({ control: every(0), mens: every(1), womens: every(2) })
    expect(reportData.units).toBeGreaterThan(10_000)
    expect(reportData.arms.map(({ lift }) => lift?.verdict)).toEqual([undefined, 'undecided', 'undecided'])
    expect(reportData.recommendation).toMatchObject({ action: 'continue' })
  })
})
