// GET /experiments/:key/assignments.ndjson and .csv: every kept assignment with its outcomes,
// streamed.
import type { ServerResponse } from 'node:http'
import type { Request } from 'express'
import { z } from 'zod'
import type { ZodOpenApiResponseObject } from 'zod-openapi'
import type { Definition } from '../../bandit/experiment/experiment.ts'
import type { Feature } from '../../bandit/features/feature.ts'
import type { KeptValue } from '../../bandit/features/keep-context.ts'
import { namedContext } from '../../bandit/features/named-context.ts'
import { giveWay } from '../../bandit/give-way.ts'
import { outcomeOf } from '../../bandit/metrics/outcome.ts'
import type { UnitTotals } from '../../store/port.ts'
import { csvText } from '../../views/csv/csv.ts'
import { fileName, roomIn, timestamp } from '../answer.ts'
import type { Context } from '../context.ts'
import type { Caller } from '../middleware/authenticate.ts'
import type { PlainRoute } from './route.ts'
import { count, instant, share } from './shapes.ts'

const PAGE = 500

const FACES = {
  ndjson: { type: 'application/x-ndjson', head: () => '', row: ndjsonRow },
  csv: { type: 'text/csv; charset=utf-8', head: csvHead, row: csvRow },
}

const assignmentLine = z
  .object({
    unit: z.string(),
    arm: z.string(),
    propensity: share,
    snapshot: count,
    assignedAt: instant,
    outcomes: z.record(z.string(), z.number()),
    context: z
      .record(z.string(), z.union([z.number(), z.boolean(), z.string(), z.null()]))
      .optional()
      .describe(
        'For keys with the scope `admin`, of experiments with features: what is kept, by feature; null: missing.',
      ),
  })
  .meta({ description: 'Each line.' })

export const ASSIGNMENTS_ROUTES: readonly PlainRoute[] = [
  assignmentsRoute('ndjson', 'Every kept assignment with its outcomes, as lines of JSON', {
    description: 'A stream with an assignment on each line.',
    content: {
      'application/x-ndjson': {
        schema: assignmentLine,
        example: {
          unit: 'u-17',
          arm: 'mens',
          propensity: 0.4125,
          snapshot: 7,
          assignedAt: '2026-11-22T10:00:00.000Z',
          outcomes: { visit: 1 },
        },
      },
    },
  }),
  assignmentsRoute('csv', 'Every kept assignment with its outcomes, as CSV', {
    description: 'A stream of rows (RFC 4180).',
    content: { 'text/csv': { schema: z.string() } },
  }),
]

function assignmentsRoute(face: keyof typeof FACES, summary: string, answer: ZodOpenApiResponseObject): PlainRoute {
  return {
    method: 'GET',
    path: `/experiments/:key/assignments.${face}`,
    scope: 'read',
    handler: (context, request, response, caller) => getAssignments(face, context, request, response, caller),
    document: {
      id: `getAssignments${face === 'csv' ? 'Csv' : 'Ndjson'}`,
      tag: 'Reports',
      summary,
      answers: { 200: answer },
      problems: ['experiment_not_found', 'store_unavailable'],
    },
  }
}

async function getAssignments(
  face: keyof typeof FACES,
  context: Context,
  request: Request<{ key: string }>,
  response: ServerResponse,
  { scopes }: Caller,
): Promise<void> {
  const { experiment } = context.catalogue.get(request.params.key)
  const { type, head, row } = FACES[face]
  // Of one that is appended while this goes on nothing is told: a table has the columns of its
  // head.
  const told = scopes.includes('admin') ? experiment.definition.features : undefined
  const metricCount = experiment.definition.metrics.length
  const pageAfter = (after: string | null): Promise<UnitTotals[]> =>
    context.store.readTotals(experiment.id, { after, limit: PAGE, metricCount })
  // The first page comes before the head, so that a store that does not answer is still told as a
  // problem.
  let page = await pageAfter(null)
  response.writeHead(200, {
    'Content-Type': type,
    'Cache-Control': 'no-store',
    'Content-Disposition': `attachment; ${fileName(`${experiment.definition.key}-assignments.${face}`)}`,
  })
  if (request.method === 'HEAD') return void response.end()
  response.write(head(experiment.definition, told))
  for (let last = page.at(-1); last !== undefined; last = page.at(-1)) {
    // Looked up anew, because an arm may be added while this goes on.
    const { definition } = context.catalogue.get(request.params.key).experiment
    // The store may answer within this turn of the loop; all that wait are to have the next
    // one.
    await giveWay()
    if (response.destroyed) return
    if (!response.write(page.map(kept => row(definition, kept, told)).join(''))) await roomIn(response)
    if (response.destroyed) return
    page = await pageAfter(last.unit)
  }
  response.end()
}

/** Features whose values are told; undefined: none are. */
type Told = readonly Feature[] | undefined

function ndjsonRow(definition: Definition, kept: UnitTotals, told: Told): string {
  const { unit, propensity, snapshot, assignedAt } = kept
  const outcomes = Object.fromEntries(outcomesOf(definition, kept))
  const arm = armKey(definition, kept)
  const context = told && contextOf(told, kept)
  return `${JSON.stringify({ unit, arm, propensity, snapshot, assignedAt: timestamp(assignedAt), outcomes, context })}\n`
}

function csvHead({ metrics }: Definition, told: Told = []): string {
  const keys = [...metrics.map(({ key }) => key), ...told.map(({ key }) => `context.${key}`)].map(csvText)
  return `${['unit', 'arm', 'propensity', 'snapshot', 'assignedAt', ...keys].join(',')}\r\n`
}

function csvRow(definition: Definition, kept: UnitTotals, told: Told = []): string {
  const { unit, propensity, snapshot, assignedAt } = kept
  const outcomes = outcomesOf(definition, kept).map(([, outcome]) => outcome)
  const named = contextOf(told, kept)
  const context = told.map(({ key }) => {
    const value = named[key] ?? ''
    return typeof value === 'string' ? csvText(value) : value
  })
  return `${[csvText(unit), csvText(armKey(definition, kept)), propensity, snapshot, timestamp(assignedAt), ...outcomes, ...context].join(',')}\r\n`
}

function outcomesOf({ metrics }: Definition, { totals }: UnitTotals): [metric: string, outcome: number][] {
  return metrics.map((metric, position) => [metric.key, outcomeOf(metric, totals[position] as number)])
}

function contextOf(told: readonly Feature[], { context }: UnitTotals) {
  return namedContext(told, context === null ? [] : (JSON.parse(context) as KeptValue[]))
}

function armKey({ arms }: Definition, { arm }: UnitTotals): string {
  return arms[arm]?.key as string
}
