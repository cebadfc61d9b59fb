// Every section of the report, in the order of the JSON; those that show themselves stand in this
// order before the notes.
import type { Report } from '../report-data.ts'
import type { ReportInput } from '../report-input.ts'
import { arms } from './arms.ts'
import { drift } from './drift.ts'
import { features } from './features.ts'
import { guardrails } from './guardrails.ts'
import { notes } from './notes.ts'
import { policyLift } from './policy-lift.ts'
import { recentChanges } from './recent-changes.ts'
import { recommendation } from './recommendation.ts'
import { sampleRatio } from './sample-ratio.ts'
import type { ReportSection, Shown } from './section.ts'
import { segments } from './segments.ts'

export const SECTIONS: readonly ReportSection[] = [
  arms,
  policyLift,
  sampleRatio,
  guardrails,
  recommendation,
  notes,
  features,
  segments,
  drift,
  recentChanges,
]

/** What the sections have found, by key. */
export function partsOf(input: ReportInput, now: number): Report['parts'] {
  return Object.fromEntries(
    SECTIONS.flatMap(({ key, build }) => (build === undefined ? [] : [[key, build(input, now)]])),
  )
}

/** The fields of the JSON that the sections are. */
export function sectionsJson(report: Report): Record<string, unknown> {
  return Object.fromEntries(SECTIONS.map(section => [section.key, section.json(report, report.parts[section.key])]))
}

export function shownSections(report: Report): Shown[] {
  return SECTIONS.flatMap(section => section.show?.(report, report.parts[section.key]) ?? [])
}
