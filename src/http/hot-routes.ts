// What product code calls all the time. Express would double the cost of these requests, so they come first and pass it by.
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Admission } from './admission.ts'
import { answerAssign, answerAssignBatch } from './assign.ts'
import { BATCH_LIMIT, BODY_LIMIT, NDJSON_TYPE } from './body.ts'
import { answerCloudEvents } from './cloud-events.ts'
import type { Context } from './context.ts'
import { answerFlag, answerFlags } from './ofrep.ts'
import { FLAGS_PATH } from './ofrep-problem.ts'
import { answerRewards } from './rewards.ts'
import { answerSegmentBatch, answerSegmentTrack, answerUnmeasured, UNMEASURED_TYPES } from './segment-events.ts'

export type Answer = (context: Context, request: IncomingMessage, response: ServerResponse) => Promise<void>

/** A path that is posted to. */
export interface HotRoute {
  /** As Express would write it. */
  readonly path: string
  readonly answer: Answer
  readonly bodyLimit: number
}

const FLAG_ROUTE: HotRoute = { path: `${FLAGS_PATH}/:key`, answer: answerFlag, bodyLimit: BODY_LIMIT }

export const HOT_ROUTES: readonly HotRoute[] = [
  { path: '/assign', answer: answerAssign, bodyLimit: BODY_LIMIT },
  { path: '/assign/batch', answer: answerAssignBatch, bodyLimit: BATCH_LIMIT },
  { path: '/rewards', answer: answerRewards, bodyLimit: BATCH_LIMIT },
  { path: '/v1/batch', answer: answerSegmentBatch, bodyLimit: BATCH_LIMIT },
  { path: '/v1/track', answer: answerSegmentTrack, bodyLimit: BATCH_LIMIT },
  ...UNMEASURED_TYPES.map(type => ({ path: `/v1/${type}`, answer: answerUnmeasured, bodyLimit: BATCH_LIMIT })),
  { path: '/v1/events', answer: answerCloudEvents, bodyLimit: BATCH_LIMIT },
  { path: FLAGS_PATH, answer: answerFlags, bodyLimit: BODY_LIMIT },
  FLAG_ROUTE,
]

const BY_ADDRESS: ReadonlyMap<string, HotRoute> = new Map(HOT_ROUTES.map(route => [route.path, route]))

/** The route of a request that is hot in the plainest form of its address; others may still get there by Express. */
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

/** A stream is as long as its sender pleases, and is read no faster than its events are kept; it is not counted. */
function isStream({ headers }: IncomingMessage): boolean {
  return headers['content-type']?.startsWith(NDJSON_TYPE) ?? false
}
