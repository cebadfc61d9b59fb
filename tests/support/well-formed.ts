// Whether text is well-formed XML, as far as generated SVG goes: one root, tags that nest, quoted
// attributes, escaped text.

const NAME = '[A-Za-z_][\\w:.-]*'
const TAG = new RegExp(
  `<(?:(/)(${NAME})\\s*|(${NAME})((?:\\s+${NAME}="[^"<>&]*(?:&(?:amp|lt|gt|quot|#\\d+);[^"<>&]*)*")*)\\s*(/?))>`,
  'g',
)
const TEXT = /^(?:[^<>&\p{Cc}]|[\t\n\r]|&(?:amp|lt|gt|quot|#\d+);)*$/u

/** What is wrong with it first; null: nothing. */
export function xmlFault(xml: string): string | null {
  const open: string[] = []
  let [position, roots] = [0, 0]
  for (const match of xml.matchAll(TAG)) {
    const between = xml.slice(position, match.index)
    if (!TEXT.test(between)) return `text "${between.slice(0, 80)}"`
    if (open.length === 0 && between.trim() !== '') return `text outside the root: "${between.slice(0, 80)}"`
    position = match.index + match[0].length
    const [, closing, closed, opened, attributes = '', selfClosed] = match
    if (closing !== undefined) {
      if (open.pop() !== closed) return `</${closed}> closes nothing`
      continue
    }
    const names = [...attributes.matchAll(/([\w:.-]+)="/g)].map(([, name]) => name)
    if (new Set(names).size < names.length) return `<${opened}> has an attribute twice`
    if (open.length === 0 && ++roots > 1) return `a second root <${opened}>`
    if (selfClosed === '') open.push(opened ?? '')
  }
  if (open.length > 0) return `<${open.at(-1)}> stays open`
  return xml.slice(position).trim() === '' ? null : `after the root: "${xml.slice(position, position + 80)}"`
}
