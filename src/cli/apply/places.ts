// The line and column of a path in a file.
import { type Document, isAlias, isMap, isScalar, isSeq, type LineCounter, type Node, type Pair } from 'yaml'

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
    const found = isSeq(node) ? itemIn(node.items, rest) : isMap(node) ? fieldIn(node.items, rest) : null
    if (found === null) break
    offset = found.offset ?? offset
    node = isAlias(found.node) ? found.node.resolve(document) : found.node
    rest = rest.slice(found.length).replace(/^\./, '')
  }
  const { line, col } = lines.linePos(offset)
  return { file, line, column: col }
}

interface Found {
  readonly node: unknown
  readonly offset: number | undefined
  /** The length of its part of the path. */
  readonly length: number
}

/** By number, `[1]`, or by the item's own key. */
function itemIn(items: readonly unknown[], path: string): Found | null {
  const number = /^\[(\d+)\]/.exec(path)
  const numbered = items[Number(number?.[1])]
  if (number !== null && numbered !== undefined) {
    return { node: numbered, offset: startOf(numbered), length: number[0].length }
  }
  return longest(
    items.map(node => ({ name: isMap(node) ? String(node.get('key')) : '', node, start: node })),
    path,
  )
}

function fieldIn(pairs: readonly Pair[], path: string): Found | null {
  const named = pairs.map(({ key, value }) => ({
    name: String(isScalar(key) ? key.value : key),
    node: value,
    start: key,
  }))
  return longest(named, path)
}

/** The longest name that the path begins with: arms may have dots in theirs. */
function longest(parts: readonly { name: string; node: unknown; start: unknown }[], path: string): Found | null {
  const [part] = parts
    .filter(({ name }) => path === name || path.startsWith(`${name}.`) || path.startsWith(`${name}[`))
    .toSorted((one, other) => other.name.length - one.name.length)
  return part === undefined ? null : { node: part.node, offset: startOf(part.start), length: part.name.length }
}

function startOf(node: unknown): number | undefined {
  return (node as Node | null)?.range?.[0]
}
