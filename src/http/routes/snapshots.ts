// GET /experiments/:key/snapshots: the ledger itself, so that any result can be recomputed outside.
import type { ServerResponse } from 'node:http'
import type { Request } from 'express'
import { z } from 'zod'
import type { FrozenSnapshot } from '../../bandit/context/snapshot-rule.ts'
import { BanditError } from '../../bandit/errors.ts'
import { type Definition, primaryMetricOf } from '../../bandit/experiment/experiment.ts'
import { readKnownLedger } from '../../bandit/known-ledger.ts'
import { ledgerOf } from '../../bandit/maturity.ts'
import type { Metric } from '../../bandit/metrics/metric.ts'
import { GOALS } from '../../stats/goal.ts'
import type { Batch } from '../../stats/ledger.ts'
import type { SnapshotHead } from '../../store/port.ts'
import { answerList, timestamp } from '../answer.ts'
import type { Context } from '../context.ts'
import { answers, type PlainRoute } from './route.ts'
import { count, instant, metricInQuery, perhaps, READ_PROBLEMS, share } from './shapes.ts'

/** An answer holds at most so many snapshots; `?after=` the last one asks for more. */
const PAGE = 1_000
/** The same with rules, of which each may have 100 KB. */
const PAGE_OF_RULES = 50

const numbers = z.array(z.number())

const ruleSchema = z
  .object({
    arithmetic: count.describe('Counts the versions of the code that propensities are computed with.'),
    dimension: count,
    goal: z.enum(GOALS),
    exploration: share,
    reserved: z.object({ arm: count, share }).nullable(),
    shrinkage: perhaps,
    arms: z.array(
      z
        .object({
          belief: z
            .object({ coefficients: numbers, inverseFactor: numbers, sd: z.number() })
            .nullable()
            .describe('Null: nothing is known yet.'),
        })
        .nullable(),
    ),
  })
  .nullable()
  .describe('Of experiments with features: what the policy makes of a context. Null: it does not look at it.')

const predictionsSchema = z
  .record(
    z.string(),
    z.object({
      ends: z.tuple([z.number(), z.number()]),
      arms: z.array(
        z
          .object({ mean: z.number(), slopes: numbers, centre: numbers, level: z.number(), variance: z.number() })
          .nullable(),
      ),
    }),
  )
  .describe('Of experiments with features: by metric, the predictions that outcomes are scored against.')

const snapshotsSchema = z.object({
  experiment: z.string(),
  metric: z.string(),
  snapshots: z.array(
    z.object({
      snapshot: count,
      createdAt: instant,
      reason: z.enum(['start', 'refresh', 'change']),
      mature: z.boolean().describe('Whether the windows of all its units are over.'),
      allDecided: z
        .boolean()
        .describe(
          'Whether every active arm had a verdict by then; looked for only while the policy’s exploration waits for it.',
        ),
      propensities: z.record(z.string(), share),
      tallies: z.record(z.string(), z.object({ units: count, sum: z.number(), sumOfSquares: z.number() })),
      rule: ruleSchema.optional(),
      predictions: predictionsSchema.optional(),
      meanInverse: z
        .record(z.string(), z.number())
        .optional()
        .describe('Of experiments with features: by arm, the mean of one over its propensity.'),
    }),
  ),
})

export const SNAPSHOT_ROUTE: PlainRoute = {
  method: 'GET',
  path: '/experiments/:key/snapshots',
  scope: 'read',
  query: ['metric', 'after'],
  handler: getSnapshots,
  document: {
    id: 'getSnapshots',
    tag: 'Reports',
    summary: 'The ledger, snapshot by snapshot',
    description:
      'Oldest first, 1,000 at a time: what every number of a report can be recomputed from. Of an experiment with features 50 at a time, each with what it froze.',
    parameters: {
      query: metricInQuery.extend({
        after: z
          .string()
          .regex(/^\d{1,9}$/)
          .optional()
          .meta({ description: 'The number of a snapshot, to go on after it.', examples: ['1000'] }),
      }),
    },
    answers: {
      200: answers('Snapshots with their propensities and tallies by arm.', snapshotsSchema, {
        experiment: 'spring-email',
        metric: 'visit',
        snapshots: [
          {
            snapshot: 1,
            createdAt: '2026-11-01T09:00:00.000Z',
            reason: 'start',
            mature: true,
            allDecided: false,
            propensities: { control: 0.5, mens: 0.5 },
            tallies: {
              control: { units: 17, sum: 2, sumOfSquares: 2 },
              mens: { units: 15, sum: 3, sumOfSquares: 3 },
            },
          },
        ],
      }),
    },
    problems: READ_PROBLEMS,
  },
}

