// What an experiment has shown on one metric: what the policy believes, what the evidence says, and what to do. Computed from the
// ledger alone, so it costs the same for a thousand units and for a billion.
import { bestArm } from '../stats/best-arm.ts'
import type { Estimate, Interval } from '../stats/confidence-sequence.ts'
import { type Ledger, matureBatches, pooledTallies, unitsIn } from '../stats/ledger.ts'
import { type Effects, estimateEffects, type Lift } from '../stats/lift.ts'
import { type Posterior, posteriorMean } from '../stats/posterior.ts'
import { type SampleRatio, sampleRatio } from '../stats/sample-ratio.ts'
import { EMPTY_TALLY } from '../stats/tally.ts'
import { controlOf, type Definition, type Experiment, primaryMetricOf, type Status } from './experiment.ts'
import { type GuardrailFinding, judgeGuardrail } from './guardrail.ts'
import { posteriorsOf } from './learn.ts'
import { ledgerOf } from './maturity.ts'
import type { Metric } from './metric.ts'
import { type Recommendation, recommend } from './recommendation.ts'
import { notesOn } from './report-notes.ts'
import type { Store, StoredLedger } from './store.ts'

/** Ends of an interval around a mean; null: unbounded, or not known. */
export interface MeanInterval {
  readonly mean: number | null
  readonly lower: number | null
  readonly upper: number | null
}

export interface ArmReport {
  readonly arm: string
  readonly isControl: boolean
  readonly status: 'active' | 'retired'
  /** Mature units, and what they showed. */
  readonly units: number
  /** Units with an outcome of 1; null for a continuous metric. */
  readonly successes: number | null
  readonly sum: number
  readonly mean: number | null
  /** What the policy believes: a 95 % credible interval, from effective counts. No evidence. */
  readonly posterior: MeanInterval | null
  readonly probabilityBest: number | null
  readonly probabilityBeatsControl: number | null
  readonly expectedLoss: number | null
  /** The share of new units that it gets now; null while it gets none. */
  readonly propensity: number | null
  /** The confidence sequence of its mean: valid at every look. */
  readonly estimate: MeanInterval
  /** Over the control; null for the control itself. */
  readonly lift: Lift | null
}

export interface Report {
  readonly experiment: string
  readonly description: string
  readonly status: Status
  readonly version: number
  readonly winner: string | null
  /** Instants, ms since 1970. */
  readonly generatedAt: number
  readonly startedAt: number | null
  readonly metric: Metric
  readonly control: string
  /** All units, those whose window is still open included. */
  readonly units: number
  readonly immatureUnits: number
  readonly snapshots: number
  readonly alpha: number
  readonly arms: readonly ArmReport[]
  /** What the policy earned per unit over giving everyone the control. */
  readonly policyLift: Effects['policyLift']
  readonly sampleRatio: SampleRatio
  readonly guardrails: readonly GuardrailFinding[]
  readonly recommendation: Recommendation
  /** What is missing, immature or unbounded, and why: plain sentences. */
  readonly notes: readonly string[]
}

const CREDIBLE_ENDS = [0.025, 0.975] as const

/** The report on `metric` (the primary one unless named) as of `now`. */
export async function report(
  { store }: { store: Pick<Store, 'readLedger'> },
  experiment: Experiment,
  now: number,
  metric: Metric = primaryMetricOf(experiment.definition),
): Promise<Report> {
  const { definition } = experiment
  const stored = await store.readLedger(experiment.id, definition.metrics.indexOf(metric))
  const ledger = ledgerOf(experiment, metric, stored, now)
  const effects = effectsOn(definition, metric, ledger)
  const arms = armReports(experiment, metric, ledger, stored, effects)
  const ratio = sampleRatio(ledger, { arms: definition.arms.length, plannedUnits: definition.plannedUnits })
  const guardrails = metric.role === 'primary' ? await guardrailFindings(store, experiment, now) : []
  const units = unitsIn(ledger)
  const facts = {
    experiment: definition.key,
    description: definition.description,
    status: experiment.status,
    version: experiment.version,
    winner: experiment.winner,
    generatedAt: now,
    startedAt: experiment.startedAt,
    metric,
    control: definition.control,
    units,
    immatureUnits: units - unitsIn(matureBatches(ledger)),
    snapshots: stored.snapshots.length,
    alpha: definition.alpha,
    arms,
    policyLift: effects.policyLift,
    sampleRatio: ratio,
    guardrails,
  }
  return { ...facts, recommendation: recommend(facts), notes: notesOn(facts, definition, stored) }
}

