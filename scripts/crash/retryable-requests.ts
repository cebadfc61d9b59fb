// The requests of the load, each with what to make of its answer. An request that had no answer is
// run again as it was, with the same units and ids: that is how a client is meant to retry.
import { z } from 'zod'
import type { Chance } from '../../src/stats/numerics/chance.ts'
import type { Answer, Message } from '../http/client.ts'
import { EXPERIMENT } from './definition.ts'
import type { ClientRecord, RewardEvent } from './record.ts'

export interface RetryableRequest {
  readonly message: Message
  /**
   * False: the service could not serve it now, so it must be run again. `isRetry`: it was sent
   * before.
   */
  readonly hear: (answer: Answer, isRetry: boolean) => boolean
}

const assignmentSchema = z.object({
  unit: z.string(),
  arm: z.string(),
  propensity: z.number().nullable(),
  snapshot: z.number().nullable(),
  assignedAt: z.string().nullable(),
  reason: z.string(),
})
const batchSchema = z.object({ assignments: z.array(assignmentSchema) })
const rewardsSchema = z.object({ results: z.array(z.object({ status: z.string(), code: z.string().optional() })) })

const experimentSchema = z.object({
  version: z.number(),
  description: z.string(),
  arms: z.array(z.object({ key: z.string(), retired: z.boolean() })),
  policy: z.object({ type: z.string() }),
})

export function assignOne(record: ClientRecord, unit: string): RetryableRequest {
  const { retired } = record.definition
  return post(record, '/assign', JSON.stringify({ experiment: EXPERIMENT, unit }), body =>
    record.hearAssignment(assignmentSchema.parse(body), retired),
  )
}

/** `areKnown`: all of them were acknowledged before. */
export function assignMany(record: ClientRecord, units: readonly string[], areKnown: boolean): RetryableRequest {
  const { retired } = record.definition
  return post(record, '/assign/batch', JSON.stringify({ experiment: EXPERIMENT, units }), body => {
    const { assignments } = batchSchema.parse(body)
    if (assignments.length !== units.length) record.lose(`a batch of ${units.length} had ${assignments.length} answers`)
    const heard = assignments.map(each => (areKnown ? record.hearKept(each) : record.hearAssignment(each, retired)))
    return heard.every(Boolean)
  })
}

export function rewardOne(record: ClientRecord, event: RewardEvent): RetryableRequest {
  return post(record, '/rewards', JSON.stringify(event), (body, isRetry) => hearRewards(record, [event], body, isRetry))
}

export function rewardMany(record: ClientRecord, events: readonly RewardEvent[]): RetryableRequest {
  return post(record, '/rewards', JSON.stringify(events), (body, isRetry) => hearRewards(record, events, body, isRetry))
}

/**
 * As NDJSON. The service writes a long stream in several commits, so that a kill falls between
 * them.
 */
export function rewardStream(record: ClientRecord, events: readonly RewardEvent[]): RetryableRequest {
  const lines = events.map(event => JSON.stringify(event)).join('\n')
  const { message, hear } = post(record, '/rewards', lines, (body, isRetry) =>
    hearRewards(record, events, body, isRetry),
  )
  return { message: { ...message, headers: { 'Content-Type': 'application/x-ndjson' } }, hear }
}

/** Events that were acknowledged before. */
export function repeatRewards(record: ClientRecord, events: readonly RewardEvent[]): RetryableRequest {
  return post(record, '/rewards', JSON.stringify(events), body => {
    const statuses = statusesOf(record, events, body)
    for (const [position, event] of events.entries()) {
      const status = statuses[position] ?? 'nothing'
      if (status !== UNAVAILABLE) record.hearRepeated(event, status)
    }
    return !statuses.includes(UNAVAILABLE)
  })
}

/** The whole definition, changed in one thing; no other change may be under way. */
export function changeExperiment(record: ClientRecord, chance: Chance): RetryableRequest {
  const { key, ...definition } = record.definition.change(chance)
  const message = { method: 'PUT', path: `/experiments/${key}`, body: JSON.stringify(definition) } as const
  return request(record, message, body => {
    record.lose(...record.definition.hear(experimentSchema.parse(body)))
    return true
  })
}

type Hear = (body: unknown, isRetry: boolean) => boolean

function post(record: ClientRecord, path: string, body: string, hear: Hear): RetryableRequest {
  return request(record, { method: 'POST', path, body }, hear)
}

function request(record: ClientRecord, message: Message, hear: Hear): RetryableRequest {
  return {
    message,
    hear: ({ status, body: text }, isRetry) => {
      if (status === 503) return false
      if (status === 200) return hear(JSON.parse(text), isRetry)
      record.lose(`${message.method} ${message.path} answered ${status}: ${text.trim().slice(0, 200)}`)
      return true
    },
  }
}

/**
 * Some of a long stream may have been recorded before the store failed; the others must be sent
 * again, and are with all of them.
 */
function hearRewards(record: ClientRecord, events: readonly RewardEvent[], body: unknown, isRetry: boolean): boolean {
  const statuses = statusesOf(record, events, body)
  for (const [position, event] of events.entries()) {
    const status = statuses[position] ?? 'nothing'
    if (status !== UNAVAILABLE) record.hearReward(event, status, isRetry)
  }
  return !statuses.includes(UNAVAILABLE)
}

const UNAVAILABLE = 'store_unavailable'

function statusesOf(record: ClientRecord, events: readonly RewardEvent[], body: unknown): string[] {
  const { results } = rewardsSchema.parse(body)
  if (results.length !== events.length) record.lose(`${events.length} rewards had ${results.length} answers`)
  return results.map(({ status, code }) => (code === UNAVAILABLE ? code : status))
}
