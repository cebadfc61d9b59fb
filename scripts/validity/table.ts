// The study as one table for a terminal, or in Markdown for the documentation.
import { alignColumns } from '../terminal/aligned-columns.ts'
import type { Finding, Share } from './findings.ts'

const HEAD = [
  'test',
  'arms',
  'outcome',
  'floor',
  'runs',
  'looks',
  'absolute',
  'relative',
  'policy',
  'false verdict',
  'naive 95 %',
  'P(best) ≥ 0.95',
] as const

/** Shares are percent of the runs, ± the Monte-Carlo standard error. */
export function tableOf(findings: readonly Finding[], form: 'text' | 'markdown' = 'text'): string {
  const rows = findings.map(finding => [
    finding.test,
    String(finding.arms),
    finding.outcome,
    String(finding.floor),
    String(finding.runs),
    finding.looks.toFixed(0),
    written(finding.absolute),
    written(finding.relative),
    written(finding.policyLift),
    written(finding.falseVerdict),
    written(finding.naive),
    written(finding.belief),
  ])
  if (form === 'text') return alignColumns([HEAD, ...rows]).join('\n')
  return [HEAD, HEAD.map(() => '--:'), ...rows].map(row => `| ${row.join(' | ')} |`).join('\n')
}

function written(share: Share | null): string {
  return share === null ? '–' : `${(100 * share.share).toFixed(1)} ±${(100 * share.error).toFixed(1)}`
}
