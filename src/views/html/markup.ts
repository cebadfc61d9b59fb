// A template for HTML and SVG that escapes whatever is put into it; only what it made itself passes
// as it is.

export interface Markup {
  readonly markup: string
}

/** Text is escaped, markup is not, lists are joined. */
export type Content = string | number | Markup | readonly Content[]

export function markup(strings: TemplateStringsArray, ...contents: readonly Content[]): Markup {
  return { markup: strings.reduce((page, part, place) => page + rendered(contents[place - 1] ?? '') + part) }
}

export const NOTHING: Markup = { markup: '' }

/** Each on a line of its own. */
export function lines(parts: readonly Markup[]): Markup {
  return { markup: parts.map(part => part.markup).join('\n') }
}

/** Style sheets, which are no place for what others wrote. */
export function styleSheet(css: string): Markup {
  return { markup: css }
}

/**
 * For text and for attributes in quotes, in HTML and in XML: without control characters, and
 * without marks that reorder text.
 */
export function escapeText(text: string): string {
  return text
    .toWellFormed()
    .replace(/\r\n?/g, '\n')
    .replace(/[\u202a-\u202e\u2066-\u2069]/g, '')
    .replace(/(?![\t\n])\p{Cc}|[\ufffe\uffff]/gu, '\ufffd')
    .replace(/[&<>"']/g, letter => ESCAPES[letter] ?? letter)
}

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

function rendered(content: Content): string {
  if (typeof content === 'string') return escapeText(content)
  if (typeof content === 'number') return String(content)
  return 'markup' in content ? content.markup : content.map(rendered).join('')
}
