// Keeps a page as it would be if it were loaded now: hears of changes, fetches the page anew, and
// puts in what is different.
import { morph } from './morph.js'

/** A server that is full or gone is asked again so much later, in ms. */
const RETRY_MS = 15_000

/** @param {HTMLElement} main with `data-events` and `data-revision` */
export function keepLive(main) {
  /** @type {EventSource | null} */
  let source = null
  let retry = 0
  let isFetching = false
  let newest = Number(main.dataset.revision)

  const listen = () => {
    source?.close()
    clearTimeout(retry)
    // A browser gives one service few connections at a time; a page that nobody sees needs none.
    if (document.hidden) return
    source = new EventSource(main.dataset.events ?? '')
    source.addEventListener('open', () => tell('Live', false))
    source.addEventListener('changed', event => {
      newest = Number(event.data)
      void refresh()
    })
    source.addEventListener('error', () => {
      tell('Not live', true)
      if (source?.readyState === EventSource.CLOSED) retry = setTimeout(listen, RETRY_MS)
    })
  }

  const refresh = async () => {
    if (isFetching) return
    isFetching = true
    try {
      while (newest !== Number(main.dataset.revision)) {
        const wanted = newest
        const response = await fetch(location.href, { headers: { 'x-revision': String(wanted) } })
        if (!response.ok) return location.reload()
        const page = new DOMParser().parseFromString(await response.text(), 'text/html')
        show(main, page)
        // What was asked for is there, whatever number the page bears: another process may count
        // anew.
        main.dataset.revision = String(wanted)
      }
    } catch {
      tell('Not live', true)
    } finally {
      isFetching = false
    }
  }

  document.addEventListener('visibilitychange', () => {
    if (document.hidden) source?.close()
    else listen()
  })
  addEventListener('pagehide', () => source?.close())
  listen()
}

/**
 * @param {HTMLElement} main
 * @param {Document} page
 */
function show(main, page) {
  const young = page.getElementById('main')
  if (young === null) return
  const [before, after] = [announcementIn(main), announcementIn(young)]
  document.title = page.title
  morph(main, young)
  // Numbers change all the time; aloud is said only what a person would be called for.
  const announcement = document.getElementById('announcement')
  if (announcement !== null && before !== after) announcement.textContent = after
}

/** @param {Element} main */
function announcementIn(main) {
  return main.querySelector('[data-announce]')?.getAttribute('data-announce') ?? ''
}

/**
 * @param {string} word
 * @param {boolean} isLost
 */
function tell(word, isLost) {
  const sign = document.getElementById('live')
  if (sign === null) return
  sign.hidden = false
  sign.textContent = word
  sign.classList.toggle('lost', isLost)
}
