import { z } from 'zod'
import type { ReportSection } from './section.ts'

export const notes: ReportSection = {
  key: 'notes',
  schema: z.array(z.string()),
  json: ({ notes }) => notes,
}
