// Values that a careless program stumbles over, and good values with something wrong in them.
import fc from 'fast-check'
import { weighted } from '../arbitraries.ts'

/** Stand in JSON for what JSON text can say and JSON.stringify cannot. */
const HUGE = '@huge'
const DEEP = '@deep'
const TWICE = '@twice'
const DEEP_TEXT = '['.repeat(20_000) + ']'.repeat(20_000)

/**
 * JSON as text, with numbers that no double holds, lists in lists without end, and names that are
 * there twice.
 */
export function hostileJson(value: unknown): string {
  const text = JSON.stringify(value) ?? 'null'
  return text
    .replaceAll(`"${HUGE}"`, '1e400')
    .replaceAll(`"${DEEP}"`, DEEP_TEXT)
    .replaceAll(`"${TWICE}"`, '{"key":1,"key":2}')
}

const TEXTS = [
  '',
  ' ',
  ...'\0|a\0b|a\r\nb|\u2028|\ufeffu|\ud800|é|e\u0301|😀|\u202eu|%00|%|=1+1|../../etc/passwd'.split('|'),
  ...'__proto__|constructor|toString|hasOwnProperty|null|NaN|-1|1e400|0x10|14d|0d|99999999999d'.split('|'),
  "' OR 1=1 --",
  '<script>alert(1)</script>',
  ...[64, 65, 256, 257, 20_000].map(length => 'x'.repeat(length)),
  '😀'.repeat(256),
  ...'2026-01-05T12:00:00Z|2026-02-30T12:00:00Z|0000-01-01T00:00:00Z|9999-12-31T23:59:59Z'.split('|'),
  '2026-01-05T12:00:00.123456789123+14:00',
]

const NUMBERS = [
  0, -0, 1, -1, 0.1, 0.5, 0.9999999999, 1.5, 1e-7, 5e-324, 1e12, -1e12, 1.0000001e12, 1e21, 1.7976931348623157e308,
  2_147_483_648, 9_007_199_254_740_992, -9_007_199_254_740_992,
]

export const hostileText = weighted(
  [3, fc.constantFrom(...TEXTS)],
  [1, fc.string({ maxLength: 12 })],
  [1, fc.string({ unit: 'binary', maxLength: 12 })],
)

const hostileNumber = fc.oneof(
  fc.constantFrom(...NUMBERS),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.integer({ min: -5, max: 5_000 }),
)

export const hostileValue: fc.Arbitrary<unknown> = fc.oneof(
  hostileText,
  hostileNumber,
  fc.constantFrom(null, true, false, [], {}, [[]], HUGE, DEEP, TWICE),
  fc.jsonValue({ maxDepth: 2 }),
)

/** What is done to one place of a good value. */
interface Mutation {
  /** Counted through all places, and round again. */
  readonly place: number
  readonly what: 'replace' | 'leave out' | 'add' | 'repeat' | 'wrap' | 'rename'
  readonly name: string
  readonly value: unknown
}

/** Wrong fields, and right ones in the wrong place. */
const NAMES = [
  '',
  ...'key unit units experiment metric value at id arm weights winner payload retired policy prior exploration'.split(
    ' ',
  ),
  ...'untilVerdict after burnIn minDuration onHarm controlShare window range margin runs status salt'.split(' '),
  ...'__proto__ constructor toString length'.split(' '),
]

export const hostileName = weighted([4, fc.constantFrom(...NAMES)], [1, hostileText])

const mutation: fc.Arbitrary<Mutation> = fc.record({
  place: fc.nat({ max: 60 }),
  what: fc.constantFrom('replace', 'replace', 'leave out', 'add', 'repeat', 'wrap', 'rename'),
  name: hostileName,
  value: hostileValue,
})

/** The same value, and half as often one with one to three things wrong in it. */
export function nearly(good: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> {
  const none = fc.constant<Mutation[]>([])
  const wrongs = fc.oneof(none, none, fc.array(mutation, { minLength: 1, maxLength: 3 }))
  return fc.tuple(good, wrongs).map(([value, mutations]) => mutations.reduce(mutate, value))
}

/** Objects are rebuilt from entries, since `__proto__` is to be a field as JSON.parse makes it. */
function mutate(value: unknown, mutation: Mutation): unknown {
  let left = mutation.place % Math.max(1, placesIn(value))
  const walk = (node: unknown): unknown => {
    if (left-- === 0) return mutateHere(node, mutation)
    if (Array.isArray(node)) return node.map(walk)
    return isObject(node) ? fromEntries(Object.entries(node).map(([name, field]) => [name, walk(field)])) : node
  }
  return walk(value)
}

function mutateHere(node: unknown, { what, name, value }: Mutation): unknown {
  if (what === 'wrap') return [node]
  if (Array.isArray(node)) {
    if (what === 'leave out') return node.slice(1)
    if (what === 'repeat') return [...node, ...node]
    if (what === 'add') return [...node, value]
  }
  if (isObject(node)) {
    const entries = Object.entries(node)
    if (what === 'leave out') return fromEntries(entries.slice(1))
    if (what === 'add') return fromEntries([...entries, [name, value]])
    if (what === 'rename') return fromEntries(entries.map(([own, field], at) => [at === 0 ? name : own, field]))
    if (what === 'repeat') return fromEntries([...entries, ['', node]])
  }
  return value
}

function placesIn(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 1
  return Object.values(value).reduce((sum: number, item) => sum + placesIn(item), 1)
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function fromEntries(entries: readonly [string, unknown][]): object {
  const made = {}
  for (const [name, value] of entries) {
    Object.defineProperty(made, name, { value, enumerable: true, configurable: true, writable: true })
  }
  return made
}
