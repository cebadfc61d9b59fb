// What the client was told, kept beside the service and held against it. Knows nothing of the
// service's own rules but its promises: an acknowledged assignment stays as it is, an acknowledged
// reward counts once. What breaks one is a loss, told in a sentence.
import { DefinitionRecord } from './definition.ts'

/** An assignment as `/assign` and the export tell it. */
export interface Told {
  readonly unit: string
  readonly arm: string
  readonly propensity: number | null
  readonly snapshot: number | null
  readonly assignedAt: string | null
}

export const METRICS = ['visit', 'spend'] as const
type MetricKey = (typeof METRICS)[number]

export interface RewardEvent {
  readonly unit: string
  readonly metric: MetricKey
  readonly value: number
  readonly id: string
}

/**
 * So many rewards, and their sum. The values are whole numbers, so sums must be equal to the last
 * bit.
 */
export interface Events {
  readonly count: number
  readonly sum: number
}

/** A unit with all that is stored of it. */
export interface Facts {
  readonly told: Told
  readonly events: Readonly<Record<MetricKey, Events>>
}

/** How much had been acknowledged at some moment. */
export interface Mark {
  readonly units: number
  readonly rewards: number
  readonly version: number
}

/** A broken service may break every promise: so many losses are told, the others counted. */
const MOST_TOLD = 20

export class ClientRecord {
  readonly definition: DefinitionRecord
  readonly #units = new Map<string, Told>()
  readonly #names: string[] = []
  /** The units of which an answer said that they were assigned just now. */
  readonly #assigned = new Set<string>()
  readonly #rewards: RewardEvent[] = []
  readonly #ids = new Set<string>()
  /** Snapshot and arm → the propensity that somebody was told. */
  readonly #propensities = new Map<string, number | null>()
  readonly #losses: string[] = []
  #lossCount = 0

  /** `graceMs`: see `DefinitionRecord`. */
  constructor(graceMs = 0) {
    this.definition = new DefinitionRecord(graceMs)
  }

