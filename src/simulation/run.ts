// One run of a designed experiment, from its first unit to its last. Units come evenly through the
// day, unless the world has another traffic. Policy, refresh and inference are the service's own.
// Rewards come at once; with a window they count when it is over.
import { Growth, REFRESH_INTERVAL_MS } from '../bandit/growth.ts'
import { isOver } from '../bandit/maturity.ts'
import { windowMsOf } from '../bandit/metrics/metric.ts'
import { learnedPropensities } from '../bandit/policies/learn.ts'
import { drawMultinomial } from '../stats/belief/draws.ts'
import type { Batch, Ledger } from '../stats/ledger.ts'
import { type Lift, RunningEffects } from '../stats/lift/lift.ts'
import type { Chance } from '../stats/numerics/chance.ts'
import type { Estimate, Evidence } from '../stats/sequences/confidence-sequence.ts'
import { addTallies, EMPTY_TALLY, type Tally } from '../stats/tally.ts'
import type { SimulationDesign } from './design.ts'
import { bestMean, drawOutcomes, type OutcomeLaw } from './outcome-law.ts'
import { type ArmChange, definitionAfter, steadyWorld, type World } from './world.ts'

/** The state after a refresh. Arms by position. */
export interface Look {
  /** Assigned so far, those with an open window included. */
  readonly units: number
  /** By how much these units' expected outcomes fall short of the best active arm's, summed. */
  readonly regret: number
  /** Plain counts of the mature units. */
  readonly tallies: readonly Tally[]
  /** The mature batches; the list grows with the run. */
  readonly batches: Ledger
  readonly lifts: readonly (Lift | null)[]
  readonly policyLift: Estimate & Evidence
  /** The true policy lift over the units that its estimate counts; null without any. */
  readonly truePolicyLift: number | null
}

/** A look at every refresh, and one at the end. */
export function* simulateRun(
  design: SimulationDesign,
  chance: Chance,
  world: World = steadyWorld(design),
): Generator<Look, void, void> {
  const run = new SimulatedRun(design, chance, world)
  while (!run.isOver) {
    run.advance()
    yield run.look()
  }
}

interface PlayedBatch {
  readonly batch: Batch
  readonly lastAssignedAt: number
  /** What its units were expected to earn by its propensities over the control, summed. */
  readonly gained: number
}

/** A snapshot may come late by this share of the units; it is due after two per cent more. */
const STEP = 0.001

class SimulatedRun {
  readonly #design: SimulationDesign
  readonly #chance: Chance
  readonly #world: World
  readonly #windowMs: number | null
  readonly #growth: Growth
  readonly #played: PlayedBatch[] = []
  readonly #mature: Batch[] = []
  readonly #tallies: Tally[] = []
  readonly #changes: ArmChange[]
  #definition: SimulationDesign['definition']
  #effects: RunningEffects
  #propensities: readonly (number | null)[]
  #lifts: readonly (Lift | null)[]
  #allDecided = false
  #open: Tally[]
  #openedAt = 0
  #openGained = 0
  #units = 0
  #regret = 0
  #policyUnits = 0
  #policyGained = 0

  constructor(design: SimulationDesign, chance: Chance, world: World) {
    const [start, ...changes] = world.arms as [ArmChange, ...ArmChange[]]
    this.#design = design
    this.#chance = chance
    this.#world = world
    this.#changes = changes
    this.#windowMs = windowMsOf(design.metric)
    this.#growth = new Growth(this.#windowMs)
    this.#growth.snapshotTaken({ number: 1, createdAt: 0, ledgerSize: this.#growth.size })
    this.#definition = definitionAfter(design.definition, start)
    this.#effects = this.#newEffects()
    this.#open = this.#emptyTallies()
    this.#propensities = learnedPropensities(this.#definition, [], false)
    this.#lifts = this.#effects.lifts()
  }

  get isOver(): boolean {
    return this.#units === this.#design.units
  }

  /** To the next refresh, or to the end. */
  advance(): void {
    do this.#assign(this.#nextUnits())
    while (!this.isOver && !this.#isChangeDue && !this.#growth.isDue(this.#now))
    this.#refresh()
  }

  look(): Look {
    return {
      units: this.#units,
      regret: this.#regret,
      tallies: this.#definition.arms.map((_, arm) => this.#tallies[arm] ?? EMPTY_TALLY),
      batches: this.#mature,
      lifts: this.#lifts,
      policyLift: this.#effects.policyLift(),
      truePolicyLift: this.#policyUnits === 0 ? null : this.#policyGained / this.#policyUnits,
    }
  }

  /** The last unit's arrival, in ms from the start. */
  get #now(): number {
    return this.#world.traffic.msAt(this.#units)
  }

