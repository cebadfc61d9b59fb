// The shape of an experiment as a person defines it: what PUT and POST judge bodies by, and what
// the OpenAPI document and the JSON schema for editors tell. What the shape cannot say (one primary
// metric, weights that sum to one) the domain says.
import { z } from 'zod'
import { MAX_ARMS, MAX_METRICS, MIN_ARMS, MIN_PLANNED_UNITS } from '../../bandit/experiment/definition-input.ts'
import { HARM_RESPONSES } from '../../bandit/experiment/experiment.ts'
import { KEY_PATTERN } from '../../bandit/experiment/key.ts'
import { MAX_FEATURES } from '../../bandit/features/feature.ts'
import { METRIC_ROLES, WINDOW_PATTERN } from '../../bandit/metrics/metric.ts'
import { METRIC_KINDS, METRIC_TYPES, RANGED_TYPES } from '../../bandit/metrics/registry.ts'
import { LEAST_CONTEXT_EXPLORATION } from '../../bandit/policies/policy.ts'
import { CONTEXTUAL_TYPES, POLICIES, POLICY_TYPES, WEIGHTED_TYPES } from '../../bandit/policies/registry.ts'
import { GOALS } from '../../stats/goal.ts'
import { featureChangeSchema, featureSchema } from './feature-schema.ts'

const MAX_DESCRIPTION = 2_000

/**
 * A body may be nested a little deeper, and a payload stands three levels deep in it; see
 * json-bounds.ts.
 */
const MAX_PAYLOAD_DEPTH = 60

/**
 * Limits that the domain judges, with words of its own, stand in `meta`: there they are told and do
 * not judge a second time.
 */
const keySchema = z.string().meta({ pattern: KEY_PATTERN.source })

const payloadSchema = z.unknown().superRefine((payload, context) => {
  const message = payloadFault(payload)
  if (message !== null) context.addIssue({ code: 'custom', message })
})

export const armSchema = z
  .strictObject({
    key: keySchema.describe('Names the arm; no other arm of the experiment has this key.'),
    payload: payloadSchema
      .optional()
      .describe(
        'What product code gets with the arm: any JSON of at most 16 KiB, at most 60 levels deep. Default: null.',
      ),
    retired: z
      .boolean()
      .optional()
      .describe('A retired arm keeps its units and gets no new ones. Default: false.')
      .meta({ default: false }),
  })
  .meta({ id: 'ArmInput', description: 'An arm as you write it.' })

export const metricSchema = z
  .strictObject({
    key: keySchema.describe('Names the metric; rewards name it too.'),
    type: z.enum(METRIC_TYPES).describe(METRIC_KINDS.map(({ type, summary }) => `\`${type}\`: ${summary}`).join(' ')),
    role: z
      .enum(METRIC_ROLES)
      .optional()
      .describe(
        'The policy learns from the `primary` metric, and there is exactly one; a `guardrail` must not suffer. Default: secondary.',
      )
      .meta({ default: 'secondary' }),
    goal: z
      .enum(GOALS)
      .optional()
      .describe('Which direction is good. Default: increase.')
      .meta({ default: 'increase' }),
    window: z
      .string()
      .nullable()
      .optional()
      .describe(
        'How long after its assignment a unit’s rewards count: a whole number and ms, s, m, h or d, at most ten years. Without one every later reward counts, until the experiment stops.',
      )
      .meta({ pattern: WINDOW_PATTERN.source, examples: ['14d'] }),
    range: z
      .tuple([z.number(), z.number()])
      .optional()
      .describe(
        `The smallest and the largest outcome of a unit, within ±10¹². Required for ${RANGED_TYPES.join(', ')} metrics.`,
      )
      .meta({ examples: [[0, 500]] }),
    margin: z
      .number()
      .nullable()
      .optional()
      .describe(
        'Guardrails only: the harm that is tolerated, in the metric’s own unit. Default: 0, no harm at all, which only a real improvement can prove; so give one.',
      )
      .meta({ minimum: 0 }),
  })
  .meta({ id: 'MetricInput', description: 'A metric as you write it.' })

const priorSchema = z
  .strictObject({
    alpha: z.number().optional().describe('Default: 1.').meta({ minimum: 0.01, maximum: 1e6 }),
    beta: z.number().optional().describe('Default: 1.').meta({ minimum: 0.01, maximum: 1e6 }),
  })
  .describe('The Beta prior of a binary metric’s rates.')

const explorationShare = z.number().meta({ minimum: 0, maximum: 1 })

export const explorationSharesSchema = z.strictObject({
  untilVerdict: explorationShare.describe('Until every active arm has had a verdict on the primary metric.'),
  after: explorationShare.describe('From then on, for good.'),
})

