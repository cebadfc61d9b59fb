// One run of a designed experiment, from its first unit to its last: units come evenly through the day, get their arms
// by the service's own policy, which is refreshed by the service's own rule, and are read by its own inference. Rewards
// come at once; a window keeps them waiting until it is over.

import { Growth, REFRESH_INTERVAL_MS } from '../bandit/growth.ts'
import { learnedPropensities } from '../bandit/learn.ts'
import { isOver } from '../bandit/maturity.ts'
import { windowMsOf } from '../bandit/metric.ts'
import type { Chance } from '../stats/chance.ts'
import type { Estimate, Evidence } from '../stats/confidence-sequence.ts'
import { drawMultinomial } from '../stats/draws.ts'
import type { Batch } from '../stats/ledger.ts'
import { type Lift, RunningEffects } from '../stats/lift.ts'
import { addTallies, EMPTY_TALLY, type Tally } from '../stats/tally.ts'
import { DAY_MS, type SimulationDesign } from './design.ts'
import { drawOutcomes, type OutcomeLaw } from './outcome-law.ts'

/** What there is to see after a refresh. Arms by position. */
export interface Look {
  /** Assigned so far, those with an open window included. */
  readonly units: number
  /** By how much these units' expected outcomes fall short of the best arm's, summed. */
  readonly regret: number
  /** Plain counts of the mature units. */
  readonly tallies: readonly Tally[]
  readonly lifts: readonly (Lift | null)[]
  readonly policyLift: Estimate & Evidence
  /** What the policy lift estimates: the true one, over the mature units; null without any. */
  readonly truePolicyLift: number | null
}

/** A look at every refresh, and one at the end. */
export function* simulateRun(design: SimulationDesign, chance: Chance): Generator<Look, void, void> {
  const run = new SimulatedRun(design, chance)
  while (!run.isOver) {
    run.advance()
    yield run.look()
  }
}

interface WaitingBatch {
  readonly batch: Batch
  readonly lastAssignedAt: number
}

/** A snapshot may come late by this share of the units, of the two per cent that it waits for. */
const STEP = 0.001

class SimulatedRun {
  readonly #design: SimulationDesign
  readonly #chance: Chance
  readonly #windowMs: number | null
  readonly #msPerUnit: number
  readonly #best: number
  readonly #growth: Growth
  readonly #effects: RunningEffects
  readonly #mature: Batch[] = []
  readonly #waiting: WaitingBatch[] = []
  readonly #tallies: Tally[]
  #propensities: readonly (number | null)[]
  #lifts: readonly (Lift | null)[]
  #allDecided = false
  #open: Tally[]
  #openedAt = 0
  #units = 0
  #regret = 0
  #matureUnits = 0
  #earned = 0

  constructor(design: SimulationDesign, chance: Chance) {
    const { definition, metric, control, means } = design
    const { alpha, plannedUnits } = definition
    this.#design = design
    this.#chance = chance
    this.#windowMs = windowMsOf(metric)
    this.#msPerUnit = DAY_MS / design.unitsPerDay
    this.#best = metric.goal === 'increase' ? Math.max(...means) : Math.min(...means)
    this.#growth = new Growth(this.#windowMs)
    this.#growth.snapshotTaken({ number: 1, createdAt: 0, ledgerSize: this.#growth.size })
    this.#effects = new RunningEffects({ arms: means.length, control, metric, alpha, plannedUnits })
    this.#tallies = means.map(() => EMPTY_TALLY)
    this.#open = means.map(() => EMPTY_TALLY)
    this.#propensities = learnedPropensities(definition, [], false)
    this.#lifts = this.#effects.lifts()
  }

  get isOver(): boolean {
    return this.#units === this.#design.units
  }

  /** To the next refresh, or to the end. */
  advance(): void {
    do this.#assign(this.#nextUnits())
    while (!this.isOver && !this.#growth.isDue(this.#now))
    this.#refresh()
  }

  look(): Look {
    return {
      units: this.#units,
      regret: this.#regret,
      tallies: [...this.#tallies],
      lifts: this.#lifts,
      policyLift: this.#effects.policyLift(),
      truePolicyLift: this.#matureUnits === 0 ? null : this.#earned / this.#matureUnits,
    }
  }

  /** The last unit's arrival, in ms from the start. */
  get #now(): number {
    return this.#units * this.#msPerUnit
  }

  /**
   * So many units are drawn together before it is asked again whether a snapshot is due: those that come within the least
   * time between two, or a thousandth of what there is; but no more than fill the batch.
   */
  #nextUnits(): number {
    const untilDue = Math.ceil((this.#openedAt + REFRESH_INTERVAL_MS) / this.#msPerUnit) - this.#units
    const count = Math.max(1, untilDue, Math.floor(this.#units * STEP))
    return Math.min(count, this.#growth.roomInBatch, this.#design.units - this.#units)
  }

  #assign(count: number): void {
    const { laws, means, metric } = this.#design
    const shares = this.#propensities.map(propensity => propensity ?? 0)
    let rewards = 0
    for (const [arm, units] of drawMultinomial(count, shares, this.#chance).entries()) {
      if (units === 0) continue
      const outcomes = drawOutcomes(laws[arm] as OutcomeLaw, units, metric.range, this.#chance)
      this.#open[arm] = addTallies(this.#open[arm] as Tally, outcomes.tally)
      this.#regret += units * Math.abs(this.#best - (means[arm] as number))
      rewards += outcomes.rewards
    }
    this.#units += count
    this.#growth.addUnits(this.#snapshot, count, this.#now)
    this.#growth.addRewards(rewards)
  }

  /** The number of the current snapshot. */
  get #snapshot(): number {
    return this.#mature.length + this.#waiting.length + 1
  }

  #refresh(): void {
    const now = this.#now
    const batch = { snapshot: this.#snapshot, mature: true, propensities: this.#propensities, tallies: this.#open }
    this.#waiting.push({ batch, lastAssignedAt: now })
    while (this.#waiting[0] !== undefined && this.#isMature(this.#waiting[0], now)) {
      this.#read((this.#waiting.shift() as WaitingBatch).batch)
    }
    this.#open = this.#design.means.map(() => EMPTY_TALLY)
    this.#openedAt = now
    this.#lifts = this.#effects.lifts()
    this.#allDecided ||= this.#lifts.every(lift => lift === null || lift.verdict !== 'undecided')
    this.#propensities = learnedPropensities(this.#design.definition, this.#mature, this.#allDecided)
    this.#growth.snapshotTaken({ number: this.#snapshot, createdAt: now, ledgerSize: this.#growth.size })
  }

  #isMature(waiting: WaitingBatch, now: number): boolean {
    return this.#windowMs === null || isOver(waiting, this.#windowMs, now)
  }

  #read(batch: Batch): void {
    const { means, control } = this.#design
    this.#mature.push(batch)
    this.#effects.add(batch)
    let units = 0
    for (const [arm, tally] of batch.tallies.entries()) {
      this.#tallies[arm] = addTallies(this.#tallies[arm] as Tally, tally)
      units += tally.units
    }
    const earned = batch.propensities.reduce<number>((sum, p, arm) => sum + (p ?? 0) * (means[arm] as number), 0)
    this.#matureUnits += units
    this.#earned += units * (earned - (means[control] as number))
  }
}
