// What product code calls all the time. Express would double the cost of these requests, so they
// come first and pass it by.
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Context } from '../context.ts'
import { answerCloudEvents } from '../events/cloud-events.ts'
import { answerSegmentBatch, answerSegmentTrack, answerUnmeasured, UNMEASURED_TYPES } from '../events/segment-events.ts'
import type { Admission } from '../middleware/admission.ts'
import { BATCH_LIMIT, BODY_LIMIT, NDJSON_TYPE } from '../middleware/body.ts'
import type { KnownQuery } from '../middleware/query.ts'
import { answerFlag, answerFlags } from '../ofrep/ofrep.ts'
import { FLAGS_PATH } from '../ofrep/problem.ts'
import { answerAssign, answerAssignBatch } from './assign.ts'
import { answerRewards } from './rewards.ts'

export type Answer = (context: Context, request: IncomingMessage, response: ServerResponse) => Promise<void>

/** A path that is posted to. */
export interface HotRoute {
  /** As Express would write it. */
  readonly path: string
  readonly answer: Answer
  readonly bodyLimit: number
  readonly query: KnownQuery
}

/**
 * What OpenFeature's clients append when they ask again after a change; the ETag in the head says
 * the same.
 */
const FLAGS_QUERY: KnownQuery = ['flagConfigEtag', 'flagConfigLastModified']

const FLAG_ROUTE: HotRoute = {
  path: `${FLAGS_PATH}/:key`,
  answer: answerFlag,
  bodyLimit: BODY_LIMIT,
  query: FLAGS_QUERY,
}

export const HOT_ROUTES: readonly HotRoute[] = [
  { path: '/assign', answer: answerAssign, bodyLimit: BODY_LIMIT, query: [] },
  { path: '/assign/batch', answer: answerAssignBatch, bodyLimit: BATCH_LIMIT, query: [] },
  { path: '/rewards', answer: answerRewards, bodyLimit: BATCH_LIMIT, query: [] },
  sdkRoute('/v1/batch', answerSegmentBatch),
  sdkRoute('/v1/track', answerSegmentTrack),
  ...UNMEASURED_TYPES.map(type => sdkRoute(`/v1/${type}`, answerUnmeasured)),
  sdkRoute('/v1/events', answerCloudEvents),
  { path: FLAGS_PATH, answer: answerFlags, bodyLimit: BODY_LIMIT, query: FLAGS_QUERY },
  FLAG_ROUTE,
]

function sdkRoute(path: string, answer: Answer): HotRoute {
  return { path, answer, bodyLimit: BATCH_LIMIT, query: 'any' }
}

const BY_ADDRESS: ReadonlyMap<string, HotRoute> = new Map(HOT_ROUTES.map(route => [route.path, route]))

/**
 * The route of a request that is hot, if its address has no query and no capitals; others get there
 * by Express.
 */
export function hotRouteOf({ method, url = '' }: IncomingMessage): HotRoute | undefined {
  if (method !== 'POST') return undefined
  return BY_ADDRESS.get(url) ?? (url.startsWith(`${FLAGS_PATH}/`) ? FLAG_ROUTE : undefined)
}

/** @throws BanditError `overloaded`, and what the route itself throws */
export function answerHot(
  { answer, bodyLimit }: HotRoute,
  admission: Admission,
  context: Context,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  return isStream(request)
    ? answer(context, request, response)
    : admission.admit(request, bodyLimit, () => answer(context, request, response))
}

/**
 * A stream is as long as its sender pleases, and is read no faster than its events are kept; it is
 * not counted.
 */
function isStream({ headers }: IncomingMessage): boolean {
  return headers['content-type']?.startsWith(NDJSON_TYPE) ?? false
}
