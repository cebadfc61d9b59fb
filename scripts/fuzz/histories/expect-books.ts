// What must be true of the books after any history, whatever was answered on the way.
import assert from 'node:assert/strict'
import { type Experiment, primaryMetricOf } from '../../../src/bandit/experiment/experiment.ts'
import { outcomeOf } from '../../../src/bandit/metrics/outcome.ts'
import { verify } from '../../../src/bandit/verify.ts'
import type { SnapshotHead, StoredLedger, UnitFacts, UnitTotals } from '../../../src/store/port.ts'
import { type ExperimentModel, sideOf } from './history-model.ts'
import type { Stage } from './stage.ts'

const LEAST_PROPENSITY = 0.001

/** How many acts a history had, in all; so that nobody takes empty histories for good ones. */
export interface Played {
  readonly units: number
  readonly rewards: number
  readonly snapshots: number
  readonly versions: number
}

/** @throws AssertionError */
export async function expectBooks(stage: Stage, models: readonly ExperimentModel[]): Promise<Played> {
  const stored = await stage.store.findExperiments()
  assert.deepEqual(
    stored,
    models.map(({ experiment }) => experiment),
    'the store has the experiments as they were answered',
  )
  assert.deepEqual(
    stage.catalogue.all().map(({ experiment }) => experiment),
    stored,
    'so has the process',
  )
  const played = { units: 0, rewards: 0, snapshots: 0, versions: 0 }
  for (const model of models) {
    const { experiment } = model
    const { discrepancies, units, rewards } = await verify(stage, experiment)
    assert.deepEqual(discrepancies, [], 'tallies = facts')
    const { ledgers, facts } = await expectOneLedger(stage, experiment)
    const [{ snapshots }] = ledgers as [StoredLedger]
    expectSnapshots(snapshots, model)
    expectUnits(await allTotals(stage, experiment), model)
    expectEvents(facts, model)
    expectTotals(ledgers, model)
    expectGrowth(stage, ledgers, model)
    await expectChanges(stage, experiment)
    played.units += units
    played.rewards += rewards
    played.snapshots += snapshots.length
    played.versions += experiment.version
  }
  return played
}

/** The ledger from memory is the ledger in the tables, to the last bit. */
async function expectOneLedger({ store }: Stage, { id, definition }: Experiment) {
  const facts: UnitFacts[] = []
  const audited = await store.audit(id, definition.metrics.length, unit => facts.push(unit))
  const ledgers = audited.map(({ archived, ...ledger }): StoredLedger => ledger)
  for (const [metric, ledger] of ledgers.entries()) {
    assert.deepEqual(await store.readLedger(id, metric), ledger, 'the ledger in memory is the one in the tables')
  }
  return { ledgers, facts }
}

function expectSnapshots(snapshots: readonly SnapshotHead[], { versions }: ExperimentModel): void {
  for (const [position, { number, version, propensities }] of snapshots.entries()) {
    assert.equal(number, position + 1, 'snapshots have no gaps')
    const arms = versions.get(version)?.definition.arms ?? []
    assert.deepEqual(
      propensities.map(share => share === null),
      arms.map(arm => arm.retired),
      'retired arms have no propensity',
    )
    const shares = propensities.filter(share => share !== null)
    assert.ok(
      shares.every(share => share >= LEAST_PROPENSITY * (1 - 1e-12)),
      `too small: ${shares}`,
    )
    const sum = shares.reduce((total, share) => total + share, 0)
    assert.ok(Math.abs(sum - 1) <= 1e-12, `propensities sum to ${sum}`)
  }
}

/** Few at a time, so that the pages meet. */
async function allTotals({ store }: Stage, { id, definition }: Experiment): Promise<UnitTotals[]> {
  const all: UnitTotals[] = []
  for (let after: string | null = null; ; after = all.at(-1)?.unit ?? null) {
    const page = await store.readTotals(id, { after, limit: 4, metricCount: definition.metrics.length })
    if (page.length === 0) return all
    all.push(...page)
  }
}

