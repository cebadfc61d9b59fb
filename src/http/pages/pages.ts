// The pages for people: the list of experiments at /, and one for each at /pages/:key, made once
// for each change however many look.
import type { ServerResponse } from 'node:http'
import type { Request } from 'express'
import { giveWay, inTurns } from '../../bandit/give-way.ts'
import { buildExperimentView, buildListView, type ListView } from '../../bandit/report/experiment-view.ts'
import { readReportInput } from '../../bandit/report/report-input.ts'
import { experimentPage, experimentPageSections } from '../../views/html/experiment-page.ts'
import { overviewPage } from '../../views/html/overview-page.ts'
import { Computations } from '../computations.ts'
import type { Context } from '../context.ts'
import type { Caller } from '../middleware/authenticate.ts'
import { metricIn } from '../routes/snapshots.ts'
import { ASSETS } from './assets.ts'
import { answerPage, originOf } from './html.ts'
import { viewerOf } from './page-answers.ts'
import { PageCache } from './page-cache.ts'

export async function getOverview(
  context: Context,
  request: Request,
  response: ServerResponse,
  caller: Caller,
): Promise<void> {
  const viewer = viewerOf(request, caller)
  const origin = originOf(request)
  const { pages, listViews } = cachesOf(context)
  const revision = context.live.revision(null)
  const overview = async () => {
    const entries: ListView[] = []
    for (const { experiment } of context.catalogue.all()) {
      const { key } = experiment.definition
      const now = context.live.revision(key)
      entries.push(
        await listViews.page(key, { now, wanted: now }, async () =>
          buildListView(await readReportInput(context.store, experiment), context.now()),
        ),
      )
    }
    await giveWay()
    return overviewPage({ entries, revision, assets: ASSETS, viewer, origin })
  }
  const name = JSON.stringify([viewer, origin])
  const page = await pages.page(
    name,
    asked(request, revision),
    areGone => PAGES.run(overview, areGone),
    () => response.destroyed,
  )
  answerPage(response, page)
}

export async function getExperimentPage(
  context: Context,
  request: Request<{ key: string }>,
  response: ServerResponse,
  caller: Caller,
): Promise<void> {
  const viewer = viewerOf(request, caller)
  const { experiment } = context.catalogue.get(request.params.key)
  const { key } = experiment.definition
  const metric = metricIn(request.query.metric, experiment.definition)
  const revision = context.live.revision(key)
  const page = await cachesOf(context).pages.page(
    JSON.stringify([viewer, key, metric.key]),
    asked(request, revision),
    areGone =>
      PAGES.run(async () => {
        const view = await buildExperimentView(await readReportInput(context.store, experiment, metric), context.now())
        await giveWay()
        const shown = { view, revision, assets: ASSETS, viewer }
        return experimentPage(shown, await inTurns(experimentPageSections(shown)))
      }, areGone),
    () => response.destroyed,
  )
  answerPage(response, page)
}

const PAGES = new Computations('pages')

/** Streams an event whenever a page has changed; without a key in the address, the list. */
export async function getEvents(
  context: Context,
  request: Request<{ key?: string }>,
  response: ServerResponse,
): Promise<void> {
  const { key = null } = request.params
  if (key !== null) context.catalogue.get(key)
  context.live.watch(key, response)
}

/** Some 32 MB of text; an experiment of 200 arms and 20 metrics has a page of 4 MB. */
const MOST_CHARACTERS = 32 * 1_024 * 1_024
/** Each a tally or a lift, some 100 bytes. */
const MOST_NUMBERS = 300_000

function weighListView({ report, course }: ListView): number {
  return report.arms.length * (course.length + 1) + report.guardrails.length
}

interface Caches {
  readonly pages: PageCache<string>
  readonly listViews: PageCache<ListView>
}

const caches = new WeakMap<Context['live'], Caches>()

function cachesOf({ live }: Context): Caches {
  const known = caches.get(live)
  if (known !== undefined) return known
  const made = {
    pages: new PageCache<string>(({ length }) => length, MOST_CHARACTERS),
    listViews: new PageCache<ListView>(weighListView, MOST_NUMBERS),
  }
  caches.set(live, made)
  return made
}

/**
 * A page that was told of a revision asks for that one or a later one; a person for the present
 * one.
 */
function asked(request: Request, now: number): { now: number; wanted: number } {
  const told = Number(request.get('x-revision') ?? Number.NaN)
  return { now, wanted: Number.isSafeInteger(told) ? Math.min(told, now) : now }
}
