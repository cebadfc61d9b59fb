// The line and column of a path in a file.
import { type Document, isAlias, isMap, isScalar, isSeq, type LineCounter, type Node } from 'yaml'

export interface Place {
  readonly file: string
  /** From 1. */
  readonly line: number
  readonly column: number
}

/** Of a path like `metrics[1].range`; where it is missing, of the nearest part around it. */
export function placeOf(file: string, document: Document.Parsed, lines: LineCounter, path: string): Place {
  let node: unknown = document.contents
  let offset = document.contents?.range[0] ?? document.range[0]
  for (let rest = path; rest !== ''; ) {
    // The longest name that the path begins with: a key may have dots in it.
    const [part] = partsOf(node)
      .filter(({ name }) => rest === name || rest.startsWith(`${name}.`) || rest.startsWith(`${name}[`))
      .toSorted((one, other) => other.name.length - one.name.length)
    if (part === undefined) break
    offset = (part.start as Node | null)?.range?.[0] ?? offset
    node = isAlias(part.node) ? part.node.resolve(document) : part.node
    rest = rest.slice(part.name.length).replace(/^\./, '')
  }
  const { line, col } = lines.linePos(offset)
  return { file, line, column: col }
}

interface Part {
  readonly name: string
  readonly node: unknown
  /** The node at whose place it begins. */
  readonly start: unknown
}

/** The fields of a map; the items of a list by number, `[1]`, and by their own key. */
function partsOf(node: unknown): Part[] {
  if (isMap(node)) {
    return node.items.map(({ key, value }) => ({
      name: String(isScalar(key) ? key.value : key),
      node: value,
      start: key,
    }))
  }
  if (!isSeq(node)) return []
  return node.items.flatMap((item, index) => {
    const names = [`[${index}]`, ...(isMap(item) ? [String(item.get('key'))] : [])]
    return names.map(name => ({ name, node: item, start: item }))
  })
}
