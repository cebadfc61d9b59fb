// What an experiment has shown on one metric: what the policy believes, what the evidence says, and what to do. Computed from the
// ledger alone, so it costs the same for a thousand units and for a billion.
import type { Estimate } from '../stats/confidence-sequence.ts'
import { type Ledger, matureBatches, pooledTallies, unitsIn } from '../stats/ledger.ts'
import { type Effects, estimateEffects } from '../stats/lift.ts'
import { sampleRatio } from '../stats/sample-ratio.ts'
import { EMPTY_TALLY } from '../stats/tally.ts'
import { controlOf, type Definition, type Experiment, primaryMetricOf } from './experiment.ts'
import type { ArmReport, Findings, MeanInterval, Standing } from './findings.ts'
import { giveWay } from './give-way.ts'
import { type GuardrailFinding, judgeGuardrail } from './guardrail.ts'
import { readKnownLedger } from './known-ledger.ts'
import { ledgerOf } from './maturity.ts'
import type { Metric } from './metric.ts'
import { type Recommendation, recommend } from './recommendation.ts'
import { notesOn } from './report-notes.ts'
import { standingsOf } from './standing.ts'
import type { Store, StoredLedger } from './store.ts'

export type { ArmReport, MeanInterval } from './findings.ts'

/** The findings, what to do about them, and what to keep in mind. */
export interface Report extends Findings {
  /** Null on a metric that is not the primary one: decisions rest on that. */
  readonly recommendation: Recommendation | null
  /** What is missing, immature or unbounded, and why: plain sentences. */
  readonly notes: readonly string[]
}

/** The report on `metric` (the primary one unless named) as of `now`. */
export async function report(
  { store }: { store: Pick<Store, 'readLedger'> },
  experiment: Experiment,
  now: number,
  metric: Metric = primaryMetricOf(experiment.definition),
): Promise<Report> {
  const { definition } = experiment
  const stored = await readKnownLedger(store, experiment, metric)
  await giveWay()
  const ledger = ledgerOf(experiment, metric, stored, now)
  const effects = effectsOn(definition, metric, ledger)
  await giveWay()
  const arms = armReports(experiment, metric, ledger, stored, effects)
  const ratio = sampleRatio(ledger, { arms: definition.arms.length })
  const guardrails = metric.role === 'primary' ? await guardrailFindings(store, experiment, now) : []
  const units = unitsIn(ledger)
  const findings: Findings = {
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
  return { ...findings, recommendation: recommend(findings), notes: notesOn(findings, definition, stored) }
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
      ...(standings[arm] as Standing),
      propensity: current?.[arm] ?? null,
      estimate: meanInterval(effects.means[arm] as Estimate),
      lift: effects.lifts[arm] ?? null,
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
  for (const metric of definition.metrics) {
    if (metric.role !== 'guardrail') continue
    const stored = await readKnownLedger(store, experiment, metric)
    await giveWay()
    const ledger = ledgerOf(experiment, metric, stored, now)
    const { lifts } = effectsOn(definition, metric, ledger)
    for (const [arm, { key }] of definition.arms.entries()) {
      const lift = lifts[arm]
      if (lift != null) findings.push(judgeGuardrail(metric, key, lift))
    }
  }
  return findings
}

function meanInterval({ estimate, lower, upper }: Estimate): MeanInterval {
  return { mean: estimate, lower, upper }
}
