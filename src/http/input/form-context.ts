// A context in a form, whose fields are text: `context.channel=web&context.recency=3`.
import type { Feature } from '../../bandit/features/feature.ts'
import { isObject } from './fields.ts'

const PREFIX = 'context.'

/** The form with its fields `context.KEY` in one field `context`; as it is, where it has none. */
export function gatherContext(form: unknown): unknown {
  if (!isObject(form) || !Object.keys(form).some(name => name.startsWith(PREFIX))) return form
  const fields = Object.entries(form)
  const own = fields.filter(([name]) => name.startsWith(PREFIX))
  return {
    context: Object.fromEntries(own.map(([name, text]) => [name.slice(PREFIX.length), text])),
    ...Object.fromEntries(fields.filter(([name]) => !name.startsWith(PREFIX))),
  }
}

/** A context of texts with the numbers and booleans that its features want; an empty one: null. */
export function typedContext(features: readonly Feature[], context: unknown): unknown {
  if (!isObject(context)) return context
  const typed = new Map(Object.entries(context))
  for (const { key, type } of features) {
    const text = typed.get(key)
    if (typeof text !== 'string' || type === 'categorical' || type === 'hashed') continue
    typed.set(key, text.trim() === '' ? null : type === 'numeric' ? numberIn(text) : booleanIn(text))
  }
  return Object.fromEntries(typed)
}

/** What is no number stays text, which is a fault. */
function numberIn(text: string): number | string {
  const number = Number(text)
  return Number.isFinite(number) ? number : text
}

function booleanIn(text: string): boolean | string {
  return text === 'true' ? true : text === 'false' ? false : text
}