function expectUnits(units: readonly UnitTotals[], { kept }: ExperimentModel): void {
  assert.equal(units.length, kept.size, 'as many units as were given an arm')
  for (const { totals: _, ...assignment } of units) {
    assert.deepEqual(
      assignment,
      { ...kept.get(assignment.unit), context: null },
      'every unit has the one arm that it was first given',
    )
  }
}

function expectEvents(facts: readonly UnitFacts[], model: ExperimentModel): void {
  for (const { unit, rewards } of facts) {
    for (const [position, { key }] of model.experiment.definition.metrics.entries()) {
      const events = rewards.filter(({ metricPosition }) => metricPosition === position)
      const { stored, counted } = model.factsOf(unit, key)
      assert.deepEqual(
        [events.length, events.filter(({ isCounted }) => isCounted).length],
        [stored, counted],
        'counted once',
      )
    }
  }
}

/** The sum of each arm's outcomes, over all snapshots, from the model's own totals. */
function expectTotals(ledgers: readonly StoredLedger[], model: ExperimentModel): void {
  const { arms, metrics } = model.experiment.definition
  for (const [position, metric] of metrics.entries()) {
    const cells = ledgers[position]?.cells ?? []
    for (const arm of arms.keys()) {
      const own = cells.filter(cell => cell.arm === arm)
      const units = [...model.kept.values()].filter(kept => kept.arm === arm).map(({ unit }) => unit)
      const outcomes = units.map(unit => outcomeOf(metric, model.factsOf(unit, metric.key).total))
      const counted = units.reduce((sum, unit) => sum + model.factsOf(unit, metric.key).counted, 0)
      assert.equal(sumOf(own.map(cell => cell.units)), units.length)
      assert.equal(sumOf(own.map(cell => cell.rewards)), counted)
      const [here, there] = [sumOf(outcomes), sumOf(own.map(cell => cell.sum))]
      assert.ok(Math.abs(here - there) <= 1e-9 * Math.max(1, Math.abs(here)), `${metric.key}: ${there}, not ${here}`)
      const sides = units.map(unit => sideOf(metric, model.factsOf(unit, metric.key).total))
      const clipped = { above: sumOf(own.map(cell => cell.unitsAbove)), below: sumOf(own.map(cell => cell.unitsBelow)) }
      for (const side of ['above', 'below'] as const) {
        assert.equal(clipped[side], sides.filter(each => each === side).length, `units ${side} the range`)
      }
      const seen = units.flatMap(unit => model.factsOf(unit, metric.key).totals.map(total => outcomeOf(metric, total)))
      const largest = Math.max(0, ...own.map(cell => cell.largestOutcome))
      assert.equal(largest, Math.max(0, ...seen.map(Math.abs)), 'the largest outcome')
    }
  }
}

/** What is counted along in memory, and decides when a snapshot is due. */
function expectGrowth(
  { catalogue }: Stage,
  ledgers: readonly StoredLedger[],
  { experiment, kept }: ExperimentModel,
): void {
  const { definition } = experiment
  const { cells } = ledgers[definition.metrics.indexOf(primaryMetricOf(definition))] as StoredLedger
  const rewards = sumOf(cells.map(cell => cell.rewards))
  assert.deepEqual(catalogue.get(definition.key).growth.size, { units: kept.size, rewards }, 'the growth in memory')
}

async function expectChanges({ store }: Stage, { id, version }: Experiment): Promise<void> {
  const versions = (await store.findChanges(id)).map(change => change.version)
  assert.deepEqual(
    versions,
    Array.from({ length: version }, (_, position) => position + 1),
    'each change is in the history',
  )
}

function sumOf(numbers: readonly number[]): number {
  return numbers.reduce((sum, number) => sum + number, 0)
}
