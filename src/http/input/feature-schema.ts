// The shape of a feature as a person declares it. Limits that the domain judges stand in `meta`, as
// in definition-schema.ts.
import { z } from 'zod'
import { KEY_PATTERN } from '../../bandit/experiment/key.ts'
import { FEATURE_TYPES, MAX_BUCKETS, MAX_LEVELS, MAX_TEXT_LENGTH, MIN_BUCKETS } from '../../bandit/features/feature.ts'

/** What every feature has, and what each type has besides; a segment is not for numbers. */
const featureFields = {
  key: z.string().meta({ pattern: KEY_PATTERN.source }).describe('Names the feature; contexts name it too.'),
  retired: z
    .boolean()
    .optional()
    .describe('A retired feature counts as missing from then on, and its columns stay. Default: false.')
    .meta({ default: false }),
}
const segmentField = {
  segment: z
    .boolean()
    .optional()
    .describe('Whether the report shows the lifts for each of its levels. Frozen once it runs. Default: false.')
    .meta({ default: false }),
}
const numericFields = {
  range: z
    .tuple([z.number(), z.number()])
    .optional()
    .describe('For numeric: the least and the largest value; others are clamped to it.')
    .meta({ examples: [[0, 365]] }),
  scale: z
    .enum(['linear', 'log'])
    .optional()
    .describe('`log` for values that are spread over several sizes, as amounts of money. Default: linear.')
    .meta({ default: 'linear' }),
  step: z
    .number()
    .nullable()
    .optional()
    .describe('Values are kept in whole steps from the lower end of the range. Default: as they are.'),
}
const levelsField = {
  levels: z
    .array(z.string().meta({ maxLength: MAX_TEXT_LENGTH }))
    .optional()
    .describe('For categorical: the texts that it can be. Any other text counts as missing.')
    .meta({ minItems: 1, maxItems: MAX_LEVELS, examples: [['web', 'phone', 'store']] }),
}
const bucketsField = {
  buckets: z
    .number()
    .optional()
    .describe('For hashed: how many buckets the texts fall into; only the bucket is kept.')
    .meta({ multipleOf: 1, minimum: MIN_BUCKETS, maximum: MAX_BUCKETS }),
}

export const featureSchema = z
  .discriminatedUnion('type', [
    z
      .strictObject({ ...featureFields, type: z.literal('numeric').describe('A finite number.'), ...numericFields })
      .meta({ required: ['key', 'type', 'range'] }),
    z.strictObject({ ...featureFields, type: z.literal('boolean').describe('true or false.'), ...segmentField }),
    z
      .strictObject({
        ...featureFields,
        type: z.literal('categorical').describe('One of a few texts.'),
        ...levelsField,
        ...segmentField,
      })
      .meta({ required: ['key', 'type', 'levels'] }),
    z
      .strictObject({
        ...featureFields,
        type: z.literal('hashed').describe('Any text; texts of the same bucket cannot be told apart.'),
        ...bucketsField,
        ...segmentField,
      })
      .meta({ required: ['key', 'type', 'buckets'] }),
  ])
  .meta({ id: 'FeatureInput', description: 'A feature as you write it: what units bring.' })

/** A feature that the experiment has keeps its type and all else that is left out. */
export const featureChangeSchema = z
  .strictObject({
    ...featureFields,
    type: z.enum(FEATURE_TYPES).optional(),
    ...numericFields,
    ...levelsField,
    ...bucketsField,
    ...segmentField,
  })
  .meta({ id: 'FeatureChange', description: 'A feature as you write it; only a new one needs its type.' })
