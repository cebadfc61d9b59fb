// Reads files of experiments: YAML or JSON, one experiment or several in each. Finds what can be
// found without asking the service.
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { type Document, isMap, isScalar, LineCounter, parseAllDocuments, visit } from 'yaml'
import { z } from 'zod'
import type { Fault } from '../../bandit/errors.ts'
import { fileFields, fileSchema } from '../../http/input/experiment-file.ts'
import { unknownField } from '../../http/input/fields.ts'
import { shapeFaults } from '../../http/input/schema-faults.ts'
import { Failure } from '../terminal/failure.ts'
import { type Place, placeOf } from './places.ts'

export interface FileFault extends Place {
  readonly message: string
}

/** An experiment as a file has it. */
export interface FiledExperiment {
  readonly key: string
  readonly definition: Readonly<Record<string, unknown>>
  /** The state that it shall be in; undefined: as it is. */
  readonly status: 'running' | 'paused' | 'stopped' | undefined
  readonly winner: string | null | undefined
  /** The place of a path in the file. */
  readonly place: (path: string) => Place
}

const fieldsSchema = z.strictObject(fileFields)

/**
 * All experiments that can be read, and every fault that is seen without asking the service.
 * @throws Failure for a file that is not there
 */
export function readExperimentFiles(paths: readonly string[]): { experiments: FiledExperiment[]; faults: FileFault[] } {
  const read = paths.flatMap(filesAt).flatMap(documentsIn)
  const experiments = read.flatMap(({ experiment }) => experiment ?? [])
  return { experiments, faults: [...read.flatMap(({ faults }) => faults), ...repeatedFaults(experiments)] }
}

interface ReadDocument {
  /** Null if the document cannot be understood. */
  readonly experiment: FiledExperiment | null
  readonly faults: readonly FileFault[]
}

function documentsIn(file: string): ReadDocument[] {
  const lines = new LineCounter()
  const documents = [...parseAllDocuments(textOf(file), { lineCounter: lines, prettyErrors: false })].filter(isThere)
  if (documents.length > 0) return documents.map(document => readDocument(file, document, lines))
  return [{ experiment: null, faults: [{ file, line: 1, column: 1, message: 'the file holds no experiment' }] }]
}

function readDocument(file: string, document: Document.Parsed, lines: LineCounter): ReadDocument {
  const place = (path: string) => placeOf(file, document, lines, path)
  const at = (offset: number) => ({ file, line: lines.linePos(offset).line, column: lines.linePos(offset).col })
  const unreadable = [
    ...[...document.errors, ...document.warnings].map(({ pos, message }) => ({ ...at(pos[0]), message })),
    ...infiniteNumbers(document).map(offset => ({ ...at(offset), message: 'must be a finite number' })),
    ...lostAliases(document).map(offset => ({ ...at(offset), message: 'refers to nothing that stands before it' })),
  ]
  if (unreadable.length > 0) return { experiment: null, faults: unreadable }
  if (!isMap(document.contents)) {
    return { experiment: null, faults: [{ ...place(''), message: 'must be an experiment: key, arms, metrics, …' }] }
  }
  const { $schema, status, winner, ...fields } = document.toJS() as Record<string, unknown>
  const names = Object.keys(fields)
  const [known, unknown] = [names.filter(isFileField), names.filter(name => !isFileField(name))]
  const definition = Object.fromEntries(known.map(name => [name, fields[name]]))
  const faults = [
    ...fieldFaults({ $schema, status, winner }),
    ...unknown.map(path => ({ path, message: unknownField(Object.keys(fileSchema.shape)) })),
  ].map(fault => located(fault, place))
  const { key } = definition
  if (typeof key !== 'string' || key === '') {
    const message = key === undefined ? 'is required' : 'must be text; write it in quotes'
    return { experiment: null, faults: [located({ path: 'key', message }, place), ...faults] }
  }
  const state = faults.length > 0 ? {} : ({ status, winner } as Pick<FiledExperiment, 'status' | 'winner'>)
  return { experiment: { status: undefined, winner: undefined, ...state, key, definition, place }, faults }
}

function isFileField(name: string): boolean {
  return Object.hasOwn(fileSchema.shape, name)
}

/** Where numbers stand that JSON does not have. */
function infiniteNumbers(document: Document.Parsed): number[] {
  const offsets: number[] = []
  visit(document, {
    Scalar(_, { value, range }) {
      if (typeof value === 'number' && !Number.isFinite(value)) offsets.push(range?.[0] ?? 0)
    },
  })
  return offsets
}

/** Where a reference leads nowhere: the parser minds it only when it makes values. */
function lostAliases(document: Document.Parsed): number[] {
  const offsets: number[] = []
  visit(document, {
    Alias(_, alias) {
      if (alias.resolve(document) === undefined) offsets.push(alias.range?.[0] ?? 0)
    },
  })
  return offsets
}

/** Faults of the fields that are not part of the definition. */
function fieldFaults(fields: { $schema: unknown; status: unknown; winner: unknown }): Fault[] {
  const faults = shapeFaults(fieldsSchema, fieldsSchema.safeParse(fields))
  if (fields.winner === undefined || fields.status === 'stopped') return faults
  return [...faults, { path: 'winner', message: 'is for an experiment that is over: it needs "status: stopped"' }]
}

/** A fault with its place in the file. */
export function located({ path, message }: Fault, place: FiledExperiment['place']): FileFault {
  return { ...place(path), message: `${path} ${message}`.trimStart() }
}

const ENDINGS = /\.(ya?ml|json)$/

/** A folder stands for the YAML and JSON files in it. */
function filesAt(path: string): string[] {
  try {
    if (!statSync(path).isDirectory()) return [path]
    const files = readdirSync(path).filter(name => ENDINGS.test(name))
    return files.sort().map(name => join(path, name))
  } catch (error) {
    throw new Failure(`Cannot read ${path}: ${(error as Error).message}`)
  }
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    throw new Failure(`Cannot read ${file}: ${(error as Error).message}`)
  }
}

/** A separator at the end of a file begins a document with nothing in it. */
function isThere({ contents, errors }: Document.Parsed): boolean {
  return errors.length > 0 || (contents !== null && !(isScalar(contents) && contents.value === null))
}

function repeatedFaults(experiments: readonly FiledExperiment[]): FileFault[] {
  const first = new Map<string, Place>()
  return experiments.flatMap(({ key, place }) => {
    const there = first.get(key)
    if (there === undefined) first.set(key, place('key'))
    const message = `"${key}" is there twice: also in ${there?.file}:${there?.line}`
    return there === undefined ? [] : [located({ path: 'key', message }, place)]
  })
}
