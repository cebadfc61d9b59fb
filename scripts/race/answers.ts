// What all replicas said of each unit and each event, and where they contradict each other or the
// database.
import type { Assignment } from '../../src/bandit/facts.ts'

/** An assignment as `/assign` tells it. */
export interface Told {
  readonly unit: string
  readonly arm: string
  readonly propensity: number | null
  readonly snapshot: number | null
  readonly assignedAt: string | null
  readonly reason: string
}

/** A broken service may break every promise: so many faults are told, the others counted. */
const MOST_TOLD = 20

export class Answers {
  /** Unit → the arm with all that was told of it. */
  readonly #told = new Map<string, string>()
  readonly #assigned = new Set<string>()
  readonly #recorded = new Set<string>()
  readonly #faults: string[] = []
  #faultCount = 0
  #assignments = 0

  get counts() {
    return {
      assignments: this.#assignments,
      units: this.#told.size,
      events: this.#recorded.size,
      faults: this.#faultCount,
    }
  }

  /** The first of them. */
  get faults(): readonly string[] {
    return this.#faults
  }

  complain(sentence: string): void {
    this.#faultCount += 1
    if (this.#faults.length < MOST_TOLD) this.#faults.push(sentence)
  }

  hearAssignment({ unit, reason, ...told }: Told): void {
    this.#assignments += 1
    if (reason !== 'assigned' && reason !== 'kept') {
      this.complain(`${unit}: was answered ${reason}`)
      return
    }
    if (reason === 'assigned' && this.#assigned.has(unit)) this.complain(`${unit}: was assigned twice`)
    if (reason === 'assigned') this.#assigned.add(unit)
    const facts = factsOf(told)
    const before = this.#told.get(unit) ?? facts
    this.#told.set(unit, before)
    if (before !== facts) this.complain(`${unit}: has ${facts}, and had ${before}`)
  }

  hearReward(id: string, status: string): void {
    if (status !== 'recorded' && status !== 'duplicate') this.complain(`${id}: was answered ${status}`)
    if (status === 'recorded' && this.#recorded.has(id)) this.complain(`${id}: was counted twice`)
    if (status === 'recorded') this.#recorded.add(id)
  }

  /** A row of the database; `arm`: its key. */
  compare({ unit, propensity, snapshot, assignedAt }: Assignment, arm: string): void {
    const stored = factsOf({ arm, propensity, snapshot, assignedAt: new Date(assignedAt).toISOString() })
    const told = this.#told.get(unit)
    if (told === undefined) this.complain(`${unit}: is in the database, though nobody was told`)
    else if (told !== stored) this.complain(`${unit}: has ${told}, and ${stored} in the database`)
    else if (!this.#assigned.has(unit)) this.complain(`${unit}: was never said to be assigned`)
  }
}

function factsOf({ arm, propensity, snapshot, assignedAt }: Omit<Told, 'unit' | 'reason'>): string {
  return `${arm} by ${propensity} of snapshot ${snapshot} at ${assignedAt}`
}
