import { z } from 'zod'
import { ACTIONS } from '../report-data.ts'
import type { ReportSection } from './section.ts'

export const recommendation: ReportSection = {
  key: 'recommendation',
  schema: z
    .object({
      action: z.enum(ACTIONS),
      arm: z.string().nullable().describe('The one arm that it is about; null where there are several or none.'),
      arms: z.array(z.string()).describe('All arms that it is about.'),
      why: z.string(),
    })
    .nullable()
    .describe('Null on other metrics than the primary one.'),
  json: ({ recommendation }) => recommendation,
}
