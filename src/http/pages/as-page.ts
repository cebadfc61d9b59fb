// What all pages have in common: they know who looks, ask for a key where one is missing, and say
// in a page what goes wrong.
import type { Request, Response } from 'express'
import type { Scope } from '../../access/key.ts'
import { BanditError, StoreUnavailableError } from '../../bandit/errors.ts'
import type { Viewer } from '../../views/html/frame.ts'
import { problemPage } from '../../views/html/problem-page.ts'
import { signInPage } from '../../views/html/sign-in-page.ts'
import type { Context } from '../context.ts'
import { authenticate } from '../middleware/authenticate.ts'
import { sessionKeyIn } from '../middleware/session.ts'
import { problemOf, titleOf } from '../problem.ts'
import { ASSETS } from './assets.ts'
import { answerPage } from './html.ts'

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
