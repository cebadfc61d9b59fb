// What a zod schema finds wrong, in our words, and what can still be read beside it.
import { z } from 'zod'
import type { Fault } from '../../bandit/errors.ts'
import { isObject, unknownField } from './fields.ts'

type Shape = Readonly<Record<string, z.ZodType>>

/**
 * Every fault of a value's shape; none for a value that has it. `value`: where a type tells which
 * of several shapes is meant.
 */
export function shapeFaults(schema: z.ZodType, parsed: z.ZodSafeParseResult<unknown>, value?: unknown): Fault[] {
  if (parsed.success) return []
  return parsed.error.issues.flatMap(chosenIssues).flatMap(issue => {
    const path = pathOf(issue.path)
    if (issue.code !== 'unrecognized_keys') return [{ path, message: wordingOf(issue) }]
    const message = unknownField(fieldsAt(schema, issue.path, value))
    return issue.keys.map(name => ({ path: path === '' ? name : `${path}.${name}`, message }))
  })
}

/**
 * Of a value that may have several shapes, what is wrong with the one that it seems to have; else
 * that it has none of them.
 */
function chosenIssues(issue: z.core.$ZodIssue): z.core.$ZodIssue[] {
  if (issue.code !== 'invalid_union') return [issue]
  if ('options' in issue && issue.options !== undefined) {
    return [{ ...issue, message: `must be one of ${issue.options.join(', ')}` }]
  }
  const meant = issue.errors.find(issues =>
    issues.every(({ code, path }) => code !== 'invalid_type' || path.length > 0),
  )
  if (meant !== undefined) return meant.map(each => ({ ...each, path: [...issue.path, ...each.path] }))
  const shapes = issue.errors.flatMap(issues => issues.map(each => wordingOf(each).replace(/^must be /, '')))
  return [{ ...issue, message: `must be ${shapes.map(told => told.split(',')[0]).join(' or ')}` }]
}

/**
 * What of a value has its shape, so that it can be judged although the rest has not: null stands
 * for what has not, a field or an item.
 */
export function readable(schema: unknown, value: unknown): unknown {
  const shape = unwrapped(schema)
  const parsed = (schema as z.ZodType).safeParse(value)
  if (parsed.success) return parsed.data
  if (shape instanceof z.ZodUnion) return readable(optionFor(shape, value) ?? z.null(), value)
  if (shape instanceof z.ZodArray) return Array.isArray(value) ? value.map(item => readable(shape.element, item)) : null
  if (!isObject(value)) return null
  const fieldsOf = (names: readonly string[], schemaOf: (name: string) => unknown) =>
    Object.fromEntries(names.map(name => [name, readable(schemaOf(name), value[name])]))
  if (shape instanceof z.ZodRecord) return fieldsOf(Object.keys(value), () => shape.valueType)
  if (!(shape instanceof z.ZodObject)) return null
  const names = Object.keys(shape.shape).filter(name => Object.hasOwn(value, name))
  return fieldsOf(names, name => (shape.shape as Shape)[name])
}

/** The names of the fields that the schema has at a place. */
function fieldsAt(schema: z.ZodType, path: readonly PropertyKey[], value: unknown): string[] {
  let place: unknown = unwrapped(schema)
  let there = value
  for (const part of path) {
    there = typeof there === 'object' && there !== null ? Reflect.get(there, part) : undefined
    if (place instanceof z.ZodArray) place = unwrapped(place.element)
    else if (place instanceof z.ZodObject) place = unwrapped((place.shape as Shape)[String(part)])
  }
  if (place instanceof z.ZodUnion) place = optionFor(place, there)
  return place instanceof z.ZodObject ? Object.keys(place.shape) : []
}

/** The shape that a value is meant for: by its type where that decides, else an object's. */
function optionFor(union: z.ZodUnion, value: unknown): unknown {
  const options = union.options.filter(isObjectSchema)
  if (!(union instanceof z.ZodDiscriminatedUnion)) return options[0]
  const name = union.def.discriminator
  const own = isObject(value) ? value[name] : undefined
  return options.find(({ shape }) => (shape[name] as z.ZodType).safeParse(own).success) ?? options[0]
}

function isObjectSchema(schema: unknown): schema is z.ZodObject {
  return schema instanceof z.ZodObject
}

function unwrapped(schema: unknown): unknown {
  return schema instanceof z.ZodOptional || schema instanceof z.ZodNullable ? unwrapped(schema.unwrap()) : schema
}

function wordingOf(issue: z.core.$ZodIssue): string {
  const wording = issue.message.replace(/^Invalid (input|option|string): /, '')
  if (!wording.startsWith('expected')) return wording
  const wanted = wording.slice('expected '.length)
  return wanted.endsWith(', received undefined') ? `is required: ${wanted.split(',')[0]}` : `must be ${wanted}`
}

function pathOf(path: readonly PropertyKey[]): string {
  return path
    .map((part, at) => (typeof part === 'number' ? `[${part}]` : `${at === 0 ? '' : '.'}${String(part)}`))
    .join('')
}
