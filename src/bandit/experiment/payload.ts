// What product code gets with an arm. The payloads of one experiment have one type, so that code
// which reads one can read them all; an arm may have none.
import type { Fault } from '../errors.ts'
import type { Json } from './experiment.ts'

export type PayloadType = 'string' | 'boolean' | 'number' | 'object' | 'list'

/** The type of a payload; null for none. */
export function payloadTypeOf(payload: Json | undefined): PayloadType | null {
  if (payload === null || payload === undefined) return null
  if (Array.isArray(payload)) return 'list'
  return typeof payload as Exclude<PayloadType, 'list'>
}

interface PayloadOfArm {
  readonly key?: string | null | undefined
  readonly payload?: Json | undefined
}

/**
 * A fault for each payload of another type than the first one. An arm or a key that could not be
 * read is null.
 */
export function payloadFaults(arms: readonly (PayloadOfArm | null)[]): Fault[] {
  const position = arms.findIndex(arm => payloadTypeOf(arm?.payload) !== null)
  const first = arms[position]
  const named = first?.key == null ? `arms[${position}]` : `"${first.key}"`
  const wanted = payloadTypeOf(first?.payload)
  return arms.flatMap((arm, position) => {
    const type = payloadTypeOf(arm?.payload)
    if (type === null || wanted === null || type === wanted) return []
    const message = `is ${withArticle(type)}, but that of ${named} is ${withArticle(wanted)}: payloads of one experiment have one type`
    return [{ path: `arms[${position}].payload`, message }]
  })
}

function withArticle(type: PayloadType): string {
  return type === 'object' ? 'an object' : `a ${type}`
}
