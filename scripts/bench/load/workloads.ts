// What the contestants are asked, and which answers count. Each answer is looked at: a service that
// is fast with errors is not fast.
import type { Chance } from '../../../src/stats/numerics/chance.ts'
import { EXPERIMENT, METRIC } from '../experiment.ts'
import { writeUuid } from './uuid.ts'

/** Stands in a template for each name that changes: as long as a UUID. */
const NAME = '@'.repeat(36)

export interface Workload {
  /** Units or events in one request. */
  readonly items: number
  /** For one connection: answers its next request, in the same bytes each time. */
  readonly requests: () => () => Buffer
  /** What the body of a 200 must be. */
  readonly isRight: (body: Buffer) => boolean
}

/** A unit for the first time, alone. */
export function assignNew(chance: Chance): Workload {
  return {
    items: 1,
    requests: fromTemplate('/assign', assignBody(), (bytes, at) => writeUuid(bytes, at, chance)),
    isRight: body => body.includes('"reason":"assigned"'),
  }
}

/** One of `units` again: they were assigned before. */
export function assignKept(units: readonly string[], chance: Chance): Workload {
  return {
    items: 1,
    requests: fromTemplate('/assign', assignBody(), pickFrom(units, chance)),
    isRight: body => body.includes('"reason":"kept"'),
  }
}

/** The same bytes as `assignNew`, for a server that only echoes them. */
export function echo(chance: Chance): Workload {
  return { ...assignNew(chance), isRight: body => body.includes('"unit":"') }
}

/** New units, many at once. */
export function assignBatch(count: number, chance: Chance): Workload {
  const body = JSON.stringify({ experiment: EXPERIMENT, units: Array(count).fill(NAME) })
  return {
    items: count,
    requests: fromTemplate('/assign/batch', body, (bytes, at) => writeUuid(bytes, at, chance)),
    isRight: answer => occurrencesOf('"reason":"assigned"', answer) === count,
  }
}

/** One event with an id of its own, for one of `units`. */
export function reward(units: readonly string[], chance: Chance): Workload {
  return {
    items: 1,
    requests: fromTemplate('/rewards', rewardLine(), rewardNames(units, chance)),
    isRight: body => body.includes('{"recorded":1,'),
  }
}

/** Such events as a stream. */
export function rewardStream(count: number, units: readonly string[], chance: Chance): Workload {
  const body = `${rewardLine()}\n`.repeat(count)
  return {
    items: count,
    requests: fromTemplate('/rewards', body, rewardNames(units, chance), 'application/x-ndjson'),
    isRight: answer => answer.includes(`{"recorded":${count},`),
  }
}

interface Template {
  /** A copy for one connection. */
  readonly bytes: Buffer
  /** Where the bytes of each name begin. */
  readonly places: readonly number[]
}

function requestTemplate(path: string, body: string, type = 'application/json'): Template {
  const head = `POST ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: ${type}\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n`
  const bytes = Buffer.from(head + body)
  const places: number[] = []
  for (let at = bytes.indexOf(NAME); at !== -1; at = bytes.indexOf(NAME, at + NAME.length)) places.push(at)
  return { bytes, places }
}

type WriteName = (bytes: Buffer, at: number, position: number) => void

function fromTemplate(path: string, body: string, write: WriteName, type?: string): Workload['requests'] {
  const template: Template = requestTemplate(path, body, type)
  return () => {
    const bytes = Buffer.from(template.bytes)
    return () => {
      for (const [position, at] of template.places.entries()) write(bytes, at, position)
      return bytes
    }
  }
}

function assignBody(): string {
  return JSON.stringify({ experiment: EXPERIMENT, unit: NAME })
}

function rewardLine(): string {
  return JSON.stringify({ unit: NAME, metric: METRIC, id: NAME })
}

/** The first of two names is a unit, the second an id that nobody has had. */
function rewardNames(units: readonly string[], chance: Chance): WriteName {
  const pick = pickFrom(units, chance)
  return (bytes, at, position) => {
    if (position % 2 === 0) pick(bytes, at, position)
    else writeUuid(bytes, at, chance)
  }
}

function pickFrom(units: readonly string[], chance: Chance): WriteName {
  const names = units.map(unit => Buffer.from(unit))
  return (bytes, at) => bytes.set(names[Math.floor(chance() * names.length)] as Buffer, at)
}

function occurrencesOf(text: string, body: Buffer): number {
  let count = 0
  for (let at = body.indexOf(text); at !== -1; at = body.indexOf(text, at + text.length)) count += 1
  return count
}
