// The form of a new experiment: the service looks at it while it is filled in, and says what is
// wrong and which command would do the same. All that the form knows, the service knows; this only
// asks it.
import { morph } from './morph.js'

/** After the last key press, in ms. */
const PAUSE_MS = 250

/** @param {HTMLFormElement} form */
export function checkWhileFilled(form) {
  let timer = 0
  let asked = 0

  /** @param {string} deed */
  const ask = async deed => {
    clearTimeout(timer)
    const ours = ++asked
    const fields = new URLSearchParams(/** @type {any} */ (new FormData(form)))
    fields.set('do', deed)
    const response = await fetch(form.action, { method: 'POST', body: fields })
    // Somebody has written on meanwhile: then another answer is on its way.
    if (ours !== asked) return
    if (response.redirected) return location.assign(response.url)
    const page = new DOMParser().parseFromString(await response.text(), 'text/html')
    const young = page.getElementById(form.id)
    if (young === null) return location.reload()
    morph(form, young)
    if (deed !== 'check') /** @type {HTMLElement | null} */ (form.querySelector('[data-focus]'))?.focus()
  }

  form.addEventListener('input', () => {
    asked++
    clearTimeout(timer)
    timer = setTimeout(() => void ask('check').catch(() => {}), PAUSE_MS)
  })
  form.addEventListener('submit', event => {
    const deed = /** @type {HTMLButtonElement | null} */ (event.submitter)?.value
    if (deed === undefined || deed.startsWith('create')) return
    event.preventDefault()
    ask(deed).catch(() => form.submit())
  })
}
