import { z } from 'zod'
import { distinctCoefficients, explainedOf } from '../../../stats/context/what-was-learned.ts'
import { fitMetric } from '../../context/metric-fit.ts'
import { differsByUnit, type ScoredSnapshot, scoredLedger } from '../../context/scored-ledger.ts'
import { columnNames } from '../../features/feature.ts'
import { type MissingShare, missingShares } from '../../features/missing.ts'
import { ledgerOf } from '../../maturity.ts'
import { formatCount, formatShare } from '../numbers.ts'
import type { ReportInput } from '../report-input.ts'
import { share } from './intervals.ts'
import type { ReportSection } from './section.ts'

/** Of each arm, the columns whose coefficients are farthest from the slopes that all arms share. */
const MOST_COEFFICIENTS = 3

/**
 * Below, slopes and what they explain are mostly chance, which a fit takes for knowledge; and a few
 * missing values are no reason for a warning.
 */
const LEAST_LEARNED = 1_000
const LEAST_WARNED = 100

interface Learned {
  readonly features: readonly MissingShare[]
  /** κ of the fit on the metric; null while nothing is known. */
  readonly shrinkage: number | null
  readonly coefficients: readonly {
    readonly arm: string
    readonly columns: readonly { readonly column: string; readonly mean: number; readonly sd: number }[]
  }[]
  /** R² by arm; null where outcomes do not vary. */
  readonly explained: readonly { readonly arm: string; readonly share: number | null }[]
  readonly asIfUnits: number
  readonly isAdjusted: boolean
  /** Propensities depended on the context. */
  readonly differsByUnit: boolean
}

const perhapsShare = share.nullable()

/** What units bring, how much of it is missing, and what it tells of the outcomes. */
export const features: ReportSection<Learned | null> = {
  key: 'context',
  schema: z
    .object({
      features: z.array(
        z.object({
          key: z.string(),
          missing: share.describe('Of all units; of a categorical feature unknown levels count as missing.'),
          warning: z.enum(['many', 'rising']).nullable().describe('`many`: over 20 %. `rising`: it has doubled.'),
        }),
      ),
      shrinkage: z.number().nullable().describe('How alike the arms’ slopes are: 1 (not) to 262144 (the same).'),
      coefficients: z
        .record(z.string(), z.record(z.string(), z.object({ mean: z.number(), sd: z.number() })))
        .describe('By arm, the three columns that differ most from the slopes that all arms share.'),
      adjustment: z
        .object({
          on: z.boolean(),
          explained: z.record(z.string(), perhapsShare).describe('R² by arm.'),
          asIfUnits: z.number().min(1).describe('As if there were so many times the units.'),
        })
        .describe('What predictions from the features are worth to the intervals.'),
    })
    .optional()
    .describe('Absent for an experiment without features.'),
  build: (input, now) => learnedFrom(input, now),
  json: (_, learned) => {
    if (learned === null) return undefined
    const { features, shrinkage, coefficients, explained, asIfUnits, isAdjusted } = learned
    return {
      features: features.map(({ feature, missing, warning }) => ({ key: feature, missing, warning })),
      shrinkage,
      coefficients: Object.fromEntries(
        coefficients.map(({ arm, columns }) => [
          arm,
          Object.fromEntries(columns.map(({ column, mean, sd }) => [column, { mean, sd }])),
        ]),
      ),
      adjustment: {
        on: isAdjusted,
        explained: Object.fromEntries(explained.map(({ arm, share }) => [arm, share])),
        asIfUnits,
      },
    }
  },
  show: (_, learned) => {
    if (learned === null) return null
    const { features, shrinkage, coefficients, explained, asIfUnits, isAdjusted, differsByUnit } = learned
    const told = coefficients.flatMap(({ arm, columns }) =>
      columns.map(({ column, mean, sd }) => `${arm}: ${column} ${signed(mean)} ± ${short(sd)}`),
    )
    const shares = explained.map(({ arm, share }) => `${arm} ${formatShare(share)}`).join(', ')
    return {
      title: 'Features',
      table: {
        caption: 'Shares of all units; a missing value is a level of its own.',
        columns: [
          { head: 'feature', kind: 'word' },
          { head: 'missing', kind: 'number' },
          { head: '', kind: 'word' },
        ],
        rows: features.map(({ feature, missing, warning }) => [
          feature,
          formatShare(missing),
          WARNINGS[warning ?? 'none'],
        ]),
      },
      sentences: [
        ...(shrinkage === null
          ? [`It is too early to say what they tell: that takes ${formatCount(LEAST_LEARNED)} mature units.`]
          : [
              `Slopes that differ most between arms: ${told.join('; ')}.`,
              `The features explain of the outcomes' variation: ${shares}.`,
            ]),
        ...(shrinkage !== null && isAdjusted
          ? [`Adjusted for them, the intervals are as if there were ${asIfUnits.toFixed(2)} times the units.`]
          : []),
        ...(isAdjusted ? [] : ['The intervals are not adjusted for them ("adjust": false).']),
        ...(differsByUnit ? [SHARES_DIFFER] : []),
      ],
      link: null,
    }
  },
}

