// What the client was told, kept beside the service and held against it. Knows nothing of the service's own rules but its promises:
// an acknowledged assignment stays as it is, an acknowledged reward counts once. What breaks one is a loss, told in a sentence.

/** An assignment as `/assign` and the export tell it. */
export interface Told {
  readonly unit: string
  readonly arm: string
  readonly propensity: number | null
  readonly snapshot: number | null
  readonly assignedAt: string | null
}

export interface RewardEvent {
  readonly unit: string
  readonly metric: 'visit' | 'spend'
  readonly value: number
  readonly id: string
}

interface Known extends Told {
  visit: number
  spend: number
}

/** A broken service may break every promise: so many losses are told, the others counted. */
const MOST_TOLD = 20

export class ClientRecord {
  readonly #units = new Map<string, Known>()
  readonly #names: string[] = []
  readonly #rewards: RewardEvent[] = []
  readonly #losses: string[] = []
  #lossCount = 0

  get counts() {
    return { assignments: this.#units.size, rewards: this.#rewards.length, losses: this.#lossCount }
  }

  /** The first of them. */
  get losses(): readonly string[] {
    return this.#losses
  }

  /** The units that have an arm, and the rewards that were acknowledged, in the order in which the client heard of them. */
  get units(): readonly string[] {
    return this.#names
  }

  get rewards(): readonly RewardEvent[] {
    return this.#rewards
  }

  lose(sentence: string): void {
    this.#lossCount += 1
    if (this.#losses.length < MOST_TOLD) this.#losses.push(sentence)
  }

  /** The answer of `/assign`, or one of a batch. False: nothing was kept, and the unit must ask again. */
  hearAssignment({ unit, arm, propensity, snapshot, assignedAt, reason }: Told & { readonly reason: string }): boolean {
    if (reason === 'fallback') return false
    const told = { unit, arm, propensity, snapshot, assignedAt }
    if (reason !== 'assigned' && reason !== 'kept') this.lose(`${unit}: answered ${reason}`)
    const known = this.#units.get(unit)
    if (known === undefined) {
      this.#units.set(unit, { ...told, visit: 0, spend: 0 })
      this.#names.push(unit)
      return true
    }
    this.#compare(known, told)
    return true
  }

  /** The answer to a check of a unit that has an arm: it must be known still. */
  hearKept(answer: Told & { readonly reason: string }): boolean {
    if (answer.reason === 'assigned') this.lose(`${answer.unit}: was acknowledged, forgotten, and assigned anew`)
    return this.hearAssignment(answer)
  }

  /** An event sent for the first time, or again because the first answer never came. */
  hearReward(event: RewardEvent, status: string): void {
    const known = this.#units.get(event.unit)
    if (known === undefined || (status !== 'recorded' && status !== 'duplicate')) {
      this.lose(`${event.id}: answered ${status}`)
      return
    }
    this.#rewards.push(event)
    known[event.metric] += event.value
  }

  /** An event that was acknowledged before, sent once more. */
  hearRepeated(event: RewardEvent, status: string): void {
    if (status !== 'duplicate') this.lose(`${event.id}: was acknowledged, and answered ${status} when it came again`)
  }

  /** Every unit of the export. The totals are whole numbers, so they must be equal to the last bit. */
  hearExport(
    rows: readonly (Told & { readonly outcomes: { readonly visit: number; readonly spend: number } })[],
  ): void {
    const missing = new Set(this.#names)
    for (const { outcomes, ...told } of rows) {
      missing.delete(told.unit)
      const known = this.#units.get(told.unit)
      if (known === undefined) {
        this.lose(`${told.unit}: is in the export, though its request was answered to nobody`)
        continue
      }
      this.#compare(known, told)
      const [visit, spend] = [known.visit > 0 ? 1 : 0, known.spend]
      if (outcomes.visit !== visit) this.lose(`${told.unit}: visit is ${outcomes.visit}, acknowledged ${visit}`)
      if (outcomes.spend !== spend) this.lose(`${told.unit}: spend is ${outcomes.spend}, acknowledged ${spend}`)
    }
    for (const unit of missing) this.lose(`${unit}: was acknowledged, and is not in the export`)
  }

  #compare(known: Known, told: Told): void {
    for (const field of ['arm', 'propensity', 'snapshot', 'assignedAt'] as const) {
      if (known[field] === told[field]) continue
      this.lose(`${told.unit}: ${field} is ${told[field]}, acknowledged ${known[field]}`)
    }
  }
}
