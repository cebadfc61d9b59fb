// Short forms of fast-check's arbitraries.
import fc from 'fast-check'

/** One of them, each as often as its weight says. */
export function weighted<Value>(...choices: readonly (readonly [weight: number, arbitrary: fc.Arbitrary<Value>])[]) {
  return fc.oneof(...choices.map(([weight, arbitrary]) => ({ weight, arbitrary })))
}

/** An object with the `required` fields, and with some of the others. */
export function partly<Fields>(
  required: readonly (keyof Fields & string)[],
  fields: { [Key in keyof Fields]: fc.Arbitrary<Fields[Key]> },
) {
  return fc.record(fields, { requiredKeys: [...required] })
}
