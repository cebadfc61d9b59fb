// What all pages have in common: who looks at them, and errors as a page.
import type { IncomingMessage, ServerResponse } from 'node:http'
import { BanditError, StoreUnavailableError } from '../../bandit/errors.ts'
import type { Viewer } from '../../views/html/frame.ts'
import { problemPage } from '../../views/html/problem-page.ts'
import { signInPage } from '../../views/html/sign-in-page.ts'
import type { Caller } from '../middleware/authenticate.ts'
import { sessionKeyIn } from '../middleware/session.ts'
import { problemOf, titleOf } from '../problem.ts'
import { ASSETS } from './assets.ts'
import { answerPage } from './html.ts'

/**
 * Answers with a page that states the error, or with the sign-in form where a key is missing.
 *
 * @throws the error itself when it is neither the caller's fault nor the store's
 */
export function answerErrorPage(request: IncomingMessage, response: ServerResponse, error: unknown): void {
  if (!(error instanceof BanditError || error instanceof StoreUnavailableError)) throw error
  const { status, code, detail, faults } = problemOf(error)
  if (code === 'unauthorized') {
    const back = request.method === 'GET' ? (request.url ?? '/') : '/'
    answerPage(response, signInPage({ assets: ASSETS, back, isRefused: false }), status)
    return
  }
  answerPage(response, problemPage({ title: titleOf(status), detail, faults, assets: ASSETS, viewer: null }), status)
}

/** The person who looks at a page. */
export function viewerOf(request: IncomingMessage, { name, scopes }: Caller): Viewer {
  return { name, canAct: scopes.includes('admin'), isSignedIn: sessionKeyIn(request) !== null }
}
