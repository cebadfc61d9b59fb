// The requests of the load, each with what to make of its answer. An errand that had no answer is run again as it was, with the same
// units and ids: that is how a client is meant to retry.
import { z } from 'zod'
import type { Answer, Message } from './connection.ts'
import type { ClientRecord, RewardEvent } from './record.ts'

export const EXPERIMENT = 'crash'

export interface Errand {
  readonly message: Message
  /** False: the service could not serve it now, so it must be run again. */
  readonly hear: (answer: Answer) => boolean
}

/** The visit of a unit is a small sum, its spend a large one: neither reaches its range's end. */
export const DEFINITION = {
  key: EXPERIMENT,
  arms: [{ key: 'control' }, { key: 'a' }, { key: 'b' }],
  metrics: [
    { key: 'visit', type: 'binary', role: 'primary' },
    { key: 'spend', type: 'continuous', role: 'secondary', range: [-1_000_000_000, 1_000_000_000] },
  ],
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
const rewardsSchema = z.object({ results: z.array(z.object({ status: z.string() })) })

export function assignOne(record: ClientRecord, unit: string): Errand {
  return errand(record, '/assign', JSON.stringify({ experiment: EXPERIMENT, unit }), body =>
    record.hearAssignment(assignmentSchema.parse(body)),
  )
}

/** `areKnown`: all of them were acknowledged before. */
export function assignMany(record: ClientRecord, units: readonly string[], areKnown: boolean): Errand {
  return errand(record, '/assign/batch', JSON.stringify({ experiment: EXPERIMENT, units }), body => {
    const { assignments } = batchSchema.parse(body)
    if (assignments.length !== units.length) record.lose(`a batch of ${units.length} had ${assignments.length} answers`)
    const heard = assignments.map(each => (areKnown ? record.hearKept(each) : record.hearAssignment(each)))
    return heard.every(Boolean)
  })
}

export function rewardOne(record: ClientRecord, event: RewardEvent): Errand {
  return errand(record, '/rewards', JSON.stringify(event), body => hearRewards(record, [event], body, false))
}

/** `areKnown`: all of them were acknowledged before. */
export function rewardMany(record: ClientRecord, events: readonly RewardEvent[], areKnown: boolean): Errand {
  return errand(record, '/rewards', JSON.stringify(events), body => hearRewards(record, events, body, areKnown))
}

/** As NDJSON. The service writes a long stream in several commits, so that a kill falls between them. */
export function rewardStream(record: ClientRecord, events: readonly RewardEvent[]): Errand {
  const lines = events.map(event => JSON.stringify(event)).join('\n')
  const { message, hear } = errand(record, '/rewards', lines, body => hearRewards(record, events, body, false))
  return { message: { ...message, type: 'application/x-ndjson' }, hear }
}

function errand(record: ClientRecord, path: string, body: string, hear: (body: unknown) => boolean): Errand {
  return {
    message: { method: 'POST', path, body },
    hear: ({ status, body: text }) => {
      if (status === 503) return false
      if (status === 200) return hear(JSON.parse(text))
      record.lose(`POST ${path} answered ${status}: ${text.trim().slice(0, 200)}`)
      return true
    },
  }
}

function hearRewards(record: ClientRecord, events: readonly RewardEvent[], body: unknown, areKnown: boolean): boolean {
  const { results } = rewardsSchema.parse(body)
  if (results.length !== events.length) record.lose(`${events.length} rewards had ${results.length} answers`)
  for (const [position, event] of events.entries()) {
    const status = results[position]?.status ?? 'nothing'
    if (areKnown) record.hearRepeated(event, status)
    else record.hearReward(event, status)
  }
  return true
}