  get #isChangeDue(): boolean {
    return this.#changes[0] !== undefined && this.#units >= this.#changes[0].afterUnits
  }

  /**
   * How many units are drawn together before the next check for a due snapshot: those that come
   * within the least time between two, or a thousandth of all so far; no more than fill the batch.
   */
  #nextUnits(): number {
    const untilDue = Math.ceil(this.#world.traffic.unitsAt(this.#openedAt + REFRESH_INTERVAL_MS)) - this.#units
    const count = Math.max(1, untilDue, Math.floor(this.#units * STEP))
    const end = Math.min(this.#design.units, this.#changes[0]?.afterUnits ?? Infinity)
    return Math.min(count, this.#growth.roomInBatch, end - this.#units)
  }

  #assign(count: number): void {
    const { metric, control } = this.#design
    const { laws, means } = this.#world.lawsAt(this.#units)
    const shares = this.#propensities.map(propensity => propensity ?? 0)
    const active = means.filter((_, arm) => (shares[arm] ?? 0) > 0)
    const best = bestMean(active, metric.goal)
    let rewards = 0
    for (const [arm, units] of drawMultinomial(count, shares, this.#chance).entries()) {
      if (units === 0) continue
      const outcomes = drawOutcomes(laws[arm] as OutcomeLaw, units, metric.range, this.#chance)
      this.#open[arm] = addTallies(this.#open[arm] as Tally, outcomes.tally)
      this.#regret += units * Math.abs(best - (means[arm] as number))
      rewards += outcomes.rewards
    }
    const expected = shares.reduce((sum, share, arm) => sum + share * (means[arm] as number), 0)
    this.#openGained += count * (expected - (means[control] as number))
    this.#units += count
    this.#growth.addUnits(this.#snapshot, count, this.#now)
    this.#growth.addRewards(rewards)
  }

  /** The number of the current snapshot. */
  get #snapshot(): number {
    return this.#played.length + 1
  }

  #refresh(): void {
    const now = this.#now
    const batch = { snapshot: this.#snapshot, mature: true, propensities: this.#propensities, tallies: this.#open }
    this.#played.push({ batch, lastAssignedAt: now, gained: this.#openGained })
    for (const next of this.#played.slice(this.#mature.length)) {
      if (this.#windowMs !== null && !isOver(next, this.#windowMs, now)) break
      this.#count(next)
    }
    if (this.#isChangeDue) this.#changeArms(this.#changes.shift() as ArmChange)
    this.#open = this.#emptyTallies()
    this.#openedAt = now
    this.#openGained = 0
    this.#lifts = this.#effects.lifts()
    this.#allDecided ||= this.#isDecided
    this.#propensities = learnedPropensities(this.#definition, this.#ledger, this.#allDecided)
    this.#growth.snapshotTaken({ number: this.#snapshot, createdAt: now, ledgerSize: this.#growth.size })
  }

  /** Whether every active arm but the control has a verdict. */
  get #isDecided(): boolean {
    const { arms } = this.#definition
    const asked = this.#lifts.filter((lift, arm) => lift !== null && !arms[arm]?.retired)
    return asked.length > 0 && asked.every(lift => lift?.verdict !== 'undecided')
  }

  /** The mature batches, and the first other one: the policy needs the arms of the first batch. */
  get #ledger(): Ledger {
    const waiting = this.#played[this.#mature.length]
    return waiting === undefined ? this.#mature : [...this.#mature, { ...waiting.batch, mature: false }]
  }

  #count(played: PlayedBatch): void {
    this.#mature.push(played.batch)
    for (const [arm, tally] of played.batch.tallies.entries()) {
      this.#tallies[arm] = addTallies(this.#tallies[arm] ?? EMPTY_TALLY, tally)
    }
    this.#score(played)
  }

  #score({ batch, gained }: PlayedBatch): void {
    if (!this.#effects.add(batch)) return
    this.#policyGained += gained
    for (const { units } of batch.tallies) this.#policyUnits += units
  }

  /** An added arm changes the level of all lifts, so they are computed again. */
  #changeArms(change: ArmChange): void {
    this.#definition = definitionAfter(this.#design.definition, change)
    this.#effects = this.#newEffects()
    this.#policyGained = 0
    this.#policyUnits = 0
    for (const played of this.#played.slice(0, this.#mature.length)) this.#score(played)
  }

  #newEffects(): RunningEffects {
    const { metric, control } = this.#design
    const { arms, alpha, plannedUnits } = this.#definition
    return new RunningEffects({ arms: arms.length, control, metric, alpha, plannedUnits })
  }

  #emptyTallies(): Tally[] {
    return this.#definition.arms.map(() => EMPTY_TALLY)
  }
}
