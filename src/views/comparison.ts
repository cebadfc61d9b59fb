// Arms compared with the control on one metric, as the text, the page and the plot show it: the
// lifts of the report's own metric, which are read against zero, and those of each guardrail, which
// are read against its margin.

import type { Metric } from '../bandit/metrics/metric.ts'
import {
  liftNotation,
  type Notation,
  type Span,
  UNKNOWN,
  writeEnds,
  writeExactly,
  writeRange,
  writeWithUnit,
} from '../bandit/report/notation.ts'
import { formatLevel } from '../bandit/report/numbers.ts'
import type {
  ArmReport,
  GuardrailFinding,
  GuardrailLift,
  GuardrailVerdict,
  Report,
} from '../bandit/report/report-data.ts'
import { tooEarlyText } from '../bandit/report/too-early.ts'
import { TOO_EARLY } from './words.ts'

type Lift = NonNullable<ArmReport['lift']>

export interface ComparedArm {
  readonly arm: string
  readonly lift: GuardrailLift
  readonly verdict: Lift['verdict'] | GuardrailVerdict
}

export interface Comparison {
  readonly title: string
  readonly arms: readonly ComparedArm[]
  /** One for all the absolute lifts. */
  readonly notation: Notation
  /**
   * The lift beyond which a guardrail's metric is harmed, signed, in the metric's own unit; null:
   * this is no guardrail.
   */
  readonly margin: number | null
  /** What the intervals mean, in a line. */
  readonly legend: string
  /** Why there is no lift to show; null when there is one. */
  readonly missing: string | null
}

/** On the report's own metric: better or worse than no lift, or on a guardrail safe or harmed. */
export function ownComparison(report: Report): Comparison {
  const { arms, metric, control, alpha } = report
  const [guardrail] = metric.role === 'guardrail' ? byGuardrail(report) : []
  if (guardrail !== undefined) return guardrail
  const compared = arms.flatMap(({ arm, lift }) => (lift === null ? [] : [{ arm, lift, verdict: lift.verdict }]))
  return {
    title: `Lift in ${metric.key} over ${control}`,
    arms: compared,
    notation: notationOf(metric, compared),
    margin: null,
    legend: `${validity(compared.length, alpha)}; ${metric.goal === 'increase' ? 'higher' : 'lower'} is better.`,
    missing: whyMissing(report, metric, report.units === report.immatureUnits, compared),
  }
}

/** On the guardrails beside the report's own metric, in the order of the reportData. */
export function guardrailComparisons(report: Report): Comparison[] {
  return report.metric.role === 'guardrail' ? [] : byGuardrail(report)
}

function byGuardrail(report: Report): Comparison[] {
  const { guardrails, control, alpha } = report
  return [...Map.groupBy(guardrails, ({ metric }) => metric.key).values()].map(reportData => {
    const [{ metric, margin, isWithinWindow }] = reportData as [GuardrailFinding]
    const [badSide, sign] = metric.goal === 'increase' ? ['lower', -1] : ['higher', 1]
    const harm = margin === 0 ? 'no worse' : `at most ${writeExactly(metric, margin)} worse`
    return {
      title: `Guardrail ${metric.key}: ${harm} than ${control}; ${badSide} is worse`,
      arms: reportData,
      notation: notationOf(metric, reportData),
      margin: sign * margin,
      legend: `${validity(reportData.length, alpha)}.`,
      missing: whyMissing(report, metric, isWithinWindow, reportData),
    }
  })
}

/**
 * From which p on a lift has a verdict, where several share alpha: a p below alpha is not enough.
 */
export function verdictLegend(arms: readonly ComparedArm[], { alpha }: Report): string[] {
  const [first] = arms
  if (first === undefined || arms.length < 2) return []
  const least = Number((1 - first.lift.level).toPrecision(3))
  return [`A verdict needs p ≤ ${least} (${alpha} over ${arms.length} lifts).`]
}

/** How a guardrail's verdicts are read, said of the mark on the drawing. */
export const MARGIN_LEGEND = 'the margin: harmed when the whole interval lies beyond it, safe when none of it does.'

/** What may be shown and drawn of a lift; nothing while it is too early. */
export function shownLift({ lift }: ComparedArm): Span {
  return lift.sufficientUnits === null ? lift : UNKNOWN
}

/** `+7.66 pp`, or that it is too early. */
export function writeLift({ lift }: ComparedArm, notation: Notation): string {
  return lift.sufficientUnits === null ? writeWithUnit(notation, lift.estimate) : TOO_EARLY
}

/** `['+6.80', '+8.50']`; null while it is too early. */
export function writeLiftEnds({ lift }: ComparedArm, notation: Notation): [lower: string, upper: string] | null {
  return lift.sufficientUnits === null ? writeEnds(notation, lift) : null
}

/**
 * An arm in a sentence, for those who cannot see it drawn: `mens: better. Lift +7.66 pp, from +6.80
 * to +8.51 pp.`
 */
export function liftText({ arm, lift, verdict }: ComparedArm, notation: Notation): string {
  const lead = `${arm}: ${verdict}.`
  if (lift.sufficientUnits !== null) return `${lead} Too early to compare.`
  if (lift.estimate === null) return `${lead} No estimate yet.`
  return `${lead} Lift ${writeWithUnit(notation, lift.estimate)}, ${writeRange(notation, lift)}.`
}

function notationOf(metric: Metric, arms: readonly ComparedArm[]): Notation {
  return liftNotation(metric, arms.map(shownLift))
}

/** `metric`: what is compared, which need not be the report's own. */
function whyMissing(
  { units, control }: Report,
  metric: Metric,
  isWithinWindow: boolean,
  arms: readonly ComparedArm[],
): string | null {
  if (arms.some(arm => shownLift(arm).estimate !== null)) return null
  const needed = arms.flatMap(({ lift }) => lift.sufficientUnits ?? [])
  if (needed.length > 0) return tooEarlyText(Math.max(...needed), Math.max(...arms.map(({ lift }) => lift.units)))
  if (units === 0) return 'Nothing to compare yet: no unit has been assigned.'
  if (isWithinWindow) {
    return `Nothing to compare yet: every unit is still within the window of ${metric.window ?? 'the metric'}.`
  }
  return `Nothing to compare yet: no other arm has run side by side with ${control}.`
}

/** `95 % confidence sequences: all 4 hold at once, at every look`. */
function validity(count: number, alpha: number): string {
  const level = formatLevel(1 - alpha)
  if (count <= 1) return `${level} confidence sequence: it holds at every look`
  return `${level} confidence sequences: ${count === 2 ? 'both' : `all ${count}`} hold at once, at every look`
}
