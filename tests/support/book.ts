// Everything that a service has kept, as one value: what a refused request must leave as it was,
// and what must balance at any time.
import { expect } from 'vitest'
import { verify } from '../../src/bandit/verify.ts'
import type { UnitFacts } from '../../src/store/port.ts'
import type { Service } from './http/service.ts'

/**
 * Experiments with their versions and history, ledgers, and every assignment with its rewards, the
 * late ones too.
 */
export async function bookOf({ store, catalogue }: Pick<Service, 'store' | 'catalogue'>) {
  const experiments = await store.findExperiments()
  const kept = experiments.map(async ({ id, definition }) => {
    const units: UnitFacts[] = []
    const ledgers = await store.audit(id, definition.metrics.length, facts => units.push(facts))
    return { changes: await store.findChanges(id), units, ledgers }
  })
  const live = catalogue.all().map(({ experiment, snapshot }) => ({ experiment, snapshot }))
  return { experiments, live, kept: await Promise.all(kept) }
}

/** Recomputes every ledger from the assignments and rewards, and expects no difference. */
export async function expectBalance({ store }: Pick<Service, 'store'>): Promise<void> {
  for (const experiment of await store.findExperiments()) {
    expect((await verify({ store }, experiment)).discrepancies, experiment.definition.key).toEqual([])
  }
}
