// What all drawings have in common: a document of SVG that says what it shows, drawn for wide and
// for narrow pages, with a caption.
import { type Markup, markup, NOTHING } from '../html/markup.ts'
import { unbroken } from '../text/prose.ts'

export interface Drawing {
  /** Of its title and description: no other element of the page has one that begins so. */
  readonly id: string
  readonly title: string
  /** The drawing in words, for those who cannot see it. */
  readonly told: string
  readonly width: number
  readonly height: number
  /** Has a size of its own; else it is as wide as its box. */
  readonly isAlone?: boolean
}

export function drawing({ id, title, told, width, height, isAlone = false }: Drawing, content: Markup): Markup {
  const size = isAlone ? markup` width="${width}" height="${height}"` : NOTHING
  return markup`<svg xmlns="http://www.w3.org/2000/svg" class="plot" role="img" aria-labelledby="${id}-title ${id}-desc"${size} viewBox="0 0 ${width} ${height}">
<title id="${id}-title">${title}</title>
<desc id="${id}-desc">${told}</desc>
${content}
</svg>`
}

/** `isWhole`: it fits on one sheet of paper, and is not to be broken. */
export function figure(draw: (layout: 'wide' | 'narrow') => Markup, caption: string, isWhole = false): Markup {
  return markup`<figure><div class="${isWhole ? 'wide whole' : 'wide'}">${draw('wide')}</div><div class="narrow">${draw('narrow')}</div>
<figcaption>${unbroken(caption)}</figcaption></figure>`
}

/** A position with one decimal. */
export function fixed(position: number): string {
  return String(Number(position.toFixed(1)))
}
