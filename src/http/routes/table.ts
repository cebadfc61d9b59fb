// Every route of the service, in the order in which the OpenAPI document shows them.
import { EVENT_ROUTES } from '../events/event-routes.ts'
import { FLAG_ROUTE, FLAGS_ROUTE } from '../ofrep/flag-routes.ts'
import { PAGE_ROUTES } from '../pages/page-routes.ts'
import { ASSIGN_ROUTES } from './assign.ts'
import { ASSIGNMENTS_ROUTES } from './assignments.ts'
import { DOCS_ROUTES } from './docs.ts'
import { EVALUATE_ROUTE } from './evaluate.ts'
import { EXPERIMENT_ROUTES } from './experiments.ts'
import { CONTEXT_ROUTE } from './read-context.ts'
import { REPORT_ROUTES } from './report.ts'
import { REWARD_ROUTE } from './rewards.ts'
import type { HotRoute, PlainRoute, Route } from './route.ts'
import { SERVICE_ROUTES } from './service.ts'
import { SIMULATE_ROUTE } from './simulate.ts'
import { SNAPSHOT_ROUTE } from './snapshots.ts'
import { WEBHOOK_ROUTES } from './webhooks.ts'

/** Served ahead of Express. */
export const HOT_ROUTES: readonly HotRoute[] = [
  ...ASSIGN_ROUTES,
  FLAG_ROUTE,
  FLAGS_ROUTE,
  REWARD_ROUTE,
  ...EVENT_ROUTES,
]

export const PLAIN_ROUTES: readonly PlainRoute[] = [
  ...EXPERIMENT_ROUTES,
  CONTEXT_ROUTE,
  ...REPORT_ROUTES,
  EVALUATE_ROUTE,
  SNAPSHOT_ROUTE,
  ...ASSIGNMENTS_ROUTES,
  SIMULATE_ROUTE,
  ...WEBHOOK_ROUTES,
  ...SERVICE_ROUTES,
  ...DOCS_ROUTES,
  ...PAGE_ROUTES,
]

export const ROUTES: readonly Route[] = [...HOT_ROUTES, ...PLAIN_ROUTES]
