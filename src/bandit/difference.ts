// What changed between two values, for the history: a flat list of paths, before and after.

export interface Difference {
  readonly path: string
  /** Absent where the path is new. */
  readonly before?: unknown
  /** Absent where the path is gone. */
  readonly after?: unknown
}

/** Lists of things that have a `key` are matched by it, so that an added arm shows as one line and not as a shift of all. */
export function differences(before: unknown, after: unknown, path = ''): Difference[] {
  if (Object.is(before, after)) return []
  if (!isContainer(before) || !isContainer(after) || Array.isArray(before) !== Array.isArray(after)) {
    return [{ path, ...(before !== undefined && { before }), ...(after !== undefined && { after }) }]
  }
  const [old, young] = [entriesOf(before), entriesOf(after)]
  return [...new Set([...old.keys(), ...young.keys()])].flatMap(name =>
    differences(old.get(name), young.get(name), path === '' ? name : `${path}.${name}`),
  )
}

function isContainer(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}

function entriesOf(value: object): Map<string, unknown> {
  if (!Array.isArray(value)) return new Map(Object.entries(value))
  return new Map(value.map((item, position) => [nameOf(item) ?? String(position), item]))
}

function nameOf(item: unknown): string | null {
  return isContainer(item) && 'key' in item && typeof item.key === 'string' ? item.key : null
}
