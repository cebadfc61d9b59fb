// The OpenAPI document as a test reads it: its operations, and whether an answer is one of those
// that it promises.

import type { Answer } from './answer.ts'
import { SchemaJudge } from './json-schema.ts'

// biome-ignore lint/suspicious/noExplicitAny: a test reads the fields that it expects, and fails where they are not
type Json = any

export interface PromisedOperation {
  readonly id: string
  readonly method: string
  /** With parameters in braces. */
  readonly path: string
  readonly scope: string | null
  readonly operation: Json
}

export class Interface {
  readonly operations: readonly PromisedOperation[]
  readonly #document: Json
  readonly #judge: SchemaJudge

  constructor(document: Json) {
    this.#document = document
    this.#judge = new SchemaJudge(document.components.schemas, { allowsMore: false })
    this.operations = Object.entries<Json>(document.paths).flatMap(([path, methods]) =>
      Object.entries<Json>(methods).map(([method, operation]) => ({
        id: operation.operationId,
        method: method.toUpperCase(),
        path,
        scope: operation['x-scope'] ?? null,
        operation,
      })),
    )
  }

  /** The operation at an address with its parameters filled in; undefined where there is none. */
  match(method: string, address: string): PromisedOperation | undefined {
    const pathname = URL.parse(address, 'http://localhost')?.pathname ?? ''
    return this.operations
      .filter(({ path }) => new RegExp(`^${path.replace(/\./g, '\\.').replace(/\{\w+\}/g, '[^/]+')}$`).test(pathname))
      .find(operation => operation.method === method)
  }

  /** The same. @throws Error where there is none */
  find(method: string, address: string): PromisedOperation {
    const found = this.match(method, address)
    if (found === undefined) throw new Error(`The document has no ${method} ${address}`)
    return found
  }

  /**
   * All that an operation promises to answer, as `putExperiment 409 experiment_frozen`; without a
   * code for what is no refusal.
   */
  promises({ id, operation }: PromisedOperation): string[] {
    return Object.entries<Json>(operation.responses).flatMap(([status, reference]) => {
      if (status === 'default') return []
      const problems = this.#resolved(reference).content?.['application/problem+json']
      if (problems === undefined) return [`${id} ${status}`]
      return Object.keys(problems.examples).map(code => `${id} ${status} ${code}`)
    })
  }

  /** The promise that an answer keeps. @throws Error where it is not as documented */
  kept({ id, operation }: PromisedOperation, { status, headers, text, body }: Answer): string {
    const response = this.#resolved(operation.responses[status] ?? operation.responses.default)
    if (response.content === undefined && text === '') return `${id} ${status}`
    const type = (headers.get('content-type') ?? '').split(';')[0] ?? ''
    const content = response.content?.[type]
    if (content === undefined) throw new Error(`${id} ${status}: ${type} is not documented`)
    const values = type === 'application/x-ndjson' ? linesOf(text) : [body ?? text]
    const faults = values.flatMap(value => this.#judge.faults(content.schema, value))
    if (faults.length > 0) throw new Error(`${id} ${status}: ${faults.slice(0, 5).join('\n')}\n${text.slice(0, 500)}`)
    return type === 'application/problem+json' ? `${id} ${status} ${body.code}` : `${id} ${status}`
  }

  /** The faults of every example in the document, with where it stands. */
  exampleFaults(): string[] {
    return examplesIn(this.#document).flatMap(({ place, schema, value }) =>
      this.#judge.faults(schema, value).map(fault => `${place} ${fault}`),
    )
  }

  /** How many examples there are. */
  get exampleCount(): number {
    return examplesIn(this.#document).length
  }

  #resolved(reference: Json): Json {
    return reference.$ref === undefined ? reference : resolve(this.#document, reference.$ref)
  }
}

/** What a reference within the document points at. @throws Error for one into nothing */
export function resolve(document: Json, reference: string): Json {
  const found = reference
    .split('/')
    .slice(1)
    .reduce((place, part) => place?.[part.replaceAll('~1', '/').replaceAll('~0', '~')], document)
  if (found === undefined) throw new Error(`${reference} points at nothing`)
  return found
}

function examplesIn(part: Json, place = '#'): { place: string; schema: Json; value: unknown }[] {
  if (typeof part !== 'object' || part === null) return []
  const own: unknown[] = []
  if (part.schema !== undefined) own.push(...Object.values<Json>(part.examples ?? {}).map(({ value }) => value))
  if (part.schema !== undefined && 'example' in part) own.push(part.example)
  if (part.schema === undefined && Array.isArray(part.examples)) own.push(...part.examples)
  const inner = Object.entries(part).filter(([name]) => name !== 'example' && name !== 'examples')
  return [
    ...own.map(value => ({ place, schema: part.schema ?? part, value })),
    ...inner.flatMap(([name, child]) => examplesIn(child, `${place}/${name}`)),
  ]
}

function linesOf(text: string): unknown[] {
  return text
    .split('\n')
    .filter(line => line !== '')
    .map(line => JSON.parse(line))
}
