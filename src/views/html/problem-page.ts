// Says to a person what a request was refused for.
import { type Assets, framed, type Viewer } from './frame.ts'
import { markup, NOTHING } from './markup.ts'

export interface ProblemPage {
  readonly title: string
  readonly detail: string
  readonly faults: readonly { readonly path: string; readonly message: string }[]
  readonly assets: Assets
  readonly viewer: Viewer | null
}

export function problemPage({ title, detail, faults, assets, viewer }: ProblemPage): string {
  const list = faults.map(({ path, message }) => markup`<li><code>${path}</code> ${message}</li>`)
  const main = markup`<h1>${title}</h1><p class="lead">${detail}</p>
${faults.length === 0 ? NOTHING : markup`<ul class="notes">${list}</ul>`}
<p class="lead"><a href="/">To the experiments</a></p>`
  return framed({ title, main, assets, viewer, live: null })
}
