// The contextual cells' counts as shares, held against what is promised, and as a table.
import { alignColumns } from '../../src/cli/terminal/aligned-columns.ts'
import type { ContextCell } from './context-cells.ts'
import { type Promise as Promised, percent, type Share, shareOf, verdict } from './findings.ts'
import type { Counts } from './run-cell.ts'
import { written } from './table.ts'

const SHARES = ['absolute', 'relative', 'means', 'policyLift', 'falseVerdict', 'segments', 'averaged', 'naive'] as const

export interface ContextFinding extends Record<(typeof SHARES)[number], Share | null> {
  readonly cell: string
  readonly test: 'A/A' | 'A/B'
  readonly arms: number
  readonly outcome: string
  readonly floor: number
  readonly setting: string
  /** Whether the controls must fail. */
  readonly isStrong: boolean
  readonly runs: number
  readonly looks: number
}

export function contextFindingOf(cell: ContextCell, counts: Counts): ContextFinding {
  const { name, isNull, arms, outcome, floor, setting, isStrong } = cell
  const { runs } = counts
  const shares = Object.fromEntries(SHARES.map(each => [each, shareOf(counts[each], runs)])) as Record<
    (typeof SHARES)[number],
    Share
  >
  const test = isNull ? 'A/A' : 'A/B'
  return {
    ...{ cell: name, test, arms, outcome, floor, setting, isStrong, runs, looks: counts.looks / runs },
    ...shares,
    segments: setting.includes('segments') ? shares.segments : null,
    naive: isNull ? shares.naive : null,
  }
}

const ALLOWED = 0.05
const PROMISED = ['absolute', 'relative', 'means', 'policyLift', 'falseVerdict', 'segments'] as const

/** As judge() has it: a promise is broken where even the exact interval's lower end is too high. */
export function judgeContexts(findings: readonly ContextFinding[]): Promised[] {
  if (findings.length === 0) return []
  const shares = findings.flatMap(finding => PROMISED.flatMap(name => named(finding, name)))
  const broken = shares.filter(({ lower }) => lower > ALLOWED).map(({ name, share }) => `${name}: ${percent(share)}`)
  const worst = Math.max(...shares.map(({ share }) => share))
  const promise = `contextual: the truth leaves, or a verdict is false, in at most ${percent(ALLOWED)} of runs, plus the Monte-Carlo error`
  const strong = findings.filter(({ isStrong, test }) => isStrong && test === 'A/A')
  return [
    verdict(promise, broken, `at worst in ${percent(worst)}`),
    ...(strong.length === 0 ? [] : [failing(strong, 'averaged', 'averaged propensities call an arm')]),
    ...(strong.length === 0 ? [] : [failing(strong, 'naive', 'the plain 95 % interval calls an arm')]),
  ]
}

function failing(findings: readonly ContextFinding[], name: 'averaged' | 'naive', what: string): Promised {
  const shares = findings.map(finding => finding[name]?.share ?? 0)
  const mean = shares.reduce((sum, share) => sum + share, 0) / shares.length
  const promise = `contextual control: ${what} in over half of the A/A runs under κ = 1`
  return { promise, isKept: mean > 0.5, detail: `in ${percent(mean)}` }
}

function named(finding: ContextFinding, name: (typeof PROMISED)[number]) {
  const share = finding[name]
  return share === null ? [] : [{ name: `${finding.cell} (${name})`, share: share.share, lower: share.lower }]
}

const HEAD = [
  ...['test', 'arms', 'outcome', 'floor', 'policy and world', 'runs', 'looks', 'absolute', 'relative', 'means'],
  ...['policy', 'false verdict', 'segments', 'averaged', 'naive 95 %'],
]

export function contextTableOf(findings: readonly ContextFinding[], form: 'text' | 'markdown' = 'text'): string {
  const rows = findings.map(finding => [
    ...[finding.test, String(finding.arms), finding.outcome, String(finding.floor), finding.setting],
    ...[String(finding.runs), finding.looks.toFixed(0)],
    ...SHARES.map(name => written(finding[name])),
  ])
  if (form === 'text') return alignColumns([HEAD, ...rows]).join('\n')
  return [HEAD, HEAD.map(() => '--:'), ...rows].map(row => `| ${row.join(' | ')} |`).join('\n')
}
