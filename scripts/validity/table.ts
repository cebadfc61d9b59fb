// The study as one table for a terminal, or in Markdown for the documentation.
import { alignColumns } from '../../src/cli/terminal/aligned-columns.ts'
import type { Finding, Share, Width } from './findings.ts'

const HEAD = [
  ...['test', 'arms', 'outcome', 'floor', 'what moves', 'runs', 'looks', 'absolute', 'relative', 'policy'],
  ...['false verdict', 'naive 95 %', 'P(best) ≥ 0.95', 'policy width', 'to range', 'to known'],
]

const SHARES = ['absolute', 'relative', 'policyLift', 'falseVerdict', 'naive', 'belief'] as const

/**
 * Shares are percent of the runs, ± the Monte-Carlo standard error. The width of the policy lift is
 * over that in hindsight, at `plannedUnits` and at the end; at the end also that of the control
 * that is tuned to the range, and over known variances.
 */
export function tableOf(findings: readonly Finding[], form: 'text' | 'markdown' = 'text'): string {
  const rows = findings.map(finding => [
    finding.test,
    String(finding.arms),
    finding.outcome,
    String(finding.floor),
    finding.setting === '' ? '–' : finding.setting,
    String(finding.runs),
    finding.looks.toFixed(0),
    ...SHARES.map(name => written(finding[name])),
    ...widthsOf(finding.width),
  ])
  if (form === 'text') return alignColumns([HEAD, ...rows]).join('\n')
  return [HEAD, HEAD.map(() => '--:'), ...rows].map(row => `| ${row.join(' | ')} |`).join('\n')
}

function widthsOf(width: Width | null): string[] {
  if (width === null) return ['–', '–', '–']
  const { atPlan, atEnd, tunedToRange, overKnown } = width
  return [
    `${atPlan.toFixed(2)}, ${atEnd.toFixed(2)}`,
    tunedToRange.toFixed(tunedToRange < 10 ? 2 : 0),
    overKnown.toFixed(2),
  ]
}

export function written(share: Share | null): string {
  return share === null ? '–' : `${(100 * share.share).toFixed(1)} ±${(100 * share.error).toFixed(1)}`
}
