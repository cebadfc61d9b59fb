// The pages for people: the list of experiments at /, and one for each at /pages/:key with its buttons. What goes wrong is said in a
// page too.
import type { Request, Response } from 'express'
import { applyDefinition, setStatus } from '../bandit/change-experiment.ts'
import { definitionFaults } from '../bandit/definition-input.ts'
import { BanditError, StoreUnavailableError } from '../bandit/errors.ts'
import type { Status } from '../bandit/experiment.ts'
import { portray, type Sketch, sketch } from '../bandit/portrait.ts'
import { experimentPage } from '../dashboard/experiment-page.ts'
import type { Viewer } from '../dashboard/frame.ts'
import { overviewPage } from '../dashboard/overview-page.ts'
import { problemPage } from '../dashboard/problem-page.ts'
import { signInPage } from '../dashboard/sign-in-page.ts'
import { ASSETS } from './assets.ts'
import { authenticate, type Scope } from './authenticate.ts'
import { readValue } from './body.ts'
import type { Context } from './context.ts'
import { fieldFaults, refuse } from './fields.ts'
import { answerPage, originOf, sendTo } from './html.ts'
import { metricIn } from './ledger.ts'
import { PageCache } from './page-cache.ts'
import { problemOf, titleOf } from './problem.ts'
import { forgetKey, keepKey, refuseOtherSites, sessionKeyIn } from './session.ts'

type PageHandler = (context: Context, request: Request<{ key: string }>, response: Response) => Promise<void>

/** A handler that says what goes wrong in a page, and asks for a key where one is missing. */
export function asPage(handler: PageHandler): PageHandler {
  return async (context, request, response) => {
    try {
      await handler(context, request, response)
    } catch (error) {
      if (!(error instanceof BanditError || error instanceof StoreUnavailableError)) throw error
      const { status, code, detail, faults } = problemOf(error)
      if (code === 'unauthorized') {
        const back = request.method === 'GET' ? request.originalUrl : '/'
        return answerPage(response, signInPage({ assets: ASSETS, back, isRefused: false }), status)
      }
      answerPage(
        response,
        problemPage({ title: titleOf(status), detail, faults, assets: ASSETS, viewer: null }),
        status,
      )
    }
  }
}

/** Who looks, if that is allowed. */
export function viewerOf(context: Context, request: Request, scope: Scope = 'read'): Viewer {
  const { name, scopes } = authenticate(context, request, scope)
  const isSignedIn = sessionKeyIn(request) !== null
  return { name, canAct: scopes.includes('admin'), isSignedIn }
}

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

/** Start, pause or stop from the page; a stop may name a winner. */
export async function postStatusForm(
  to: Exclude<Status, 'draft'>,
  context: Context,
  request: Request<{ key: string }>,
  response: Response,
): Promise<void> {
  const { name: actor } = authenticate(context, request, 'admin')
  const { value = {} } = await readValue(request)
  refuse(fieldFaults(value, to === 'stopped' ? { winner: textRule } : {}))
  const { winner } = value as { winner?: string }
  const named = winner === '' ? null : winner
  await setStatus(context, request.params.key, to, { actor, now: context.now(), winner: named })
  sendTo(response, `/pages/${request.params.key}`)
}

export async function postRetire(
  context: Context,
  request: Request<{ key: string }>,
  response: Response,
): Promise<void> {
  const { name: actor } = authenticate(context, request, 'admin')
  const { value = {} } = await readValue(request)
  refuse(fieldFaults(value, { arm: textRule }))
  const { arm } = value as { arm?: string }
  const { definition } = context.catalogue.get(request.params.key).experiment
  if (definition.arms.every(({ key }) => key !== arm)) {
    throw new BanditError('arm_not_found', `Experiment "${definition.key}" has no arm "${arm ?? ''}"`)
  }
  const arms = definition.arms.map(known => (known.key === arm ? { ...known, retired: true } : known))
  refuse(definitionFaults({ arms, control: definition.control, policy: definition.policy }))
  await applyDefinition(context, { ...definition, arms }, { actor, now: context.now(), salt: context.newSalt() })
  sendTo(response, `/pages/${definition.key}`)
}

/** Takes the key of a form, and keeps it in a cookie. */
export async function postSession(context: Context, request: Request, response: Response): Promise<void> {
  refuseOtherSites(request)
  const { value = {} } = await readValue(request)
  refuse(fieldFaults(value, { key: textRule, back: textRule }))
  const { key = '', back = '/' } = value as { key?: string; back?: string }
  // Only a path of this service: "//host" and "/\host" would lead away.
  const here = /^\/(?![/\\])[\x21-\x7e]*$/.test(back) ? back : '/'
  try {
    authenticate(context, Object.create(request, { headers: { value: { authorization: `Bearer ${key}` } } }), 'read')
  } catch (error) {
    if (!(error instanceof BanditError)) throw error
    return answerPage(response, signInPage({ assets: ASSETS, back: here, isRefused: true }), 401)
  }
  keepKey(request, response, key)
  sendTo(response, here)
}

export async function postSessionEnd(_context: Context, request: Request, response: Response): Promise<void> {
  refuseOtherSites(request)
  forgetKey(request, response)
  sendTo(response, '/')
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

function textRule(value: unknown): string | null {
  return value === undefined || typeof value === 'string' ? null : 'must be text'
}
