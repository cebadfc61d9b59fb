// Plays an experiment whose units have features that are true or false, with the service's own
// rule, sums and refreshes, but without a store. Rewards come at once.
import { decodeSums } from '../../src/bandit/context/read-sums.ts'
import { closedBatch, type ScoredSnapshot } from '../../src/bandit/context/scored-ledger.ts'
import { SnapshotRule } from '../../src/bandit/context/snapshot-rule.ts'
import { weightsOf } from '../../src/bandit/context/snapshot-weights.ts'
import { ContextPart, OutcomePart } from '../../src/bandit/context/sum-parts.ts'
import { newUnitSums, type UnitRule } from '../../src/bandit/context/unit-sums.ts'
import { completeDefinition, type DefinitionInput } from '../../src/bandit/experiment/definition-input.ts'
import { type Definition, primaryMetricOf } from '../../src/bandit/experiment/experiment.ts'
import { encode } from '../../src/bandit/features/encode.ts'
import { segmentLevelCount, segmentsOfUnit } from '../../src/bandit/features/segment.ts'
import { type ClosedBatch, freezeSnapshot } from '../../src/stats/context/freeze-snapshot.ts'
import type { Chance } from '../../src/stats/numerics/chance.ts'

/** Arms by position, the control first. A context is a list of true (1) and false (−1). */
export interface ContextWorld {
  readonly units: number
  /** The expected outcome of an arm; `units` came before. */
  readonly meanOf: (arm: number, signs: readonly number[], units: number) => number
  /** Of a continuous metric with the range 0 to 100; null: the outcomes are 0 and 1. */
  readonly sd: number | null
  readonly definition: Definition
}

export interface ContextPolicy {
  readonly arms: number
  readonly features: number
  readonly segments: number
  readonly exploration: number
  /** κ; null: learned. */
  readonly shrinkage: number | null
  readonly isContinuous: boolean
  /** What is reserved for the control; null: it competes with the others. */
  readonly controlShare: number | null
}

/** What happened under one snapshot. */
export interface ContextBatch {
  readonly scored: ScoredSnapshot
  /** How many units had come before. */
  readonly unitsBefore: number
  /** By arm, the sum over the batch's units of what it was expected to bring each of them. */
  readonly expected: readonly number[]
  /** The same of what the units were given, by their propensities, and of each one's best arm. */
  readonly expectedOfPolicy: number
  readonly expectedOfBest: number
}

export function contextDefinition(policy: ContextPolicy): Definition {
  const input: DefinitionInput = {
    key: 'contextual',
    arms: Array.from({ length: policy.arms }, (_, arm) => ({ key: arm === 0 ? 'control' : `arm-${arm}` })),
    metrics: [
      {
        key: 'outcome',
        role: 'primary',
        ...(policy.isContinuous ? { type: 'continuous', range: [0, 100] } : { type: 'binary' }),
      },
    ],
    features: Array.from({ length: policy.features }, (_, place) => ({
      key: `feature-${place + 1}`,
      type: 'boolean',
      segment: place < policy.segments,
    })),
    policy: {
      type: 'contextual',
      exploration: policy.exploration,
      shrinkage: policy.shrinkage,
      controlShare: policy.controlShare,
    },
  }
  return completeDefinition(input)
}

/** A refresh after 50 units at first, then after two per cent more. */
const FIRST_UNITS = 50
const GROWTH = 0.02

export function* playContexts(world: ContextWorld, chance: Chance): Generator<ContextBatch, void, void> {
  const { definition, units } = world
  const contexts = everyContext(definition)
  const closed: ClosedBatch[] = []
  for (let before = 0; before < units; ) {
    const size = Math.min(units - before, Math.max(FIRST_UNITS, Math.ceil(GROWTH * before)))
    const batch = playBatch(world, contexts, { snapshot: closed.length + 1, before, size, closed }, chance)
    closed.push(closedBatch(batch.scored, 0))
    before += size
    yield batch
  }
}

interface Context {
  readonly kept: readonly boolean[]
  readonly text: string
  readonly signs: readonly number[]
  readonly x: Float64Array
  readonly segments: readonly number[]
}

