// What a section of the report is. To add one: a file beside this one that exports a section, and
// its name in the list of registry.ts. It then stands in the JSON, in the interface's document, in
// the report as text and as HTML, and on the page of an experiment.
import type { z } from 'zod'
import type { Report } from '../report-data.ts'
import type { ReportInput } from '../report-input.ts'

export interface ReportSection<Part = unknown> {
  /** Its field in the JSON. */
  readonly key: string
  /** Of that field, for the interface's document. */
  readonly schema: z.ZodType
  /** In the example of the document; absent: report-example.ts has one. */
  readonly example?: unknown
  /**
   * What it has found beyond the numbers of the report; kept in the report, so no more than it
   * tells. Absent: nothing.
   */
  build?(input: ReportInput, now: number): Part
  json(report: Report, part: Part): unknown
  /** Null: there is nothing to show. Absent: the views know themselves how to show it. */
  show?(report: Report, part: Part): Shown | null
}

/** What is to be shown, for any view. */
export interface Shown {
  readonly title: string
  readonly table: ShownTable | null
  /** Below the table. */
  readonly sentences: readonly string[]
  /** More of it, below the address of the experiment; for the page of the service. */
  readonly link: { readonly text: string; readonly path: string } | null
}

export interface ShownTable {
  readonly caption: string
  /** The first one names the rows; the last one may be long. */
  readonly columns: readonly { readonly head: string; readonly kind: 'number' | 'word' }[]
  readonly rows: readonly (readonly string[])[]
}
