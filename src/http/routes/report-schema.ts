// The shape of a report as it is answered.
import { z } from 'zod'
import { STATUSES } from '../../bandit/experiment/experiment.ts'
import { ACTIONS } from '../../bandit/report/recommendation.ts'
import { REPORT } from './report-example.ts'
import { count, instant, metric, perhaps, share } from './shapes.ts'

export const interval = {
  estimate: perhaps,
  rawEstimate: perhaps.describe('Not moved into what is possible; the evidence and the verdict rest on it.'),
  lower: perhaps,
  upper: perhaps,
}
const sufficientUnits = count
  .nullable()
  .describe('While it is too early: how many units, over all arms, usually suffice. Else null.')
export const level = z.number().describe('1 − alpha of this very interval.')
const evidence = {
  eValue: perhaps.describe('Null where it is too large for JSON; `logEValue` still tells.'),
  logEValue: z.number(),
  pValue: share.describe('Valid at every look.'),
}
const meanInterval = z.object({ mean: perhaps, lower: perhaps, upper: perhaps })

const liftSchema = z
  .object({
    absolute: z.object(interval),
    relative: z.object(interval).nullable().describe('Null for metrics that can be negative.'),
    ...evidence,
    level,
    sufficientUnits,
  })
  .meta({ id: 'GuardrailLift', description: 'Over the control: confidence sequences, valid at every look.' })

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

const armReportSchema = z
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

export const reportSchema = z
  .object({
    experiment: z.string(),
    description: z.string(),
    status: z.enum(STATUSES),
    version: count,
    winner: z.string().nullable(),
    generatedAt: instant,
    startedAt: instant.nullable(),
    metric,
    control: z.string(),
    units: count.describe('All, those whose window is still open included.'),
    immatureUnits: count,
    snapshots: count,
    alpha: z.number(),
    arms: z.array(armReportSchema),
    policyLift: z
      .object({
        ...interval,
        ...evidence,
        level,
        sinceSnapshot: count.nullable().describe('The first snapshot whose units count. Null while there is none.'),
        units: count.describe('Since then.'),
      })
      .describe('What the policy earned per unit over giving everyone the control.'),
    sampleRatio: z.object({ ...evidence, status: z.enum(['ok', 'warning', 'alarm']) }),
    guardrails: z
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
    recommendation: z
      .object({
        action: z.enum(ACTIONS),
        arm: z.string().nullable().describe('The one arm that it is about; null where there are several or none.'),
        arms: z.array(z.string()).describe('All arms that it is about.'),
        why: z.string(),
      })
      .nullable()
      .describe('Null on other metrics than the primary one.'),
    notes: z.array(z.string()),
  })
  .meta({ id: 'Report', examples: [REPORT] })