  get counts() {
    return { assignments: this.#units.size, rewards: this.#rewards.length, losses: this.#lossCount }
  }

  /** The first of them. */
  get losses(): readonly string[] {
    return this.#losses
  }

  /**
   * The units that have an arm, and the rewards that were acknowledged, in the order in which the
   * client heard of them.
   */
  get units(): readonly string[] {
    return this.#names
  }

  get rewards(): readonly RewardEvent[] {
    return this.#rewards
  }

  get mark(): Mark {
    return { units: this.#names.length, rewards: this.#rewards.length, version: this.definition.version }
  }

  lose(...sentences: readonly string[]): void {
    this.#lossCount += sentences.length
    this.#losses.push(...sentences.slice(0, MOST_TOLD - this.#losses.length))
  }

  /**
   * The answer of `/assign`, or one of a batch. `retired`: the arms that were acknowledged as
   * retired before it was asked. False: nothing was kept, and the unit must ask again.
   */
  hearAssignment(answer: Told & { readonly reason: string }, retired: ReadonlySet<string> = new Set()): boolean {
    const { unit, arm, propensity, snapshot, assignedAt, reason } = answer
    if (reason === 'fallback') return false
    const told = { unit, arm, propensity, snapshot, assignedAt }
    if (reason !== 'assigned' && reason !== 'kept') this.lose(`${unit}: answered ${reason}`)
    if (reason === 'assigned' && retired.has(arm)) this.lose(`${unit}: was given ${arm}, which had been retired`)
    if (reason === 'assigned' && this.#assigned.has(unit)) this.lose(`${unit}: was assigned twice`)
    if (reason === 'assigned') this.#assigned.add(unit)
    this.#comparePropensity(told)
    const known = this.#units.get(unit)
    if (known === undefined) {
      this.#units.set(unit, told)
      this.#names.push(unit)
      return true
    }
    this.lose(...differences(known, told))
    return true
  }

  /** The answer to a check of a unit that has an arm: it must be known still. */
  hearKept(answer: Told & { readonly reason: string }): boolean {
    if (answer.reason === 'assigned') this.lose(`${answer.unit}: was acknowledged, forgotten, and assigned anew`)
    return this.hearAssignment(answer)
  }

  /** `isRetry`: it was sent before, and that answer never came, or was not whole. */
  hearReward(event: RewardEvent, status: string, isRetry: boolean): void {
    if (isRetry && this.#ids.has(event.id)) {
      this.hearRepeated(event, status)
      return
    }
    const isTaken = status === 'recorded' || (isRetry && status === 'duplicate')
    if (!isTaken || !this.#units.has(event.unit)) {
      this.lose(`${event.id}: answered ${status}${isRetry ? '' : ' when it came first'}`)
      return
    }
    this.#rewards.push(event)
    this.#ids.add(event.id)
  }

  /** An event that was acknowledged before, sent once more. */
  hearRepeated(event: RewardEvent, status: string): void {
    if (status !== 'duplicate') this.lose(`${event.id}: was acknowledged, and answered ${status} when it came again`)
  }

  /** What one of several processes answered to an event that was sent to all of them at once. */
  hearRaced(event: RewardEvent, status: string): void {
    if (status === 'duplicate') return
    if (status !== 'recorded') this.lose(`${event.id}: was answered ${status}`)
    else if (this.#ids.has(event.id)) this.lose(`${event.id}: was counted twice`)
    else {
      this.#rewards.push(event)
      this.#ids.add(event.id)
    }
  }

  /** Units that have an arm, of which no answer said that they were assigned just now. */
  get neverAssigned(): readonly string[] {
    return this.#names.filter(unit => !this.#assigned.has(unit))
  }

  /** Every unit of the export. */
  hearExport(
    rows: readonly (Told & { readonly outcomes: { readonly visit: number; readonly spend: number } })[],
  ): void {
    const events = this.#eventsOfUnits()
    const missing = new Set(this.#names)
    for (const { outcomes, ...told } of rows) {
      const known = this.#units.get(told.unit)
      if (known === undefined) {
        this.lose(`${told.unit}: is in the export, though its request was answered to nobody`)
        continue
      }
      if (!missing.delete(told.unit)) this.lose(`${told.unit}: is in the export twice`)
      this.lose(...differences(known, told))
      const [visit, spend] = [
        eventsOf(events, told.unit, 'visit').sum > 0 ? 1 : 0,
        eventsOf(events, told.unit, 'spend').sum,
      ]
      if (outcomes.visit !== visit) this.lose(`${told.unit}: visit is ${outcomes.visit}, acknowledged ${visit}`)
      if (outcomes.spend !== spend) this.lose(`${told.unit}: spend is ${outcomes.spend}, acknowledged ${spend}`)
    }
    for (const unit of missing) this.lose(`${unit}: was acknowledged, and is not in the export`)
  }

  /**
   * What is wrong with all the facts of a database. It must have what had been acknowledged at
   * `since`, and may have more. Without `since`, nothing waits for an answer: it must have what was
   * acknowledged, and nothing else.
   */
  lossesIn(facts: readonly Facts[], since: Mark | null): string[] {
    const losses: string[] = []
    const events = this.#eventsOfUnits(since?.rewards)
    const missing = new Set(since === null ? this.#names : this.#names.slice(0, since.units))
    for (const { told, events: stored } of facts) {
      missing.delete(told.unit)
      const known = this.#units.get(told.unit)
      if (known !== undefined) losses.push(...differences(known, told))
      else if (since === null)
        losses.push(`${told.unit}: is in the database, though its request was answered to nobody`)
      for (const metric of METRICS) {
        const [there, here] = [stored[metric], eventsOf(events, told.unit, metric)]
        const isWrong = since === null ? there.count !== here.count || there.sum !== here.sum : there.count < here.count
        if (!isWrong) continue
        const sums = `${there.count} with the sum ${there.sum}, acknowledged ${here.count} with the sum ${here.sum}`
        losses.push(`${told.unit}: the rewards of ${metric} are ${sums}`)
      }
    }
    for (const unit of missing) losses.push(`${unit}: was acknowledged, and is not in the database`)
    return losses
  }

  #eventsOfUnits(count: number = this.#rewards.length): ReadonlyMap<string, Events> {
    const events = new Map<string, Events>()
    for (const { unit, metric, value } of this.#rewards.slice(0, count)) {
      const before = eventsOf(events, unit, metric)
      events.set(`${unit} ${metric}`, { count: before.count + 1, sum: before.sum + value })
    }
    return events
  }

  #comparePropensity({ unit, snapshot, arm, propensity }: Told): void {
    const key = `${snapshot} ${arm}`
    const known = this.#propensities.get(key) ?? propensity
    this.#propensities.set(key, known)
    if (known !== propensity) this.lose(`${unit}: ${arm} has ${propensity} in snapshot ${snapshot}, and had ${known}`)
  }
}

function eventsOf(events: ReadonlyMap<string, Events>, unit: string, metric: MetricKey): Events {
  return events.get(`${unit} ${metric}`) ?? { count: 0, sum: 0 }
}

function differences(known: Told, told: Told): string[] {
  return (['arm', 'propensity', 'snapshot', 'assignedAt'] as const).flatMap(field =>
    known[field] === told[field] ? [] : [`${told.unit}: ${field} is ${told[field]}, acknowledged ${known[field]}`],
  )
}
