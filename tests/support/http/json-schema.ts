// JSON schema as a judge of real answers: by the document's own words, not by the code that they
// were made from.
import { z } from 'zod'

type Json = Readonly<Record<string, unknown>>

export class SchemaJudge {
  readonly #components: unknown
  readonly #allowsMore: boolean
  readonly #judges = new Map<string, z.ZodType>()

  /**
   * `components`: the document's schemas by name. `allowsMore`: objects may have fields that are
   * not documented, where nothing forbids it.
   */
  constructor(components: Json, { allowsMore }: { allowsMore: boolean }) {
    this.#allowsMore = allowsMore
    this.#components = this.#adapted(components)
  }

  /** What is wrong with a value, in words; empty: nothing. */
  faults(schema: unknown, value: unknown): string[] {
    const text = JSON.stringify(schema)
    const judge = this.#judges.get(text) ?? this.#judgeOf(JSON.parse(text))
    this.#judges.set(text, judge)
    const { error } = judge.safeParse(value)
    return error === undefined ? [] : error.issues.map(issue => `${issue.path.join('.')}: ${JSON.stringify(issue)}`)
  }

  #judgeOf(schema: Json): z.ZodType {
    const whole = { ...(this.#adapted(schema) as Json), $defs: this.#components }
    return z.fromJSONSchema(whole as z.core.JSONSchema.JSONSchema)
  }

  #adapted(schema: unknown): unknown {
    if (Array.isArray(schema)) return schema.map(item => this.#adapted(item))
    if (typeof schema !== 'object' || schema === null) return schema
    const adapted = Object.fromEntries(Object.entries(schema).map(([name, part]) => [name, this.#adapted(part)]))
    if (typeof adapted.$ref === 'string') adapted.$ref = adapted.$ref.replace('#/components/schemas/', '#/$defs/')
    if (!this.#allowsMore && adapted.properties !== undefined) adapted.additionalProperties ??= false
    return adapted
  }
}
