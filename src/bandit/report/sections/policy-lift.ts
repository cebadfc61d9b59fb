import { z } from 'zod'
import { count, endsOf, evidence, evidenceJson, interval, level } from './intervals.ts'
import type { ReportSection } from './section.ts'

export const policyLift: ReportSection = {
  key: 'policyLift',
  schema: z
    .object({
      ...interval,
      ...evidence,
      level,
      sinceSnapshot: count.nullable().describe('The first snapshot whose units count. Null while there is none.'),
      units: count.describe('Since then.'),
    })
    .describe('What the policy earned per unit over giving everyone the control.'),
  json: ({ policyLift }) => {
    const { level, from, units } = policyLift
    return { ...endsOf(policyLift), ...evidenceJson(policyLift), level, sinceSnapshot: from, units }
  },
}
