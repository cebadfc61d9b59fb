// Arms compared with the control on one metric, as the text, the page and the plot show it: the lifts of the report's own metric,
// which are read against zero, and those of each guardrail, which are read against its margin.
import type { GuardrailFinding, GuardrailVerdict } from '../bandit/guardrail.ts'
import type { Metric } from '../bandit/metric.ts'
import type { ArmReport, Report } from '../bandit/report.ts'
import { liftNotation, type Notation, writeExactly, writeRange, writeWithUnit } from './notation.ts'
import { formatLevel } from './numbers.ts'

type Lift = NonNullable<ArmReport['lift']>

export interface ComparedArm {
  readonly arm: string
  readonly lift: Lift
  readonly verdict: Lift['verdict'] | GuardrailVerdict
}

export interface Comparison {
  readonly title: string
  readonly arms: readonly ComparedArm[]
  /** One for all the absolute lifts. */
  readonly notation: Notation
  /** The lift beyond which a guardrail's metric is harmed, signed, in the metric's own unit; null: this is no guardrail. */
  readonly margin: number | null
  /** What the intervals mean, in a line. */
  readonly legend: string
  /** Why there is no lift to show; null when there is one. */
  readonly missing: string | null
}

/** On the report's own metric: better or worse than no lift. */
export function liftComparison(report: Report): Comparison {
  const { arms, metric, control, alpha } = report
  const compared = arms.flatMap(({ arm, lift }) => (lift === null ? [] : [{ arm, lift, verdict: lift.verdict }]))
  return {
    title: `Lift in ${metric.key} over ${control}`,
    arms: compared,
    notation: notationOf(metric, compared),
    margin: null,
    legend: `${validity(compared.length, alpha)}; ${metric.goal === 'increase' ? 'higher' : 'lower'} is better.`,
    missing: isKnown(compared) ? null : whyMissing(report),
  }
}

/** One for each guardrail, in the order of the findings: safe or harmed, by its margin. */
export function guardrailComparisons({ guardrails, control, alpha }: Report): Comparison[] {
  return [...Map.groupBy(guardrails, ({ metric }) => metric.key).values()].map(findings => {
    const [{ metric, margin }] = findings as [GuardrailFinding]
    const [badSide, sign] = metric.goal === 'increase' ? ['lower', -1] : ['higher', 1]
    const harm = margin === 0 ? 'no worse' : `at most ${writeExactly(metric, margin)} worse`
    return {
      title: `Guardrail ${metric.key}: ${harm} than ${control}; ${badSide} is worse`,
      arms: findings,
      notation: notationOf(metric, findings),
      margin: sign * margin,
      legend: `${validity(findings.length, alpha)}.`,
      missing: isKnown(findings) ? null : 'Nothing to compare yet.',
    }
  })
}

/** How a guardrail's verdicts are read, said of the mark on the drawing. */
export const MARGIN_LEGEND = 'the margin: harmed when the whole interval lies beyond it, safe when none of it does.'

/** An arm in a sentence, for those who cannot see it drawn: `mens: better. Lift +7.66 pp, from +6.80 to +8.51 pp.` */
export function liftSentence({ arm, lift, verdict }: ComparedArm, notation: Notation): string {
  const lead = `${arm}: ${verdict}.`
  if (lift.estimate === null) return `${lead} No estimate yet.`
  return `${lead} Lift ${writeWithUnit(notation, lift.estimate)}, ${writeRange(notation, lift)}.`
}

function isKnown(arms: readonly ComparedArm[]): boolean {
  return arms.some(({ lift }) => lift.estimate !== null)
}

function notationOf(metric: Metric, arms: readonly ComparedArm[]): Notation {
  return liftNotation(
    metric,
    arms.map(({ lift }) => lift),
  )
}

function whyMissing({ units, immatureUnits, metric, control }: Report): string {
  if (units === 0) return 'Nothing to compare yet: no unit has been assigned.'
  if (units === immatureUnits) {
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
