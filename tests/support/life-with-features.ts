// An experiment with features as a store has it in the end: contexts, rules and sums.
import { ExperimentScoring } from '../../src/bandit/context/scoring.ts'
import { ruleText } from '../../src/bandit/context/snapshot-rule.ts'
import { chooseArm, drawOf } from '../../src/bandit/draw.ts'
import { changeBetween } from '../../src/bandit/experiment/change.ts'
import { completeDefinition } from '../../src/bandit/experiment/definition-input.ts'
import type { Experiment } from '../../src/bandit/experiment/experiment.ts'
import type { Metric } from '../../src/bandit/metrics/metric.ts'
import { freezeSnapshot } from '../../src/stats/context/freeze-snapshot.ts'
import type { NewSnapshot, Store } from '../../src/store/port.ts'
import { DEATH } from './life.ts'

const SALT = 'salt of features'
const BIRTH = DEATH - 86_400_000
const PROPENSITIES = [0.25, 0.75]

const FEATURES = [
  { key: 'recency', type: 'numeric', range: [0, 99], scale: 'linear', step: null, retired: false },
] as const

/** What is known before the first unit. */
const RULE = ruleText({
  features: FEATURES,
  propensities: PROPENSITIES,
  ...freezeSnapshot([], {
    goal: 'increase',
    exploration: 1,
    reserved: null,
    active: [true, true],
    ranges: [[0, 1]],
    primary: 0,
    propensities: PROPENSITIES,
    emptyContext: Float64Array.of(1, 0, 1),
    shrinkage: null,
    halfLifeMs: null,
    warmStart: null,
    isAdjusted: true,
    segmentCount: 0,
  }),
})

/** Units of this experiment; every third one has a reward, every fourth came without a context. */
export const FEATURED_UNITS = 40

/** Two snapshots, and units that the openers of a database assign in turns; stopped in the end. */
export async function liveWithFeatures(openers: readonly Store[]): Promise<Experiment> {
  const [store] = openers as [Store]
  const definition = {
    ...completeDefinition({
      key: 'featured',
      arms: [{ key: 'control' }, { key: 'green' }],
      metrics: [{ key: 'buy', type: 'binary', role: 'primary' }],
    }),
    features: FEATURES,
  }
  const draft = { definition, status: 'draft', winner: null, startedAt: null, stoppedAt: null } as const
  const entry = changeBetween(null, draft, { action: 'created', at: BIRTH, actor: 'test' })
  let experiment = await store.createExperiment({ definition, salt: SALT, createdAt: BIRTH }, entry)

  async function change(state: Partial<Experiment>, snapshot: NewSnapshot | null): Promise<Experiment> {
    if (experiment === null) throw new TypeError('There is no experiment to be changed')
    const after = { ...experiment, ...state }
    const entry = changeBetween(experiment, after, { action: 'changed', at: BIRTH, actor: 'test' })
    experiment = await store.changeExperiment(experiment, after, entry, snapshot)
    return experiment as Experiment
  }

  const { id } = await change({ status: 'running', startedAt: BIRTH }, snapshot(1, 2))
  const scorings = openers.map(() => new ExperimentScoring(definition))
  for (let place = 0; place < FEATURED_UNITS; place++) {
    if (place === FEATURED_UNITS / 2) await store.takeSnapshot(id, snapshot(2, 2))
    const opener = openers[place % openers.length] as Store
    const scoring = scorings[place % openers.length] as ExperimentScoring
    const unit = `unit ${place}`
    const arm = chooseArm(PROPENSITIES, drawOf(SALT, unit))
    const context = place % 4 === 0 ? {} : { context: `[${place / 8}]` }
    await opener.keepAssignments({
      experimentId: id,
      snapshot: place < FEATURED_UNITS / 2 ? 1 : 2,
      assignedAt: BIRTH + place,
      metrics: definition.metrics,
      units: [{ unit, arm, propensity: PROPENSITIES[arm] as number, ...context }],
      scoring,
    })
    const metric = {
      metricPosition: 0,
      metric: definition.metrics[0] as Metric,
      attribution: { windowMs: null, until: null },
    }
    const reward = {
      experimentId: id,
      ...metric,
      unit,
      value: 1,
      at: BIRTH + place,
      isDatedHere: false,
      id: null,
      scoring,
    }
    if (place % 3 === 0) await opener.recordRewards([reward])
  }
  return change({ status: 'stopped', stoppedAt: BIRTH + 1_000, winner: 'green' }, null)
}

function snapshot(number: number, version: number): NewSnapshot {
  const ledgerSize = { units: 0, rewards: 0 }
  const frozen = { propensities: PROPENSITIES, allDecided: false, ledgerSize, rule: RULE }
  return { number, version, reason: 'refresh', createdAt: BIRTH, ...frozen }
}
