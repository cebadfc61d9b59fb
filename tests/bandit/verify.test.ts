import { rmSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { assign } from '../../src/bandit/assign.ts'
import { Catalogue } from '../../src/bandit/catalogue.ts'
import { createExperiment, setStatus } from '../../src/bandit/experiment/change-experiment.ts'
import { completeDefinition } from '../../src/bandit/experiment/definition-input.ts'
import type { Experiment } from '../../src/bandit/experiment/experiment.ts'
import { recordRewards } from '../../src/bandit/rewards.ts'
import { refreshSnapshots } from '../../src/bandit/snapshots.ts'
import { verify } from '../../src/bandit/verify.ts'
import { openStore } from '../../src/store/open.ts'
import type { Store } from '../../src/store/port.ts'
import { seededRandom } from '../support/samples/random.ts'
import { scratchFolder } from '../support/scratch.ts'

describe('verify()', () => {
  let folder: string
  let store: Store
  let experiment: Experiment

  beforeEach(async () => {
    folder = scratchFolder()
    store = await openStore(`sqlite:${join(folder, 'x.db')}`)
    experiment = await live(store)
  })

  afterEach(async () => {
    await store.close()
    rmSync(folder, { recursive: true })
  })

  function tamper(sql: string): void {
    const db = new Database(join(folder, 'x.db'))
    expect(db.prepare(sql).run().changes).toBeGreaterThan(0)
    db.close()
  }

  it('finds no difference after a life with corrections, late rewards, retries and refreshes', async () => {
    const { units, rewards, cells, discrepancies } = await verify({ store }, experiment)
    expect(discrepancies).toEqual([])
    expect(units).toBe(400)
    expect(rewards).toBeGreaterThan(400)
    expect(cells).toBeGreaterThan(20)
  })

  it.each([
    [
      'a tally of units',
      'UPDATE tallies SET units = units + 1 WHERE metric = 0 AND snapshot = 2 AND arm = 1',
      /tally buy, snapshot 2, arm green, units/,
    ],
    [
      'a tally of outcomes',
      'UPDATE tallies SET sum = sum + 0.01 WHERE metric = 1 AND snapshot = 1 AND arm = 0',
      /tally spend, snapshot 1, arm control, sum$/,
    ],
    [
      'a counter of rewards',
      'UPDATE tallies SET rewards = rewards + 1 WHERE metric = 0 AND snapshot = 1 AND arm = 0',
      /tally buy, snapshot 1, arm control, rewards/,
    ],
    [
      'a count of units above the range',
      'UPDATE tallies SET units_above = units_above + 1 WHERE metric = 1 AND snapshot = 1 AND arm = 0',
      /tally spend, snapshot 1, arm control, unitsAbove/,
    ],
    [
      'a count of units below the range',
      'UPDATE tallies SET units_below = units_below + 1 WHERE metric = 1 AND snapshot = 1 AND arm = 0',
      /tally spend, snapshot 1, arm control, unitsBelow/,
    ],
    [
      'a largest outcome',
      'UPDATE tallies SET largest = largest - 1e-9 WHERE metric = 1 AND snapshot = 1 AND arm = 0',
      /tally spend, snapshot 1, arm control, largestOutcome/,
    ],
    ['a lost reward', "DELETE FROM rewards WHERE unit = 'u1' AND metric = 0 AND sequence = 1", /u1|tally buy/],
    ['a lost assignment', "DELETE FROM assignments WHERE unit = 'u1'", /tally|snapshot/],
    ['another arm', "UPDATE assignments SET arm = 1 - arm WHERE unit = 'u1'", /unit u1, arm/],
    ['another propensity', "UPDATE assignments SET propensity = 0.123 WHERE unit = 'u1'", /unit u1, propensity/],
    [
      'a reward counted against the window',
      "UPDATE rewards SET counted = 1 - counted WHERE unit = 'u1' AND metric = 0 AND sequence = 1",
      /unit u1, reward of .* counted/,
    ],
    [
      'a running total',
      "UPDATE rewards SET total = total + 1 WHERE unit = 'u1' AND metric = 0 AND sequence = 1",
      /unit u1, buy, total/,
    ],
    [
      'a cell that should not be',
      'INSERT INTO tallies VALUES (1, 0, 99, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0)',
      /tally buy, snapshot 99, arm green, units/,
    ],
    ['the count of a snapshot', 'UPDATE snapshots SET units = units + 1 WHERE number = 2', /snapshot 2, units/],
  ])('names %s', async (_, sql, cell) => {
    tamper(sql)
    const { discrepancies } = await verify({ store }, experiment)
    expect(discrepancies.map(discrepancy => discrepancy.cell).join('\n')).toMatch(cell)
  })
})

/** An experiment that has lived: 400 units over many snapshots, with rewards of every kind. */
async function live(store: Store): Promise<Experiment> {
  const random = seededRandom(7)
  const catalogue = await Catalogue.load(store)
  const deps = { catalogue, store }
  const definition = completeDefinition({
    key: 'checkout',
    arms: [{ key: 'control' }, { key: 'green' }],
    metrics: [
      { key: 'buy', type: 'binary', role: 'primary', window: '1m' },
      { key: 'spend', type: 'continuous', range: [0, 50] },
    ],
  })
  let now = 1_000_000
  await createExperiment(deps, definition, { actor: 'test', now, salt: 'pepper' })
  await setStatus(deps, 'checkout', 'running', { actor: 'test', now })
  for (let unit = 0; unit < 400; unit++) {
    now += 100
    await assign(deps, 'checkout', [`u${unit}`], now)
    const about = `u${Math.floor(random() * (unit + 1))}`
    await recordRewards(
      deps,
      [
        { unit: `u${unit}`, metric: 'buy', value: 1, id: `buy-${unit}` },
        { unit: about, metric: 'buy', value: random() < 0.3 ? -1 : 1, at: now - Math.floor(30_000 * random()) },
        { unit: about, metric: 'spend', value: 40 * random() - 5, id: `spend-${Math.floor(unit / 2)}` },
        { unit: 'nobody', metric: 'buy', value: 1 },
      ],
      now,
    )
    if (unit % 3 === 0) await refreshSnapshots(deps, now)
  }
  return setStatus(deps, 'checkout', 'stopped', { actor: 'test', now })
}
