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
  return postRewards(record, [event], JSON.stringify(event))
}

export function rewardMany(record: ClientRecord, events: readonly RewardEvent[]): RetryableRequest {
  return postRewards(record, events, JSON.stringify(events))
}

/**
 * As NDJSON. The service writes a long stream in several commits, so that a kill falls between
 * them.
 */
export function rewardStream(record: ClientRecord, events: readonly RewardEvent[]): RetryableRequest {
  const { message, hear } = postRewards(record, events, events.map(event => JSON.stringify(event)).join('\n'))
  return { message: { ...message, headers: { 'Content-Type': 'application/x-ndjson' } }, hear }
}

/** Events that were acknowledged before. */
export function repeatRewards(record: ClientRecord, events: readonly RewardEvent[]): RetryableRequest {
  return post(record, '/rewards', JSON.stringify(events), body =>
    hearEach(record, events, body, (event, status) => record.hearRepeated(event, status)),
  )
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

function postRewards(record: ClientRecord, events: readonly RewardEvent[], text: string): RetryableRequest {
  return post(record, '/rewards', text, (body, isRetry) =>
    hearEach(record, events, body, (event, status) => record.hearReward(event, status, isRetry)),
  )
}

const UNAVAILABLE = 'store_unavailable'

/**
 * Some of a long stream may have been recorded before the store failed; the others must be sent
 * again, and are with all of them: false.
 */
function hearEach(
  record: ClientRecord,
  events: readonly RewardEvent[],
  body: unknown,
  hear: (event: RewardEvent, status: string) => void,
): boolean {
  const { results } = rewardsSchema.parse(body)
  if (results.length !== events.length) record.lose(`${events.length} rewards had ${results.length} answers`)
  for (const [position, event] of events.entries()) {
    const { status, code } = results[position] ?? { status: 'nothing' }
    if (code !== UNAVAILABLE) hear(event, status)
  }
  return results.every(({ code }) => code !== UNAVAILABLE)
}
