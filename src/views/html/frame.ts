// What is around every page of the service: the head of the document, the bar at the top, the foot.
// Whole documents that ask for nothing but the service's own files, and run nothing inline.
import { type Markup, markup, NOTHING } from './markup.ts'

/** Addresses of the files that pages need. */
export interface Assets {
  readonly style: string
  readonly script: string
  readonly icon: string
}

/** Who looks. */
export interface Viewer {
  readonly name: string
  /** May change experiments, and so sees the buttons for it. */
  readonly canAct: boolean
  /** By a key that the browser keeps; there is none to forget on an open service. */
  readonly isSignedIn: boolean
}

export interface Page {
  readonly title: string
  readonly main: Markup
  readonly assets: Assets
  /** Null: nobody is known, and there is nothing to go to. */
  readonly viewer: Viewer | null
  /** Where the page hears of changes, and which state it shows; null: it does not change. */
  readonly live: { readonly events: string; readonly revision: number } | null
}

export function framed({ title, main, assets, viewer, live }: Page): string {
  const listens = live === null ? NOTHING : markup` data-events="${live.events}" data-revision="${live.revision}"`
  return markup`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title === '' ? 'Pinwheel' : `${title} · Pinwheel`}</title>
<link rel="icon" type="image/svg+xml" href="${assets.icon}">
<link rel="stylesheet" href="${assets.style}">
<script type="module" src="${assets.script}"></script>
</head>
<body>
<a class="skip" href="#main">Skip to the content</a>
<header class="bar">
<a class="mark" href="/">${pinwheel()}Pinwheel</a>
${viewer === null ? NOTHING : navigation(viewer)}
</header>
<main id="main" tabindex="-1"${listens}>
${main}
</main>
<p class="unseen" id="announcement" role="status"></p>
</body>
</html>
`.markup
}

function navigation({ name, canAct, isSignedIn }: Viewer): Markup {
  const create = canAct ? markup`<a href="/new">New experiment</a>` : NOTHING
  const leave = isSignedIn
    ? markup`<form method="post" action="/session/end"><span class="soft">${name}</span> <button class="plain">Sign out</button></form>`
    : NOTHING
  return markup`<nav aria-label="Main"><a href="/">Experiments</a>${create}</nav><span class="live" id="live" hidden></span>${leave}`
}

/** Four blades around a pin. */
export function pinwheel(): Markup {
  const blades = [0, 90, 180, 270].map(
    (angle, place) =>
      markup`<path class="blade${place % 2 === 0 ? '' : ' pale'}" transform="rotate(${angle} 12 12)" d="M12 12V2.5A7 7 0 0 1 19 9.5L12 12Z"/>`,
  )
  return markup`<svg viewBox="0 0 24 24" width="24" height="24" aria-hidden="true">${blades}</svg>`
}
