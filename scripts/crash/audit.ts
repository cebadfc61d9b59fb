// Looks into the database itself: its books, and what the client was told. A service may use it
// meanwhile, but nobody may change the experiment.

import type { Experiment } from '../../src/bandit/experiment/experiment.ts'
import { verify } from '../../src/bandit/verify.ts'
import { openStore } from '../../src/store/open.ts'
import type { Store, UnitFacts } from '../../src/store/port.ts'
import { EXPERIMENT } from './definition.ts'
import { type ClientRecord, type Events, type Facts, type Mark, METRICS } from './record.ts'

/**
 * What is lost, in sentences: every difference that `verify` finds, and what the database has not
 * as it was acknowledged. `since`: it must have what had been acknowledged by then; null: all of
 * it, and nothing else.
 */
export async function audit(databaseUrl: string, record: ClientRecord, since: Mark | null): Promise<string[]> {
  const store = await openStore(databaseUrl)
  try {
    const experiment = (await store.findExperiments()).find(({ definition }) => definition.key === EXPERIMENT)
    if (experiment === undefined) return ['the experiment is not in the database']
    const { version, definition } = experiment
    const changes = await store.findChanges(experiment.id)
    return [
      ...record.lossesIn(await factsIn(store, experiment), since),
      ...record.definition.lossesIn({ ...definition, version }, changes, since?.version),
      // One wrong fact may put many cells wrong.
      ...(await differencesIn(store, experiment)),
    ]
  } finally {
    await store.close()
  }
}

async function differencesIn(store: Store, experiment: Experiment): Promise<string[]> {
  const { discrepancies } = await verify({ store }, experiment)
  return discrepancies.map(
    ({ cell, recomputed, kept }) =>
      `verify: ${cell}: recomputed ${JSON.stringify(recomputed)}, kept ${JSON.stringify(kept)}`,
  )
}

async function factsIn(store: Store, { id, definition }: Experiment): Promise<Facts[]> {
  const facts: Facts[] = []
  await store.audit(id, definition.metrics.length, ({ rewards, ...assignment }) => {
    const { unit, propensity, snapshot } = assignment
    const arm = definition.arms[assignment.arm]?.key ?? `arm ${assignment.arm}`
    const assignedAt = new Date(assignment.assignedAt).toISOString()
    const [visit, spend] = METRICS.map((_, position) => eventsIn(rewards, position)) as [Events, Events]
    facts.push({ told: { unit, arm, propensity, snapshot, assignedAt }, events: { visit, spend } })
  })
  return facts
}

function eventsIn(rewards: UnitFacts['rewards'], position: number): Events {
  const counted = rewards.filter(({ metricPosition, isCounted }) => metricPosition === position && isCounted)
  return { count: counted.length, sum: counted.reduce((sum, { value }) => sum + value, 0) }
}
