// The report for a spreadsheet or a data frame: RFC 4180, a row for each arm, every number in full.
// Column names never change their meaning; new ones are added at the end. What cannot be computed
// or is unbounded is empty.
import type { ArmReport, Report } from '../../bandit/report/report-data.ts'
import { csvText } from './csv.ts'

type Value = string | number | boolean | null | undefined

/** In the metric's own unit; shares, probabilities and relative lifts as fractions of one. */
const COLUMNS = {
  experiment: ({ experiment }) => experiment,
  version: ({ version }) => version,
  generatedAt: ({ generatedAt }) => new Date(generatedAt).toISOString(),
  metric: ({ metric }) => metric.key,
  arm: (_, { arm }) => arm,
  isControl: (_, { isControl }) => isControl,
  status: (_, { status }) => status,
  units: (_, { units }) => units,
  successes: (_, { successes }) => successes,
  sum: (_, { sum }) => sum,
  mean: (_, { mean }) => mean,
  propensity: (_, { propensity }) => propensity,
  estimate: (_, { estimate }) => estimate.mean,
  estimateLower: (_, { estimate }) => estimate.lower,
  estimateUpper: (_, { estimate }) => estimate.upper,
  estimateLevel: ({ alpha }) => 1 - alpha,
  absoluteLift: (_, { lift }) => lift?.estimate,
  absoluteLiftLower: (_, { lift }) => lift?.lower,
  absoluteLiftUpper: (_, { lift }) => lift?.upper,
  relativeLift: (_, { lift }) => lift?.relative?.estimate,
  relativeLiftLower: (_, { lift }) => lift?.relative?.lower,
  relativeLiftUpper: (_, { lift }) => lift?.relative?.upper,
  liftLevel: (_, { lift }) => lift?.level,
  pValue: (_, { lift }) => lift?.pValue,
  eValue: (_, { lift }) => lift?.eValue,
  logEValue: (_, { lift }) => lift?.logEValue,
  verdict: verdictOf,
  posteriorMean: (_, { posterior }) => posterior?.mean,
  posteriorLower: (_, { posterior }) => posterior?.lower,
  posteriorUpper: (_, { posterior }) => posterior?.upper,
  probabilityBest: (_, { probabilityBest }) => probabilityBest,
  probabilityBeatsControl: (_, { probabilityBeatsControl }) => probabilityBeatsControl,
  expectedLoss: (_, { expectedLoss }) => expectedLoss,
  immatureUnits: (_, { immatureUnits }) => immatureUnits,
  clippedAbove: (_, { clippedUnits }) => clippedUnits.above,
  clippedBelow: (_, { clippedUnits }) => clippedUnits.below,
  estimateRaw: (_, { estimate }) => estimate.rawEstimate,
  estimateSufficientUnits: (_, { estimate }) => estimate.sufficientUnits,
  absoluteLiftRaw: (_, { lift }) => lift?.rawEstimate,
  relativeLiftRaw: (_, { lift }) => lift?.relative?.rawEstimate,
  liftSufficientUnits: (_, { lift }) => lift?.sufficientUnits,
  recommendation: ({ recommendation }) => recommendation?.action,
  recommendedArms: ({ recommendation }) => recommendation?.arms.join(' '),
  recommendationWhy: ({ recommendation }) => recommendation?.why,
} as const satisfies Record<string, (report: Report, arm: ArmReport) => Value>

/** On a guardrail by its margin, else by the lift. */
function verdictOf({ metric, guardrails }: Report, { arm, lift }: ArmReport): Value {
  if (metric.role !== 'guardrail') return lift?.verdict
  return guardrails.find(finding => finding.arm === arm)?.verdict
}

/**
 * `estimate` and the lifts are confidence sequences, valid at every look; `posterior` is a 95 %
 * credible interval.
 */
export function csvReport(report: Report): string {
  const rows = report.arms.map(arm => Object.values(COLUMNS).map(column => field(column(report, arm))))
  return [Object.keys(COLUMNS), ...rows].map(row => `${row.join(',')}\r\n`).join('')
}

function field(value: Value): string {
  if (value == null || (typeof value === 'number' && !Number.isFinite(value))) return ''
  return typeof value === 'string' ? csvText(value) : String(value)
}
