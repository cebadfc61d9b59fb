// Asks once for the key that a service with keys wants.
import { type Assets, framed } from './frame.ts'
import { markup, NOTHING } from './markup.ts'

export interface SignIn {
  readonly assets: Assets
  /** The address to come back to. */
  readonly back: string
  /** A key was given, and was not right. */
  readonly isRefused: boolean
}

export function signInPage({ assets, back, isRefused }: SignIn): string {
  const fault = isRefused ? markup`<p class="fault" id="key-fault">This is no valid key.</p>` : NOTHING
  const invalid = isRefused ? markup` aria-invalid="true" aria-describedby="key-fault"` : NOTHING
  const main = markup`<div class="signin"><h1>A key is needed</h1>
<form method="post" action="/session"><input type="hidden" name="back" value="${back}">
<div class="field"><label for="key">Key of this service</label><input id="key" name="key" type="password" autocomplete="current-password" required autofocus${invalid}>${fault}</div>
<div><button class="button primary">Sign in</button></div></form>
<p class="soft">This browser keeps it for 30 days, out of reach of any script, until you sign out.</p></div>`
  return framed({ title: 'Sign in', main, assets, viewer: null, live: null })
}
