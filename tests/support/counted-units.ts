// A scoring for tests of the store: counts what it is told in plain numbers, of which a few suffice
// to tell apart what was added, moved, or left out.
import type { ScoredUnit, Scoring, StoredSums, UnitSums } from '../../src/store/port.ts'

/** Columns of the part `units`. */
const UNITS = ['units', 'arms', 'propensities', 'contexts', 'rules'] as const
/** Columns of the part `moves`. */
const MOVES = ['moves', 'metrics', 'before', 'after', 'contexts', 'rules'] as const

/** As long as the longest part may be. */
const LENGTH = 10_000

/** A rule and a context are a number as JSON. */
export class CountedScoring implements Scoring {
  /** Every rule that was given, in order. */
  readonly given: [snapshot: number, rule: string][] = []
  readonly #rules = new Map<number, number>()

  knows(snapshot: number): boolean {
    return this.#rules.has(snapshot)
  }

  give(snapshot: number, rule: string): void {
    this.given.push([snapshot, rule])
    this.#rules.set(snapshot, JSON.parse(rule) as number)
  }

  newSums(snapshot: number): UnitSums {
    const rule = this.#rules.get(snapshot)
    if (rule === undefined) throw new TypeError(`The rule of snapshot ${snapshot} was not given`)
    return new CountedSums(rule)
  }
}

class CountedSums implements UnitSums {
  readonly #rule: number
  readonly #added = new Map<string, number[]>()

  constructor(rule: number) {
    this.#rule = rule
  }

  addUnit({ arm, propensity, context }: ScoredUnit): void {
    this.#add('units', [1, arm, propensity, numberOf(context), this.#rule])
  }

  moveUnit({ context }: ScoredUnit, metricPosition: number, before: number, after: number): void {
    this.#add('moves', [1, metricPosition, before, after, numberOf(context), this.#rule])
  }

  get parts(): readonly string[] {
    return [...this.#added.keys()]
  }

  merged(part: string, stored: Uint8Array | null): Uint8Array {
    const view = new DataView(new ArrayBuffer(8 * LENGTH))
    const before = stored === null ? [] : numbersIn(stored)
    for (const [column, number] of (this.#added.get(part) ?? []).entries())
      view.setFloat64(8 * column, (before[column] ?? 0) + number, true)
    return new Uint8Array(view.buffer)
  }

  #add(part: string, numbers: readonly number[]): void {
    const known = this.#added.get(part)
    this.#added.set(
      part,
      numbers.map((number, column) => number + (known?.[column] ?? 0)),
    )
  }
}

/** What was counted, as `1 units`: of several writers together. */
export function countedIn(sums: readonly StoredSums[]): Record<string, Record<string, number>> {
  const counted: Record<string, Record<string, number>> = {}
  for (const { snapshot, part, sums: bytes } of sums) {
    const key = `${snapshot} ${part}`
    const columns = part === 'units' ? UNITS : MOVES
    const numbers = numbersIn(bytes)
    counted[key] = Object.fromEntries(
      columns.map((name, column) => [name, (numbers[column] ?? 0) + (counted[key]?.[name] ?? 0)]),
    )
  }
  return counted
}

function numbersIn(bytes: Uint8Array): number[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return Array.from({ length: MOVES.length }, (_, column) => view.getFloat64(8 * column, true))
}

function numberOf(context: string | null): number {
  return context === null ? 1_000 : Number(JSON.parse(context))
}
