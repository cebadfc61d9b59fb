// The requests of a replay about its one experiment, and counts of their answers.
import { z } from 'zod'
import type { PolicyType } from '../../bandit/policies/registry.ts'
import { type Client, reasonOf } from '../service/client.ts'
import { TryAgain } from '../service/retry.ts'
import { Failure } from '../terminal/failure.ts'
import type { Recording } from './recording.ts'

export interface Assignment {
  readonly unit: string
  readonly arm: string
  /** An instant, ms since 1970. */
  readonly assignedAt: number
}

export interface RewardEvent {
  readonly unit: string
  readonly metric: string
  readonly value: number
  /** When it happened, ms since 1970; without it, now. */
  readonly at?: number
}

const experimentSchema = z.object({
  description: z.string(),
  policy: z.object({ type: z.string() }),
  status: z.enum(['draft', 'running', 'paused', 'stopped']),
})

const assignmentSchema = z.object({ arm: z.string(), assignedAt: z.string().nullable(), reason: z.string() })

const rewardsSchema = z.object({
  recorded: z.number(),
  duplicate: z.number(),
  late: z.number(),
  results: z.array(z.object({ status: z.string(), message: z.string().optional() })),
})

export class Session {
  /** Of the answers so far. `assigned` and `kept` are units, the others rewards. */
  readonly counts = { assigned: 0, kept: 0, recorded: 0, duplicate: 0, late: 0 }
  readonly #client: Client
  readonly #experiment: string

  private constructor(client: Client, experiment: string) {
    this.#client = client
    this.#experiment = experiment
  }

  /**
   * Creates the experiment and starts it, or continues an earlier replay of the same recording.
   *
   * @throws Failure when there is another experiment of that name
   */
  static async open(client: Client, key: string, recording: Recording, policy: PolicyType): Promise<Session> {
    const path = pathOf(key)
    const found = await client.send('GET', path)
    if (found.status === 200) refuseOther(key, experimentSchema.parse(JSON.parse(found.body)), recording, policy)
    else if (found.status !== 404) throw new Failure(`GET ${path} was refused: ${reasonOf(found)}`)
    await client.json('PUT', path, { ...recording.definition, key, policy: { type: policy } })
    await client.json('POST', `${path}/start`)
    return new Session(client, key)
  }

  /** The arm of a unit. A fallback, which the service does not keep, is asked for again. */
  async assign(unit: string): Promise<Assignment> {
    const body = { experiment: this.#experiment, unit }
    const { arm, assignedAt, reason } = await this.#client.retry(async () => {
      const answer = assignmentSchema.parse(await this.#client.json('POST', '/assign', body))
      if (answer.reason === 'fallback') throw new TryAgain('The store of the service is unavailable')
      return answer
    })
    if ((reason !== 'assigned' && reason !== 'kept') || assignedAt === null) {
      throw new Failure(`Cannot continue: the experiment "${this.#experiment}" is not running any more (${reason})`)
    }
    this.counts[reason] += 1
    return { unit, arm, assignedAt: Date.parse(assignedAt) }
  }

  /** Sends rewards in this order. Each has its unit for an id, so that it counts once. */
  async reward(events: readonly RewardEvent[]): Promise<void> {
    if (events.length === 0) return
    const body = events.map(({ at, ...event }) => ({
      ...event,
      experiment: this.#experiment,
      id: event.unit,
      ...(at !== undefined && { at: new Date(at).toISOString() }),
    }))
    const { results, ...counts } = rewardsSchema.parse(await this.#client.json('POST', '/rewards', body))
    const lost = results.findIndex(({ status }) => status === 'unassigned' || status === 'rejected')
    if (lost !== -1) {
      const { status, message } = results[lost] ?? {}
      throw new Failure(`The reward of "${events[lost]?.unit}" was not accepted: ${message ?? status}`)
    }
    this.counts.recorded += counts.recorded
    this.counts.duplicate += counts.duplicate
    this.counts.late += counts.late
  }

  report(format: 'txt' | 'json'): Promise<string> {
    return this.#client.text('GET', `${pathOf(this.#experiment)}/report.${format}`)
  }
}

function pathOf(experiment: string): string {
  return `/experiments/${encodeURIComponent(experiment)}`
}

/** Otherwise outcomes would be used twice, or the policy would change in between. */
function refuseOther(
  key: string,
  found: z.infer<typeof experimentSchema>,
  { definition }: Recording,
  policy: PolicyType,
): void {
  const isSame = found.description === definition.description && found.policy.type === policy
  if (isSame && found.status !== 'stopped') return
  const why = isSame ? 'it was stopped' : `its policy is ${found.policy.type}, its description "${found.description}"`
  throw new Failure(`Cannot continue the experiment "${key}": ${why}; choose another name with --name`)
}
