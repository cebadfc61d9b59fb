// /session: a person gives a key, and takes it back.
import type { ServerResponse } from 'node:http'
import type { Request } from 'express'
import { BanditError } from '../../bandit/errors.ts'
import { signInPage } from '../../views/html/sign-in-page.ts'
import type { Context } from '../context.ts'
import { fieldFaults, refuse, textRule } from '../input/fields.ts'
import { authenticate } from '../middleware/authenticate.ts'
import { readValue } from '../middleware/body.ts'
import { forgetKey, keepKey, refuseOtherSites } from '../middleware/session.ts'
import { ASSETS } from './assets.ts'
import { answerPage, sendTo } from './html.ts'

/** Takes the key of a form, and keeps it in a cookie. */
export async function postSession(context: Context, request: Request, response: ServerResponse): Promise<void> {
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

export async function postSessionEnd(_context: Context, request: Request, response: ServerResponse): Promise<void> {
  refuseOtherSites(request)
  forgetKey(request, response)
  sendTo(response, '/')
}
