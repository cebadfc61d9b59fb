// The addresses of pages for people; no document names them.
import type { PlainRoute } from '../routes/route.ts'
import { getAsset } from './assets.ts'
import { getCreate, postCreate } from './create.ts'
import { postRetire, postStatusForm } from './page-actions.ts'
import { getEvents, getExperimentPage, getOverview } from './pages.ts'
import { postSession, postSessionEnd } from './sign-in.ts'

const page = { method: 'GET', scope: 'read', query: 'any', isPage: true } as const
const form = { method: 'POST', scope: 'admin', query: 'any', isPage: true } as const

export const PAGE_ROUTES: readonly PlainRoute[] = [
  { ...page, path: '/', handler: getOverview },
  { method: 'GET', path: '/events', scope: 'read', query: 'any', handler: getEvents },
  { ...page, path: '/new', scope: 'admin', handler: getCreate },
  { ...form, path: '/new', handler: postCreate },
  { ...page, path: '/pages/:key', handler: getExperimentPage },
  { method: 'GET', path: '/pages/:key/events', scope: 'read', query: 'any', handler: getEvents },
  { ...form, path: '/pages/:key/start', handler: (...call) => postStatusForm('running', ...call) },
  { ...form, path: '/pages/:key/pause', handler: (...call) => postStatusForm('paused', ...call) },
  { ...form, path: '/pages/:key/stop', handler: (...call) => postStatusForm('stopped', ...call) },
  { ...form, path: '/pages/:key/retire', handler: postRetire },
  // They check the origin and the key of the form by themselves.
  { ...form, path: '/session', scope: null, handler: postSession },
  { ...form, path: '/session/end', scope: null, handler: postSessionEnd },
  { method: 'GET', path: '/assets/:digest/:name', scope: null, query: 'any', handler: getAsset },
]
