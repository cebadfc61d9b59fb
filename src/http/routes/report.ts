// GET /experiments/:key/report in its formats, by suffix, by ?format= or by Accept.
import type { ServerResponse } from 'node:http'
import type { Request } from 'express'
import { z } from 'zod'
import { BanditError } from '../../bandit/errors.ts'
import type { Definition } from '../../bandit/experiment/experiment.ts'
import { giveWay, inTurns } from '../../bandit/give-way.ts'
import type { Metric } from '../../bandit/metrics/metric.ts'
import { buildReport } from '../../bandit/report/report.ts'
import type { Report } from '../../bandit/report/report-data.ts'
import { readReportInput } from '../../bandit/report/report-input.ts'
import { sectionsJson } from '../../bandit/report/sections/registry.ts'
import { csvReport } from '../../views/csv/csv-report.ts'
import { htmlReport, htmlReportSections } from '../../views/html/html-report.ts'
import { intervalPlot } from '../../views/svg/interval-plot.ts'
import { textReport, textReportParagraphs } from '../../views/text/text-report.ts'
import { answerText, fileName, timestamp } from '../answer.ts'
import { Computations } from '../computations.ts'
import type { Context } from '../context.ts'
import { refuse } from '../input/fields.ts'
import { reportSchema } from './report-schema.ts'
import { json, type PlainRoute } from './route.ts'
import { COMPUTED_PROBLEMS, metricInQuery } from './shapes.ts'
import { metricIn } from './snapshots.ts'

const FACES = {
  json: { type: 'application/json', render: (facts: Report) => `${JSON.stringify(reportJson(facts))}\n` },
  txt: {
    type: 'text/plain',
    render: async (facts: Report) => textReport(facts, await inTurns(textReportParagraphs(facts))),
  },
  csv: { type: 'text/csv', render: csvReport },
  html: {
    type: 'text/html',
    render: async (facts: Report) => htmlReport(facts, await inTurns(htmlReportSections(facts))),
  },
  svg: { type: 'image/svg+xml', render: intervalPlot },
} as const satisfies Record<string, { type: string; render: (facts: Report) => string | Promise<string> }>

type Face = keyof typeof FACES

const FACE_SUFFIXES = Object.keys(FACES) as Face[]

const FACE_CONTENTS = {
  json: json(reportSchema),
  txt: { 'text/plain': { schema: z.string() } },
  csv: { 'text/csv': { schema: z.string() } },
  html: { 'text/html': { schema: z.string() } },
  svg: { 'image/svg+xml': { schema: z.string() } },
} as const satisfies Record<Face, object>

const reportQuery = metricInQuery.extend({
  format: z
    .enum(FACE_SUFFIXES)
    .optional()
    .meta({ description: 'The format, whatever Accept says. Beside a suffix it must be the same.' }),
})

export const REPORT_ROUTES: readonly PlainRoute[] = [reportRoute(null), ...FACE_SUFFIXES.map(reportRoute)]

function reportRoute(face: Face | null): PlainRoute {
  // Without a suffix JSON alone: with every format listed, the types of clients would take any
  // report for text.
  const content = FACE_CONTENTS[face ?? 'json']
  return {
    method: 'GET',
    path: `/experiments/:key/report${face === null ? '' : `.${face}`}`,
    scope: 'read',
    query: ['metric', 'format'],
    handler: (context, request, response) => getReport(face, context, request, response),
    document: {
      id: face === null ? 'getReport' : `getReport${face[0]?.toUpperCase()}${face.slice(1)}`,
      tag: 'Reports',
      summary: face === null ? 'The report' : `The report as ${face}`,
      ...(face === null && {
        description:
          'Valid at every look, however the allocation moved. JSON, unless `format` or `Accept` asks for one of the other formats: they have addresses of their own.',
      }),
      parameters: { query: reportQuery },
      answers: { 200: { description: 'The report.', content } },
      problems: [...COMPUTED_PROBLEMS, ...(face === null ? (['not_acceptable'] as const) : [])],
    },
  }
}

/**
 * `face`: of the suffix; null: as `?format=` says, else as Accept says, JSON where it says nothing.
 */
async function getReport(
  face: Face | null,
  context: Context,
  request: Request<{ key: string }>,
  response: ServerResponse,
): Promise<void> {
  const { experiment } = context.catalogue.get(request.params.key)
  const metric = metricIn(request.query.metric, experiment.definition)
  const given = formatIn(request.query.format, face) ?? acceptedFace(request)
  const { type, render } = FACES[given]
  response.appendHeader('Vary', 'Accept')
  const text = await REPORTS.run(
    async () => {
      const facts = await buildReport(await readReportInput(context.store, experiment, metric), context.now())
      await giveWay()
      return await render(facts)
    },
    () => response.destroyed,
  )
  const name = fileNameOf(experiment.definition, metric, given)
  if (name !== null) response.setHeader('Content-Disposition', name)
  answerText(response, text, `${type}; charset=utf-8`)
}

const REPORTS = new Computations('reports')

/**
 * How browsers keep the faces that people keep: a table as a file, the others shown first. Null: as
 * they like.
 */
const DISPOSITIONS: Partial<Record<Face, string>> = { csv: 'attachment', html: 'inline', svg: 'inline', txt: 'inline' }

function fileNameOf({ key }: Definition, metric: Metric, face: Face): string | null {
  const disposition = DISPOSITIONS[face]
  if (disposition === undefined) return null
  const about = metric.role === 'primary' ? key : `${key}-${metric.key}`
  return `${disposition}; ${fileName(`${about}-report.${face}`)}`
}

/** The suffix and the query may both name the format, but not two formats. */
function formatIn(query: unknown, suffix: Face | null): Face | null {
  if (query === undefined) return suffix
  const named = FACE_SUFFIXES.find(face => face === query)
  if (named === undefined) refuse([{ path: '?format', message: `must be one of ${FACE_SUFFIXES.join(', ')}` }])
  else if (suffix !== null && named !== suffix) {
    refuse([{ path: '?format', message: `must be ${suffix}, as the address says, or be left out` }])
  }
  return named ?? suffix
}

function acceptedFace(request: Request): Face {
  const faces = Object.entries(FACES) as [Face, { type: string }][]
  const types = faces.map(([, { type }]) => type)
  const accepted = request.accepts(types)
  const found = faces.find(([, { type }]) => type === accepted)
  if (found !== undefined) return found[0]
  throw new BanditError(
    'not_acceptable',
    `A report can be had as ${types.join(', ')}, not as ${request.headers.accept}`,
  )
}

/** The report on the wire: see the interface's documentation. */
function reportJson(report: Report) {
  return {
    experiment: report.experiment,
    description: report.description,
    status: report.status,
    version: report.version,
    winner: report.winner,
    generatedAt: timestamp(report.generatedAt),
    startedAt: timestamp(report.startedAt),
    metric: report.metric,
    control: report.control,
    units: report.units,
    immatureUnits: report.immatureUnits,
    snapshots: report.snapshots,
    alpha: report.alpha,
    ...sectionsJson(report),
  }
}
