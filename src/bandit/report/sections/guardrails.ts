import { z } from 'zod'
import { liftJson, liftSchema } from './intervals.ts'
import type { ReportSection } from './section.ts'

export const guardrails: ReportSection = {
  key: 'guardrails',
  schema: z
    .array(
      z.object({
        metric: z.string(),
        arm: z.string(),
        margin: z.number(),
        verdict: z.enum(['harmed', 'safe', 'undecided']).describe('By the margin.'),
        lift: liftSchema,
      }),
    )
    .describe('All on the primary metric, its own on a guardrail, else none.'),
  json: ({ guardrails }) =>
    guardrails.map(({ metric, arm, margin, verdict, lift }) => {
      return { metric: metric.key, arm, margin, verdict, lift: liftJson(lift) }
    }),
}
