import { z } from 'zod'
import { evidence, evidenceJson } from './intervals.ts'
import type { ReportSection } from './section.ts'

/** Whether the arms got the units that their propensities promised. */
export const sampleRatio: ReportSection = {
  key: 'sampleRatio',
  schema: z.object({ ...evidence, status: z.enum(['ok', 'warning', 'alarm']) }),
  json: ({ sampleRatio }) => ({ ...evidenceJson(sampleRatio), status: sampleRatio.status }),
}
