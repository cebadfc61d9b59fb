// The study's counts as shares with their Monte-Carlo errors, held against what is promised.
import jStat from 'jstat'
import type { Cell, Kind } from './cells.ts'
import { addCounts, type Counts, NO_COUNTS } from './run-cell.ts'

/** 0–1, with its standard error and its exact 95 % interval; null: not counted in this cell. */
export interface Share {
  readonly share: number
  readonly error: number
  readonly lower: number
  readonly upper: number
}

export interface Finding {
  readonly cell: string
  readonly test: 'A/A' | 'A/B'
  readonly arms: number
  readonly outcome: string
  readonly kind: Kind
  readonly floor: number
  readonly setting: string
  readonly runs: number
  /** A run's, on the average. */
  readonly looks: number
  /** Runs in which the truth was ever outside. */
  readonly absolute: Share | null
  readonly relative: Share | null
  readonly policyLift: Share
  readonly falseVerdict: Share
  /** The controls; null but for A/A, `belief` also for more than two arms. */
  readonly naive: Share | null
  readonly belief: Share | null
  /** Of the policy lift, on the average over the runs; null where none is promised. */
  readonly width: Width | null
}

/**
 * Over the width tuned in hindsight, at `plannedUnits` and at the end; `tunedToRange`: the control
 * at the end; `overKnown`: over the width with variances known from the first unit on.
 */
export interface Width {
  readonly atPlan: number
  readonly atEnd: number
  readonly tunedToRange: number
  readonly overKnown: number
}

export interface Promise {
  readonly promise: string
  readonly isKept: boolean
  /** What breaks it, or what it rests on. */
  readonly detail: string
}

export function findingOf(cell: Cell, counts: Counts): Finding {
  const { name, isNull, arms, outcome, kind, floor, setting, design } = cell
  const { runs } = counts
  const share = (count: number) => shareOf(count, runs)
  return {
    cell: name,
    test: isNull ? 'A/A' : 'A/B',
    arms,
    outcome,
    kind,
    floor,
    setting,
    runs,
    looks: counts.looks / runs,
    absolute: cell.isAbsoluteKnown ? share(counts.absolute) : null,
    relative: design.metric.range[0] >= 0 ? share(counts.relative) : null,
    policyLift: share(counts.policyLift),
    falseVerdict: share(counts.falseVerdict),
    naive: isNull ? share(counts.naive) : null,
    belief: isNull && arms === 2 ? share(counts.belief) : null,
    width: cell.isWidthPromised ? widthOf(counts) : null,
  }
}

function widthOf({ runs, widthAtPlan, widthAtEnd, widthTunedToRange, widthOverKnown }: Counts): Width {
  return {
    atPlan: widthAtPlan / runs,
    atEnd: widthAtEnd / runs,
    tunedToRange: widthTunedToRange / runs,
    overKnown: widthOverKnown / runs,
  }
}

/** The truth may be outside in so large a share of runs; nothing is promised of a heavy tail. */
const ALLOWED = { binary: 0.05, gaussian: 0.05, revenue: 0.07, 'heavy tail': 1 } as const satisfies Record<Kind, number>

const FALSE_VERDICTS = 0.05

const WIDEST = 1.2

const FAMILIES = ['absolute', 'relative', 'policyLift'] as const

/**
 * In every cell that was run but the heavy tail; the controls over all cells in which they were
 * counted. A share breaks a promise when even the lower end of its exact interval does: that is
 * more than chance in 39 of 40 cells.
 */
export function judge(findings: readonly Finding[]): Promise[] {
  const promised = findings.filter(({ kind }) => kind !== 'heavy tail')
  return [
    ...(['binary', 'gaussian', 'revenue'] as const).flatMap(kind => coverage(kind, promised)),
    ...falseVerdicts(promised),
    ...widths(findings),
    ...controls(findings),
  ]
}

