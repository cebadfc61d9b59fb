// What changed between two values, for the history: a flat list of paths, before and after.

export interface Difference {
  readonly path: string
  /** Absent where the path is new. */
  readonly before?: unknown
  /** Absent where the path is gone. */
  readonly after?: unknown
}

/**
 * Lists whose items have a `key` each, all different, are matched by it, so that an added arm shows
 * as one line and not as a shift of all; a list of other items, or in another order, differs as a
 * whole.
 */
export function differences(before: unknown, after: unknown, path = ''): Difference[] {
  if (before === after) return []
  const [old, young] = [partsOf(before), partsOf(after)]
  if (
    old === null ||
    young === null ||
    Array.isArray(before) !== Array.isArray(after) ||
    isReordered(before, old, young)
  ) {
    return isSame(before, after) ? [] : [difference(path, before, after)]
  }
  return [...new Set([...old.keys(), ...young.keys()])].flatMap(name =>
    differences(old.get(name), young.get(name), path === '' ? name : `${path}.${name}`),
  )
}

function difference(path: string, before: unknown, after: unknown): Difference {
  return { path, ...(before !== undefined && { before }), ...(after !== undefined && { after }) }
}

/**
 * The parts of an object or a keyed list by name; null for all else, which has no parts that could
 * be told apart.
 */
function partsOf(value: unknown): Map<string, unknown> | null {
  if (!isContainer(value)) return null
  if (!Array.isArray(value)) return new Map(Object.entries(value))
  const named = new Map(value.map(item => [nameOf(item), item]))
  return named.size === value.length && !named.has(null) ? (named as Map<string, unknown>) : null
}

function isReordered(value: unknown, old: Map<string, unknown>, young: Map<string, unknown>): boolean {
  if (!Array.isArray(value)) return false
  const kept = [...old.keys()].filter(name => young.has(name))
  const order = [...young.keys()].filter(name => old.has(name))
  return kept.some((name, position) => name !== order[position])
}

function isSame(before: unknown, after: unknown): boolean {
  if (!Array.isArray(before) || !Array.isArray(after)) return Number.isNaN(before) && Number.isNaN(after)
  return (
    before.length === after.length && before.every((item, position) => differences(item, after[position]).length === 0)
  )
}

function isContainer(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}

function nameOf(item: unknown): string | null {
  return isContainer(item) && 'key' in item && typeof item.key === 'string' ? item.key : null
}