function effectsOn(definition: Definition, metric: Metric, ledger: Ledger): Effects {
  const { arms, alpha, plannedUnits } = definition
  return estimateEffects(ledger, { arms: arms.length, control: controlOf(definition), metric, alpha, plannedUnits })
}

function armReports(
  { definition, status }: Experiment,
  metric: Metric,
  ledger: Ledger,
  stored: StoredLedger,
  effects: Effects,
): ArmReport[] {
  const tallies = pooledTallies(matureBatches(ledger), definition.arms.length)
  const standings = standingsOf(definition, metric, ledger)
  const current = status === 'running' ? stored.snapshots.at(-1)?.propensities : undefined
  return definition.arms.map(({ key, retired }, arm) => {
    const { units, sum } = tallies[arm] ?? EMPTY_TALLY
    return {
      arm: key,
      isControl: key === definition.control,
      status: retired ? 'retired' : 'active',
      units,
      successes: metric.type === 'binary' ? sum : null,
      sum,
      mean: units === 0 ? null : sum / units,
      ...(standings[arm] ?? UNKNOWN_STANDING),
      propensity: current?.[arm] ?? null,
      estimate: meanInterval(effects.means[arm] as Estimate),
      lift: effects.lifts[arm] ?? null,
    }
  })
}

type Standing = Pick<ArmReport, 'posterior' | 'probabilityBest' | 'probabilityBeatsControl' | 'expectedLoss'>

const UNKNOWN_STANDING: Standing = {
  posterior: null,
  probabilityBest: null,
  probabilityBeatsControl: null,
  expectedLoss: null,
}

/** Where each arm stands in the policy's belief. Only active arms compete; a retired one keeps its credible interval. */
function standingsOf(definition: Definition, metric: Metric, ledger: Ledger): Standing[] {
  const posteriors = posteriorsOf(definition, metric, ledger)
  const active = definition.arms.flatMap(({ retired }, arm) => (retired ? [] : [arm]))
  if (posteriors === null) {
    const even = { ...UNKNOWN_STANDING, probabilityBest: 1 / active.length }
    return definition.arms.map(({ retired }) => (retired ? UNKNOWN_STANDING : even))
  }
  const control = active.indexOf(controlOf(definition))
  const competing = bestArm(
    active.map(arm => posteriors[arm] as Posterior),
    { goal: metric.goal, quantiles: CREDIBLE_ENDS, ...(control !== -1 && { control }) },
  )
  return definition.arms.map((_, arm) => {
    const posterior = posteriors[arm] as Posterior
    const place = active.indexOf(arm)
    const standing =
      place === -1 ? bestArm([posterior], { goal: metric.goal, quantiles: CREDIBLE_ENDS })[0] : competing[place]
    const [lower = null, upper = null] = standing?.quantiles ?? []
    const interval = { posterior: { mean: posteriorMean(posterior), lower, upper } }
    if (place === -1 || standing === undefined) return { ...UNKNOWN_STANDING, ...interval }
    const { probabilityBest, probabilityBeatsControl, expectedLoss } = standing
    return {
      ...interval,
      probabilityBest,
      probabilityBeatsControl: arm === controlOf(definition) ? null : probabilityBeatsControl,
      expectedLoss,
    }
  })
}

async function guardrailFindings(
  store: Pick<Store, 'readLedger'>,
  experiment: Experiment,
  now: number,
): Promise<GuardrailFinding[]> {
  const { definition } = experiment
  const findings: GuardrailFinding[] = []
  for (const [position, metric] of definition.metrics.entries()) {
    if (metric.role !== 'guardrail') continue
    const ledger = ledgerOf(experiment, metric, await store.readLedger(experiment.id, position), now)
    const { lifts } = effectsOn(definition, metric, ledger)
    for (const [arm, { key }] of definition.arms.entries()) {
      const lift = lifts[arm]
      if (lift != null) findings.push(judgeGuardrail(metric, key, lift))
    }
  }
  return findings
}

function meanInterval({ estimate, lower, upper }: Interval): MeanInterval {
  return { mean: estimate, lower, upper }
}