function coverage(kind: Kind, findings: readonly Finding[]): Promise[] {
  const own = findings.filter(finding => finding.kind === kind)
  if (own.length === 0) return []
  const shares = own.flatMap(finding =>
    FAMILIES.flatMap(family => {
      const share = finding[family]
      return share === null ? [] : [{ name: `${finding.cell} (${family}: ${percent(share.share)})`, ...share }]
    }),
  )
  const broken = shares.filter(({ lower }) => lower > ALLOWED[kind]).map(({ name }) => name)
  const promise = `${kind}: the truth stays inside at all looks in ${percent(1 - ALLOWED[kind])} of runs, less the Monte-Carlo error`
  return [verdict(promise, broken, `at worst it leaves in ${percent(worstOf(shares))}`)]
}

function falseVerdicts(findings: readonly Finding[]): Promise[] {
  if (findings.length === 0) return []
  const broken = findings
    .filter(({ falseVerdict }) => falseVerdict.lower > FALSE_VERDICTS)
    .map(({ cell, falseVerdict }) => `${cell}: ${percent(falseVerdict.share)}`)
  const worst = worstOf(findings.map(({ falseVerdict }) => falseVerdict))
  return [
    verdict('a false verdict in at most 5 % of runs, plus the Monte-Carlo error', broken, `at worst ${percent(worst)}`),
  ]
}

function widths(findings: readonly Finding[]): Promise[] {
  const known = findings.flatMap(({ cell, width }) => (width === null ? [] : [{ cell, ...width }]))
  if (known.length === 0) return []
  const shown = known.map(({ cell, atPlan, atEnd }) => ({ cell, ratio: Math.max(atPlan, atEnd) }))
  const broken = shown
    .filter(({ ratio }) => !(ratio <= WIDEST))
    .map(({ cell, ratio }) => `${cell}: ${ratio.toFixed(2)}`)
  const worst = Math.max(...shown.map(({ ratio }) => ratio))
  const control = Math.max(...known.map(({ tunedToRange }) => tunedToRange))
  return [
    verdict(
      `the policy lift is at most ${WIDEST} times as wide as one tuned in hindsight`,
      broken,
      `at worst ${worst.toFixed(2)} times`,
    ),
    {
      promise: `control: tuned to the range it is over ${WIDEST} times as wide in some cell`,
      isKept: control > WIDEST,
      detail: `at worst ${Number(control.toPrecision(3))} times`,
    },
  ]
}

function controls(findings: readonly Finding[]): Promise[] {
  const nulls = findings.filter(({ naive }) => naive !== null)
  if (nulls.length === 0) return []
  const naive = failing('control: the naive 95 % interval calls an arm in over half of the A/A runs', nulls, 'naive')
  const pairs = nulls.filter(({ belief }) => belief !== null)
  const rule = 'control: P(best) ≥ 0.95 on pooled counts calls one of two equal arms in over half of the runs'
  return pairs.length === 0 ? [naive] : [naive, failing(rule, pairs, 'belief')]
}

export function verdict(promise: string, broken: readonly string[], detail: string): Promise {
  return { promise, isKept: broken.length === 0, detail: broken.length === 0 ? detail : broken.join('; ') }
}

function failing(promise: string, findings: readonly Finding[], control: 'naive' | 'belief'): Promise {
  const counts = findings.reduce((sum, { runs, [control]: share }) => {
    return addCounts(sum, { ...NO_COUNTS, runs, [control]: (share?.share ?? 0) * runs })
  }, NO_COUNTS)
  const share = counts[control] / counts.runs
  return { promise, isKept: share > 0.5, detail: `in ${percent(share)}` }
}

export function shareOf(count: number, runs: number): Share {
  const share = count / runs
  return { share, error: Math.sqrt((share * (1 - share)) / runs), ...binomialInterval(count, runs) }
}

/**
 * The exact 95 % interval of a probability after `count` of `runs` (Clopper & Pearson 1934,
 * Biometrika 26), by quantiles of beta distributions. Against SciPy 1.14: 1e-9 at up to 1,000 runs
 * (tests/e2e/validity.test.ts).
 */
export function binomialInterval(count: number, runs: number): { readonly lower: number; readonly upper: number } {
  return {
    lower: count === 0 ? 0 : jStat.beta.inv(0.025, count, runs - count + 1),
    upper: count === runs ? 1 : jStat.beta.inv(0.975, count + 1, runs - count),
  }
}

function worstOf(shares: readonly Share[]): number {
  return Math.max(...shares.map(({ share }) => share))
}

export function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`
}