export const policySchema = z
  .strictObject({
    type: z
      .enum(POLICY_TYPES)
      .optional()
      .describe(
        `${POLICIES.map(({ type, summary }) => `\`${type}\`: ${summary}`).join('. ')}. Default: ${POLICY_TYPES[0]}.`,
      )
      .meta({ default: POLICY_TYPES[0] }),
    exploration: z
      .union([explorationShare, explorationSharesSchema])
      .optional()
      .describe(
        `of policies that learn: the share that is spread evenly whatever was learned, or one until every arm has a verdict and one after that. Default: for two arms {"untilVerdict": 0.5, "after": 0.1}, else 0.1. For ${CONTEXTUAL_TYPES.join(', ')} one share of at least ${LEAST_CONTEXT_EXPLORATION}, 0.1 by default.`,
      ),
    burnIn: z
      .number()
      .optional()
      .describe(
        'thompson and exploration only: an arm that is added later gets no more than an even share before it has so many mature units; 0 switches that off. Default: 500.',
      )
      .meta({ multipleOf: 1, minimum: 0 }),
    controlShare: z
      .number()
      .nullable()
      .optional()
      .describe(
        'The share reserved for the control; null for none. Default: 0.2 for thompson and exploration with three or more active arms, else none.',
      )
      .meta({ minimum: 0.001, maximum: 1 }),
    weights: z
      .record(z.string(), z.number().meta({ minimum: 0.001, maximum: 1 }))
      .optional()
      .describe(
        `${WEIGHTED_TYPES.join(', ')} only, and required there: the share of each active arm by its key, with the sum 1.`,
      )
      .meta({ examples: [{ control: 0.5, mens: 0.5 }] }),
    shrinkage: z
      .number()
      .nullable()
      .optional()
      .describe(
        `${CONTEXTUAL_TYPES.join(', ')} only: so many units’ worth of what all arms have in common is lent to each arm. 1: features are known to matter. Default: null, it is learned.`,
      )
      .meta({ minimum: 1, maximum: 262_144 }),
    halfLife: z
      .string()
      .nullable()
      .optional()
      .describe(
        `${CONTEXTUAL_TYPES.join(', ')} only: after so long a unit counts half, for what the policy learns; a whole number and ms, s, m, h or d. Default: null, all units count alike.`,
      )
      .meta({ pattern: WINDOW_PATTERN.source, examples: ['30d'] }),
    prior: priorSchema.optional(),
  })
  .meta({ id: 'PolicyInput', description: 'How the traffic is shared. Default: thompson.' })

export const definitionSchema = z
  .strictObject({
    key: keySchema.describe('Names the experiment, in addresses too.'),
    description: z.string().max(MAX_DESCRIPTION).optional().describe('What it is about, for people.'),
    arms: z
      .array(armSchema)
      .describe('Once it runs, arms may be added and retired, but not left out.')
      .meta({ minItems: MIN_ARMS, maxItems: MAX_ARMS }),
    control: keySchema
      .optional()
      .describe('The arm that the others are compared with. Default: the first one. Frozen once it runs.'),
    metrics: z
      .array(metricSchema)
      .describe('Exactly one has the role primary. Frozen once it runs.')
      .meta({ minItems: 1, maxItems: MAX_METRICS }),
    policy: policySchema.optional(),
    features: z
      .array(featureSchema)
      .optional()
      .describe('What units bring with /assign. Once it runs, features may be appended and retired, and nothing else.')
      .meta({ maxItems: MAX_FEATURES }),
    adjust: z
      .boolean()
      .optional()
      .describe(
        'Only with features: whether predictions from them narrow the intervals. Frozen once it runs. Default: true.',
      )
      .meta({ default: true }),
    alpha: z
      .number()
      .optional()
      .describe(
        'All confidence statements of a family hold together with probability 1 − alpha. Default: 0.05. Frozen once it runs.',
      )
      .meta({ minimum: 1e-6, maximum: 0.5 }),
    plannedUnits: z
      .number()
      .optional()
      .describe(
        'The sample size you expect: intervals are narrowest there, and valid at any size. Default: 30000. Frozen once it runs.',
      )
      .meta({ multipleOf: 1, minimum: MIN_PLANNED_UNITS }),
    onHarm: z
      .enum(HARM_RESPONSES)
      .nullable()
      .optional()
      .describe(
        'What is done by itself when a guardrail says that an arm does harm. `pause-arm`: the arm is retired, and with the last one beside the control the experiment is paused. `pause`: the experiment is paused. Default: nothing.',
      ),
    minDuration: z
      .string()
      .nullable()
      .optional()
      .describe(
        'How long it shall run at least before a winner is advised: a whole number and ms, s, m, h or d, at most ten years. It may be changed while the experiment runs. Default: no matter how long.',
      )
      .meta({ pattern: WINDOW_PATTERN.source, examples: ['7d'] }),
  })
  .meta({
    id: 'ExperimentDefinition',
    description: 'An experiment as you define it; what has a default may be left out.',
  })

/** A metric that the experiment has keeps its type too. */
const metricChangeSchema = metricSchema
  .partial({ type: true })
  .meta({ id: 'MetricChange', description: 'A metric as you write it; only a new one needs its type.' })

const policyChangeSchema = policySchema
  .extend({
    exploration: z
      .union([explorationShare, explorationSharesSchema.partial()])
      .optional()
      .describe('As for a new experiment; of two shares the one that is left out stays as it is.'),
  })
  .meta({ id: 'PolicyChange', description: 'How the traffic is shared from now on.' })

/** A change of an experiment: all that is left out stays as it is. */
export const definitionChangeSchema = definitionSchema.partial({ arms: true, metrics: true }).extend({
  metrics: z
    .array(metricChangeSchema)
    .optional()
    .describe('Exactly one has the role primary. Frozen once it runs.')
    .meta({ minItems: 1, maxItems: MAX_METRICS }),
  policy: policyChangeSchema.optional(),
  features: z
    .array(featureChangeSchema)
    .optional()
    .describe('Once it runs, features may be appended and retired, and nothing else.')
    .meta({ maxItems: MAX_FEATURES }),
})

/** What came out of JSON.parse is JSON, except for numbers that have become infinite. */
function payloadFault(payload: unknown, depth = 0): string | null {
  if (typeof payload === 'number' && !Number.isFinite(payload)) return 'must have finite numbers only'
  if (typeof payload !== 'object' || payload === null) return null
  if (depth === MAX_PAYLOAD_DEPTH) return `must be nested at most ${MAX_PAYLOAD_DEPTH} deep`
  for (const item of Object.values(payload)) {
    const message = payloadFault(item, depth + 1)
    if (message !== null) return message
  }
  return null
}