const SHARES_DIFFER =
  'Shares depend on the context: those shown are means over units, and the belief is that at the mean context.'

const WARNINGS = {
  none: '',
  many: 'over 20 % missing: check the client',
  rising: 'twice as many missing as at the beginning',
} as const

function learnedFrom(input: ReportInput, now: number): Learned | null {
  const { experiment, metric, stored, sums } = input
  const { definition } = experiment
  if (definition.features === undefined) return null
  const scored = scoredLedger(stored.snapshots, ledgerOf(experiment, metric, stored, now), sums)
  const matureUnits = unitsIn(scored.filter(({ mature }) => mature))
  const { moments, fit } =
    matureUnits < LEAST_LEARNED ? { moments: [], fit: null } : fitMetric(definition, metric, scored)
  const names = columnNames(definition.features)
  const learned = fit === null ? null : explainedOf(moments, fit)
  const keys = definition.arms.map(({ key }) => key)
  return {
    features: missingShares(definition.features, scored.map(contextsOf)).map(each =>
      unitsIn(scored) < LEAST_WARNED ? { ...each, warning: null } : each,
    ),
    shrinkage: fit?.shrinkage ?? null,
    coefficients:
      fit === null
        ? []
        : fit.arms.map((arm, place) => ({
            arm: keys[place] as string,
            columns: distinctCoefficients(fit, arm, MOST_COEFFICIENTS).map(({ column, mean, sd }) => ({
              column: names[column] as string,
              mean,
              sd,
            })),
          })),
    explained: keys.map((arm, place) => ({ arm, share: learned?.shares[place] ?? null })),
    asIfUnits: definition.adjust === false ? 1 : (learned?.asIfUnits ?? 1),
    isAdjusted: definition.adjust !== false,
    differsByUnit: sums.some(differsByUnit),
  }
}

function unitsIn(scored: readonly ScoredSnapshot[]): number {
  return scored.reduce((sum, { sums }) => sum + (sums.rows[0]?.units ?? 0), 0)
}

/** All arms of a batch together. */
function contextsOf({ sums }: ScoredSnapshot) {
  const [first = new Float64Array(1), ...others] = sums.contexts
  const xx = first.slice()
  for (const other of others) for (const [at, value] of other.entries()) xx[at] = (xx[at] ?? 0) + value
  return { units: xx[0] ?? 0, xx }
}

function signed(value: number): string {
  return `${value < 0 ? '−' : '+'}${short(Math.abs(value))}`
}

function short(value: number): string {
  return Math.abs(value) >= 1_000 ? formatCount(value) : String(Number(value.toPrecision(2)))
}
