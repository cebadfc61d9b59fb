// What an experiment has shown on one metric: what the policy believes, what the evidence says, and
// what to do. Computed from the ledger alone, so it costs the same for a thousand units and for a
// billion.
import type { Posterior } from '../../stats/belief/posterior.ts'
import { RunningRowEffects } from '../../stats/context/row-effects.ts'
import { rowSampleRatio } from '../../stats/context/row-sample-ratio.ts'
import type { RowValues } from '../../stats/context/score-row.ts'
import { type Ledger, matureBatches, pooledTallies, unitsIn } from '../../stats/ledger.ts'
import { type EffectOptions, type Effects, RunningEffects } from '../../stats/lift/lift.ts'
import { pairwiseLifts } from '../../stats/lift/pairwise-lifts.ts'
import { RunningSampleRatio, type SampleRatio } from '../../stats/sample-ratio.ts'
import { EMPTY_TALLY } from '../../stats/tally.ts'
import { fitMetric, posteriorsAtMeanContext } from '../context/metric-fit.ts'
import { differsByUnit, policyBatch, type ScoredSnapshot, scoredBatch, scoredLedger } from '../context/scored-ledger.ts'
import { armAt, controlOf, type Definition, type Experiment, minDurationMsOf } from '../experiment/experiment.ts'
import { batchesInPieces, giveWay } from '../give-way.ts'
import { ledgerOf } from '../maturity.ts'
import { judgeGuardrail } from '../metrics/guardrail.ts'
import { kindOf } from '../metrics/registry.ts'
import { posteriorsOf } from '../policies/learn.ts'
import { standingsOf } from '../policies/standing.ts'
import { type Clipping, clippingsOf, NONE_CLIPPED } from './clipping.ts'
import { type MissingRewards, missingRewardsOf } from './missing-rewards.ts'
import { recommend } from './recommendation.ts'
import type {
  ArmLift,
  ArmReport,
  GuardrailFinding,
  MeanEstimate,
  PairLift,
  Report,
  ReportData,
  Standing,
} from './report-data.ts'
import type { MetricInput, ReportInput } from './report-input.ts'
import { notesOn } from './report-notes.ts'
import { partsOf } from './sections/registry.ts'
import { silenceOf } from './silence.ts'
import { armLift, type ComparedMean, meanEstimate } from './too-early.ts'

/**
 * The report as of `now`. It follows from the input and the instant alone; between its pieces, each
 * of some milliseconds, it waits for `pause`, so that other requests are served.
 */
export async function buildReport(input: ReportInput, now: number, pause = giveWay): Promise<Report> {
  const { experiment, metric, stored } = input
  const { definition } = experiment
  const isPrimary = metric.role === 'primary'
  const own = await analyse(input, input, now, pause)
  const { ledger, effects } = own
  const guarded = metric.role === 'guardrail' ? [own] : []
  for (const guardrail of input.guardrails) guarded.push(await analyse(input, guardrail, now, pause))
  await pause()
  // Where units have propensities of their own, tallies do not compare two arms, and rows have no
  // product of the scores of two that are not the control.
  const differs = own.scored.some(({ sums }) => differsByUnit(sums))
  const pairs = isPrimary && !differs ? pairLifts(experiment, own) : []
  const sampleRatio =
    own.scored.length === 0
      ? await sampleRatioOf(ledger, definition.arms.length, pause)
      : rowSampleRatio(rowsOf(own.scored), definition.arms.length, definition.plannedUnits)
  await pause()
  const arms = armReports(experiment, own)
  await pause()
  const units = unitsIn(ledger)
  const every = [own, ...guarded.filter(each => each !== own)]
  const reportData: ReportData = {
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
    sampleRatio,
    guardrails: guarded.flatMap(each => guardrailReportData(definition, each)),
    clippings: every.flatMap(({ clippings }) => clippings),
    missing: every.flatMap(({ missing }) => missing),
    silence: isPrimary && experiment.status === 'running' ? silenceOf(stored, now) : null,
    minDuration: minDurationOf(experiment),
    pairs,
  }
  return {
    ...reportData,
    recommendation: recommend(reportData),
    notes: notesOn(reportData, definition, stored),
    parts: partsOf(input, now),
  }
}

function minDurationOf({ definition, startedAt }: Experiment): ReportData['minDuration'] {
  const { minDuration } = definition
  if (minDuration === undefined || startedAt === null) return null
  return { text: minDuration, until: startedAt + minDurationMsOf(definition) }
}

/** All that the ledger of one metric shows. */
interface MetricData extends MetricInput {
  readonly ledger: Ledger
  /** Of an experiment with features, in the place of the ledger's tallies; else empty. */
  readonly scored: readonly ScoredSnapshot[]
  readonly effects: Effects
  /** By arm. */
  readonly means: readonly MeanEstimate[]
  readonly lifts: readonly (ArmLift | null)[]
  readonly clippings: readonly Clipping[]
  readonly missing: readonly MissingRewards[]
}