async function getSnapshots(
  context: Context,
  request: Request<{ key: string }>,
  response: ServerResponse,
): Promise<void> {
  const { experiment } = context.catalogue.get(request.params.key)
  const { definition } = experiment
  const metric = metricIn(request.query.metric, definition)
  const after = afterIn(request.query.after)
  const stored = await readKnownLedger(context.store, experiment, metric)
  const ledger = ledgerOf(experiment, metric, stored, context.now())
  const hasRules = definition.features !== undefined
  const page = stored.snapshots
    .map((head, position) => ({ head, batch: ledger[position] as Batch }))
    .filter(({ head }) => head.number > after)
    .slice(0, hasRules ? PAGE_OF_RULES : PAGE)
  const rules: (string | null)[] = []
  for (const { head } of hasRules ? page : []) rules.push(await context.store.readRule(experiment.id, head.number))
  const snapshots = page.map(({ head, batch }, place) => () => ({
    ...snapshotJson(definition, head, batch),
    ...frozenJson(definition, rules[place] ?? null),
  }))
  const perPart = hasRules ? 1 : Math.ceil(CELLS_A_PART / definition.arms.length)
  const names = { experiment: definition.key, metric: metric.key }
  await answerList(response, names, ['snapshots', snapshots], perPart)
}

/** So many cells are written in one turn of the event loop. */
const CELLS_A_PART = 5_000

/** The metric that a query names, else the primary one. */
export function metricIn(query: unknown, definition: Definition): Metric {
  if (query === undefined) return primaryMetricOf(definition)
  const metric = definition.metrics.find(({ key }) => key === query)
  if (metric !== undefined) return metric
  const known = definition.metrics.map(({ key }) => key).join(', ')
  throw new BanditError(
    'metric_not_found',
    `Experiment "${definition.key}" has no metric "${String(query)}"; it has ${known}`,
  )
}

function afterIn(query: unknown): number {
  if (query === undefined) return 0
  if (typeof query === 'string' && /^\d{1,9}$/.test(query)) return Number(query)
  throw new BanditError('invalid_request', 'The request is not valid: after must be the number of a snapshot')
}

function snapshotJson({ arms }: Definition, head: SnapshotHead, batch: Batch) {
  const { number, createdAt, reason, propensities, allDecided } = head
  const byArm = arms.map(({ key }, arm) => ({ key, propensity: propensities[arm] ?? null, tally: batch.tallies[arm] }))
  const active = byArm.filter(({ propensity }) => propensity !== null)
  return {
    snapshot: number,
    createdAt: timestamp(createdAt),
    reason,
    mature: batch.mature,
    allDecided,
    propensities: Object.fromEntries(active.map(({ key, propensity }) => [key, propensity])),
    tallies: Object.fromEntries(active.map(({ key, tally }) => [key, tally])),
  }
}

/** What a snapshot froze for units with contexts; nothing without features. */
function frozenJson({ arms, metrics }: Definition, text: string | null) {
  if (text === null) return {}
  const { rule, predictions, meanInverse } = JSON.parse(text) as FrozenSnapshot
  const inverses = arms.flatMap(({ key }, arm) => (meanInverse[arm] == null ? [] : [[key, meanInverse[arm]]]))
  return {
    rule,
    predictions: Object.fromEntries(metrics.map(({ key }, place) => [key, predictions[place]])),
    meanInverse: Object.fromEntries(inverses),
  }
}