function everyContext({ features = [] }: Definition): Context[] {
  return Array.from({ length: 2 ** features.length }, (_, number) => {
    const kept = features.map((__, place) => (number & (1 << place)) !== 0)
    return {
      kept,
      text: String(number),
      signs: kept.map(value => (value ? 1 : -1)),
      x: encode(features, kept),
      segments: segmentsOfUnit(features, kept),
    }
  })
}

interface Place {
  readonly snapshot: number
  readonly before: number
  readonly size: number
  readonly closed: readonly ClosedBatch[]
}

function playBatch(
  world: ContextWorld,
  contexts: readonly Context[],
  { snapshot, before, size, closed }: Place,
  chance: Chance,
): ContextBatch {
  const { definition, meanOf, sd } = world
  const { arms, metrics } = definition
  const frozen = freezeSnapshot(closed, snapshotOptions(definition))
  const propensities = arms.map(() => 1 / arms.length)
  const rule = new SnapshotRule({ ...frozen, features: definition.features ?? [], propensities })
  const known = contexts.map(({ x, signs }) => ({
    propensities: rule.propensitiesAt(x).slice(),
    means: arms.map((_, arm) => meanOf(arm, signs, before)),
  }))
  const sums = newUnitSums(cached(rule, contexts, known), { metrics, primary: 0, control: 0 })
  const expected = arms.map(() => 0)
  let [expectedOfPolicy, expectedOfBest] = [0, 0]
  for (let unit = 0; unit < size; unit++) {
    const number = Math.floor(chance() * contexts.length)
    const { propensities: own, means } = known[number] as (typeof known)[number]
    const arm = drawArm(own, chance())
    const scored = { arm, propensity: own[arm] as number, context: (contexts[number] as Context).text }
    sums.addUnit(scored)
    const outcome = drawOutcome(means[arm] as number, sd, chance)
    if (outcome !== 0) sums.moveUnit(scored, 0, 0, outcome)
    means.forEach((mean, other) => {
      expected[other] = (expected[other] as number) + mean
      expectedOfPolicy += mean * (own[other] as number)
    })
    expectedOfBest += Math.max(...means)
  }
  const stored = [ContextPart.part, OutcomePart.part].map(part => ({ snapshot, part, sums: sums.merged(part, null) }))
  const decoded = decodeSums(definition, { number: snapshot, propensities }, stored)
  const scored = { snapshot, mature: true, weights: weightsOf(frozen), sums: decoded }
  return { scored, unitsBefore: before, expected, expectedOfPolicy, expectedOfBest }
}

/** The rule, which computes what hangs on a context alone once for all units of the batch. */
function cached(
  rule: SnapshotRule,
  contexts: readonly Context[],
  known: readonly { readonly propensities: Float64Array }[],
): UnitRule {
  const byRow = new Map(contexts.map(({ x }, number) => [x, (known[number] as (typeof known)[number]).propensities]))
  return {
    armCount: rule.armCount,
    dimension: rule.dimension,
    segmentCount: rule.segmentCount,
    predictions: rule.predictions,
    isActive: arm => rule.isActive(arm),
    read: context => contexts[Number(context)] as Context,
    propensitiesAt: x => byRow.get(x) as Float64Array,
  }
}

function snapshotOptions(definition: Definition) {
  const { arms, features = [], policy } = definition
  if (policy.type !== 'contextual') throw new TypeError(`Cannot play the policy ${policy.type}`)
  const primary = primaryMetricOf(definition)
  return {
    goal: primary.goal,
    exploration: policy.exploration,
    reserved: policy.controlShare === null ? null : { arm: 0, share: policy.controlShare },
    active: arms.map(() => true),
    ranges: [primary.range],
    primary: 0,
    propensities: null,
    emptyContext: encode(features, []),
    shrinkage: policy.shrinkage,
    halfLifeMs: null,
    warmStart: null,
    isAdjusted: true,
    segmentCount: segmentLevelCount(features),
  }
}

function drawArm(propensities: Float64Array, draw: number): number {
  let sum = 0
  for (let arm = 0; arm < propensities.length; arm++) {
    sum += propensities[arm] as number
    if (draw < sum) return arm
  }
  return propensities.length - 1
}

function drawOutcome(mean: number, sd: number | null, chance: Chance): number {
  if (sd === null) return chance() < mean ? 1 : 0
  const normal = Math.sqrt(-2 * Math.log(1 - chance())) * Math.cos(2 * Math.PI * chance())
  return Math.min(100, Math.max(0, mean + sd * normal))
}