async function analyse(
  { experiment, sums }: ReportInput,
  { metric, stored }: MetricInput,
  now: number,
  pause: typeof giveWay,
): Promise<MetricData> {
  await pause()
  const { definition } = experiment
  const ledger = ledgerOf(experiment, metric, stored, now)
  const { alpha, plannedUnits } = definition
  const options = { arms: definition.arms.length, control: controlOf(definition), metric, alpha, plannedUnits }
  const scored = scoredLedger(stored.snapshots, ledger, sums)
  const effects =
    scored.length === 0
      ? await estimateEffects(ledger, options, pause)
      : await estimateRowEffects(scored, definition.metrics.indexOf(metric), options, pause)
  const compared = effects.means.map((mean, arm): ComparedMean => {
    const last = stored.snapshots.findLast(({ propensities }) => propensities[arm] != null)
    const propensity = last?.propensities[arm] ?? null
    return { propensity, estimate: meanEstimate(mean, propensity, options) }
  })
  const lifts = effects.lifts.map((lift, arm) => {
    const [own, control] = [compared[arm], compared[options.control]]
    return lift === null || own === undefined || control === undefined ? null : armLift(lift, own, control, options)
  })
  const means = compared.map(({ estimate }) => estimate)
  const [clippings, missing] = [
    clippingsOf(definition, metric, stored.cells),
    missingRewardsOf(definition, metric, stored.cells),
  ]
  return { metric, stored, ledger, scored, effects, means, lifts, clippings, missing }
}

/** As the function of lift.ts, in pieces. */
async function estimateEffects(ledger: Ledger, options: EffectOptions, pause: typeof giveWay): Promise<Effects> {
  const running = new RunningEffects(options)
  await batchesInPieces(matureBatches(ledger), options.arms, batch => running.add(batch), pause)
  return { means: running.means(), lifts: running.lifts(), policyLift: running.policyLift() }
}

/** As the function of row-effects.ts, in pieces. */
async function estimateRowEffects(
  scored: readonly ScoredSnapshot[],
  metric: number,
  options: EffectOptions,
  pause: typeof giveWay,
): Promise<Effects> {
  const running = new RunningRowEffects(options)
  await batchesInPieces(
    scored.filter(({ mature }) => mature),
    options.arms,
    batch => running.add(scoredBatch(batch, metric), policyBatch(batch, metric)),
    pause,
  )
  return { means: running.means(), lifts: running.lifts(), policyLift: running.policyLift() }
}

function rowsOf(scored: readonly ScoredSnapshot[]): RowValues[] {
  return scored.flatMap(({ sums }) => sums.rows.slice(0, 1))
}

async function sampleRatioOf(ledger: Ledger, arms: number, pause: typeof giveWay): Promise<SampleRatio> {
  const running = new RunningSampleRatio(arms)
  // A batch costs the square of the arms here.
  await batchesInPieces(ledger, arms * (1 + arms / 50), batch => running.add(batch), pause)
  return running.ratio()
}

/**
 * Of the active arm with the best lift, over the others that are better than the control: it is the
 * one that may beat them all.
 */
function pairLifts({ definition }: Experiment, { metric, ledger, lifts }: MetricData): PairLift[] {
  const { arms, alpha, plannedUnits } = definition
  const better = arms.flatMap(({ retired }, arm) => (!retired && lifts[arm]?.verdict === 'better' ? [arm] : []))
  if (better.length < 2) return []
  const sign = metric.goal === 'increase' ? 1 : -1
  const gainOf = (arm: number) => sign * (lifts[arm]?.rawEstimate ?? Number.NEGATIVE_INFINITY)
  const best = better.reduce((one, other) => (gainOf(other) > gainOf(one) ? other : one))
  const options = { arms: arms.length, metric, alpha, plannedUnits }
  return pairwiseLifts(ledger, options, better, [best]).map(({ arm, over, lower, upper, verdict }) => {
    return { arm: armAt(definition, arm).key, over: armAt(definition, over).key, lower, upper, verdict }
  })
}

function guardrailReportData({ arms }: Definition, { metric, ledger, lifts }: MetricData): GuardrailFinding[] {
  const isWithinWindow = unitsIn(ledger) > 0 && unitsIn(matureBatches(ledger)) === 0
  return arms.flatMap(({ key }, arm) => {
    const lift = lifts[arm]
    return lift == null ? [] : [judgeGuardrail(metric, key, lift, isWithinWindow)]
  })
}

/** What is believed of each arm's mean over all units; null while nothing is. */
export function beliefsOf(
  definition: Definition,
  { metric, ledger, scored }: Pick<MetricData, 'metric' | 'ledger' | 'scored'>,
): readonly Posterior[] | null {
  return scored.some(({ sums }) => differsByUnit(sums))
    ? posteriorsAtMeanContext(fitMetric(definition, metric, scored))
    : posteriorsOf(definition, metric, ledger)
}

function armReports({ definition, status }: Experiment, data: MetricData): ArmReport[] {
  const { metric, ledger, stored, means, lifts, clippings } = data
  const armCount = definition.arms.length
  const mature = pooledTallies(matureBatches(ledger), armCount)
  const all = pooledTallies(ledger, armCount)
  const standings = standingsOf(definition, metric, beliefsOf(definition, data))
  const current = status === 'running' ? stored.snapshots.at(-1)?.propensities : undefined
  return definition.arms.map(({ key, retired }, arm) => {
    const { units, sum } = mature[arm] ?? EMPTY_TALLY
    const { above, below } = clippings[arm] ?? NONE_CLIPPED
    return {
      arm: key,
      isControl: key === definition.control,
      status: retired ? 'retired' : 'active',
      units,
      immatureUnits: (all[arm]?.units ?? 0) - units,
      clippedUnits: { above, below },
      successes: kindOf(metric).isShare ? sum : null,
      sum,
      mean: units === 0 ? null : sum / units,
      ...(standings[arm] as Standing),
      propensity: current?.[arm] ?? null,
      estimate: means[arm] as MeanEstimate,
      lift: lifts[arm] ?? null,
    }
  })
}
