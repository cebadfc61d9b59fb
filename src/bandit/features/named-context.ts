// What is kept of a context, as people read it: by the keys of the features.
import type { Feature } from './feature.ts'
import type { KeptValue } from './keep-context.ts'

/**
 * By key: a number, true or false, the text of a level, the number of a bucket; null: missing, as
 * it is for units that came before a feature was appended.
 */
export type NamedContext = Readonly<Record<string, number | boolean | string | null>>

export function namedContext(features: readonly Feature[], kept: readonly KeptValue[]): NamedContext {
  return Object.fromEntries(features.map((feature, place) => [feature.key, nameOf(feature, kept[place] ?? null)]))
}

function nameOf(feature: Feature, kept: KeptValue): number | boolean | string | null {
  return feature.type === 'categorical' && typeof kept === 'number' ? (feature.levels[kept] ?? null) : kept
}
