import { z } from 'zod'
import { count, interval, liftJson, liftSchema, perhaps, share, sufficientUnits } from './intervals.ts'
import type { ReportSection } from './section.ts'

const meanInterval = z.object({ mean: perhaps, lower: perhaps, upper: perhaps })

const armLiftSchema = liftSchema
  .extend({
    verdict: z
      .enum(['better', 'worse', 'undecided'])
      .nullable()
      .describe(
        'Read off the absolute interval. Null on a guardrail, which is judged by its margin: see `guardrails`.',
      ),
  })
  .meta({ id: 'Lift', description: 'Over the control: confidence sequences, valid at every look.' })

const armSchema = z
  .object({
    arm: z.string(),
    isControl: z.boolean(),
    status: z.enum(['active', 'retired']),
    units: count.describe('Mature ones.'),
    immatureUnits: count.describe('Units whose window is still open.'),
    clippedUnits: z
      .object({ above: count, below: count })
      .describe('Units, mature or not, whose total lies outside the range: their outcome is the nearest end of it.'),
    successes: count.nullable().describe('Of a binary metric.'),
    sum: z.number(),
    mean: perhaps,
    posterior: meanInterval.nullable().describe('What the policy believes: a 95 % credible interval. No evidence.'),
    probabilityBest: share.nullable(),
    probabilityBeatsControl: share.nullable(),
    expectedLoss: perhaps,
    propensity: share.nullable().describe('The share of new units that it gets now.'),
    estimate: meanInterval
      .extend({ rawEstimate: interval.rawEstimate, sufficientUnits })
      .describe('The confidence sequence of its mean.'),
    lift: armLiftSchema.nullable().describe('Null for the control itself.'),
  })
  .meta({ id: 'ArmReport' })

/** What each arm showed, its lift, and what is believed of it. The views draw it. */
export const arms: ReportSection = {
  key: 'arms',
  schema: z.array(armSchema),
  json: ({ arms, metric }) =>
    arms.map(({ lift, ...arm }) => {
      if (lift === null) return { ...arm, lift }
      const verdict = metric.role === 'guardrail' ? null : lift.verdict
      return { ...arm, lift: { ...liftJson(lift), verdict } }
    }),
}
