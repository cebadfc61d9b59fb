// GET /experiments/:key/assignments.ndjson and .csv: every kept assignment with its outcomes,
// streamed.
import type { ServerResponse } from 'node:http'
import type { Request } from 'express'
import { z } from 'zod'
import type { ZodOpenApiResponseObject } from 'zod-openapi'
import type { Definition } from '../../bandit/experiment/experiment.ts'
import { giveWay } from '../../bandit/give-way.ts'
import { outcomeOf } from '../../bandit/metrics/outcome.ts'
import type { UnitTotals } from '../../store/port.ts'
import { csvText } from '../../views/csv/csv.ts'
import { fileName, roomIn, timestamp } from '../answer.ts'
import type { Context } from '../context.ts'
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
    handler: (context, request, response) => getAssignments(face, context, request, response),
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
): Promise<void> {
  const { experiment } = context.catalogue.get(request.params.key)
  const { type, head, row } = FACES[face]
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
  response.write(head(experiment.definition))
  for (let last = page.at(-1); last !== undefined; last = page.at(-1)) {
    // Looked up anew, because an arm may be added while this goes on.
    const { definition } = context.catalogue.get(request.params.key).experiment
    // The store may answer within this turn of the loop; all that wait are to have the next
    // one.
    await giveWay()
    if (response.destroyed) return
    if (!response.write(page.map(kept => row(definition, kept)).join(''))) await roomIn(response)
    if (response.destroyed) return
    page = await pageAfter(last.unit)
  }
  response.end()
}

function ndjsonRow(definition: Definition, kept: UnitTotals): string {
  const { unit, propensity, snapshot, assignedAt } = kept
  const outcomes = Object.fromEntries(outcomesOf(definition, kept))
  return `${JSON.stringify({ unit, arm: armKey(definition, kept), propensity, snapshot, assignedAt: timestamp(assignedAt), outcomes })}\n`
}

function csvHead({ metrics }: Definition): string {
  const metricKeys = metrics.map(({ key }) => csvText(key))
  return `${['unit', 'arm', 'propensity', 'snapshot', 'assignedAt', ...metricKeys].join(',')}\r\n`
}

function csvRow(definition: Definition, kept: UnitTotals): string {
  const { unit, propensity, snapshot, assignedAt } = kept
  const outcomes = outcomesOf(definition, kept).map(([, outcome]) => outcome)
  return `${[csvText(unit), csvText(armKey(definition, kept)), propensity, snapshot, timestamp(assignedAt), ...outcomes].join(',')}\r\n`
}

function outcomesOf({ metrics }: Definition, { totals }: UnitTotals): [metric: string, outcome: number][] {
  return metrics.map((metric, position) => [metric.key, outcomeOf(metric, totals[position] as number)])
}

function armKey({ arms }: Definition, { arm }: UnitTotals): string {
  return arms[arm]?.key as string
}
