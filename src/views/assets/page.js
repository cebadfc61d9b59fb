// What the pages do beyond what HTML does by itself. Everything works without it, only not live.
import { checkWhileFilled } from './form.js'
import { keepLive } from './live.js'

const main = document.getElementById('main')
if (main?.dataset.events !== undefined) keepLive(main)

const form = document.getElementById('definition')
if (form instanceof HTMLFormElement) checkWhileFilled(form)

// Browsers that do not know commands of buttons yet.
if (!('commandForElement' in HTMLButtonElement.prototype)) {
  document.addEventListener('click', event => {
    const button = event.target instanceof Element ? event.target.closest('button[commandfor]') : null
    const dialog = document.getElementById(button?.getAttribute('commandfor') ?? '')
    if (!(dialog instanceof HTMLDialogElement)) return
    if (button?.getAttribute('command') === 'close') dialog.close()
    else dialog.showModal()
  })
}

document.addEventListener('click', async event => {
  const button = event.target instanceof Element ? event.target.closest('button[data-copies]') : null
  const text = document.getElementById(button?.getAttribute('data-copies') ?? '')?.textContent
  if (button === null || text == null) return
  await navigator.clipboard.writeText(text)
  button.textContent = 'Copied'
  setTimeout(() => {
    button.textContent = 'Copy'
  }, 2_000)
})
