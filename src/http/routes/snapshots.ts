// GET /experiments/:key/snapshots: the ledger itself, so that any result can be recomputed outside.
import type { Request, Response } from 'express'
import { BanditError } from '../../bandit/errors.ts'
import { type Definition, primaryMetricOf } from '../../bandit/experiment/experiment.ts'
import { readKnownLedger } from '../../bandit/known-ledger.ts'
import { ledgerOf } from '../../bandit/maturity.ts'
import type { Metric } from '../../bandit/metrics/metric.ts'
import type { Batch } from '../../stats/ledger.ts'
import type { SnapshotHead } from '../../store/port.ts'
import { answerList, timestamp } from '../answer.ts'
import type { Context } from '../context.ts'
import { authenticate } from '../middleware/authenticate.ts'

/** An answer holds at most so many snapshots; `?after=` the last one asks for more. */
const PAGE = 1_000

export async function getSnapshots(
  context: Context,
  request: Request<{ key: string }>,
  response: Response,
): Promise<void> {
  authenticate(context, request, 'read')
  const { experiment } = context.catalogue.get(request.params.key)
  const { definition } = experiment
  const metric = metricIn(request.query.metric, definition)
  const after = afterIn(request.query.after)
  const stored = await readKnownLedger(context.store, experiment, metric)
  const ledger = ledgerOf(experiment, metric, stored, context.now())
  const snapshots = stored.snapshots
    .map((head, position) => ({ head, batch: ledger[position] as Batch }))
    .filter(({ head }) => head.number > after)
    .slice(0, PAGE)
    .map(
      ({ head, batch }) =>
        () =>
          snapshotJson(definition, head, batch),
    )
  const perPart = Math.ceil(CELLS_A_PART / definition.arms.length)
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
