// The pages for people: the list of experiments at /, and one for each at /pages/:key, made once for each change however many look.
import type { Request, Response } from 'express'
import { portray, type Sketch, sketch } from '../bandit/portrait.ts'
import { experimentPage } from '../dashboard/experiment-page.ts'
import { overviewPage } from '../dashboard/overview-page.ts'
import { viewerOf } from './as-page.ts'
import { ASSETS } from './assets.ts'
import { authenticate } from './authenticate.ts'
import type { Context } from './context.ts'
import { answerPage, originOf } from './html.ts'
import { metricIn } from './ledger.ts'
import { PageCache } from './page-cache.ts'

export async function getOverview(context: Context, request: Request, response: Response): Promise<void> {
  const viewer = viewerOf(context, request)
  const origin = originOf(request)
  const { pages, sketches } = cachesOf(context)
  const revision = context.live.revision(null)
  const page = await pages.page(JSON.stringify([viewer, origin]), asked(request, revision), async () => {
    const entries: Sketch[] = []
    for (const { experiment } of context.catalogue.all()) {
      const { key } = experiment.definition
      const now = context.live.revision(key)
      entries.push(await sketches.page(key, { now, wanted: now }, () => sketch(context, { experiment }, context.now())))
      // Between two of them others get their turn.
      await new Promise(resolve => setImmediate(resolve))
    }
    return overviewPage({ entries, revision, assets: ASSETS, viewer, origin })
  })
  answerPage(response, page)
}

export async function getExperimentPage(
  context: Context,
  request: Request<{ key: string }>,
  response: Response,
): Promise<void> {
  const viewer = viewerOf(context, request)
  const { experiment } = context.catalogue.get(request.params.key)
  const { key } = experiment.definition
  const metric = metricIn(request.query.metric, experiment.definition)
  const revision = context.live.revision(key)
  const page = await cachesOf(context).pages.page(
    JSON.stringify([viewer, key, metric.key]),
    asked(request, revision),
    async () => {
      const portrait = await portray(context, { experiment, metric }, context.now())
      return experimentPage({ portrait, revision, assets: ASSETS, viewer })
    },
  )
  answerPage(response, page)
}

/** Streams an event whenever a page has changed; without a key in the address, the list. */
export async function getEvents(
  context: Context,
  request: Request<{ key?: string }>,
  response: Response,
): Promise<void> {
  authenticate(context, request, 'read')
  const { key = null } = request.params
  if (key !== null) context.catalogue.get(key)
  context.live.watch(key, response)
}

interface Caches {
  readonly pages: PageCache<string>
  readonly sketches: PageCache<Sketch>
}

const caches = new WeakMap<Context['live'], Caches>()

function cachesOf({ live }: Context): Caches {
  const known = caches.get(live)
  if (known !== undefined) return known
  const made = { pages: new PageCache<string>(), sketches: new PageCache<Sketch>() }
  caches.set(live, made)
  return made
}

/** A page that was told of a revision asks for that one or a later one; a person for the present one. */
function asked(request: Request, now: number): { now: number; wanted: number } {
  const told = Number(request.get('x-revision') ?? Number.NaN)
  return { now, wanted: Number.isSafeInteger(told) ? Math.min(told, now) : now }
}
