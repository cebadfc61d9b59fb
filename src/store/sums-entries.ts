// What the facts of one transaction add to the sums of experiments with features: one `UnitSums` a
// snapshot, merged with what is stored before the commit.
import type { Assignment } from '../bandit/facts.ts'
import type { KeptAssignment, Proposal, RewardEntry, Scoring, UnitSums } from './port.ts'
import type { Script } from './scripts/script.ts'
import { readRule } from './scripts/unit-sums.ts'

/** Units of a snapshot, and how they are summed. */
export interface ScoredSnapshot {
  readonly experimentId: number
  readonly snapshot: number
  readonly scoring: Scoring
}

/** The context is read where a reward is scored. */
export interface AssignmentWithContext extends Assignment {
  readonly context?: string | null
}

/** A part to which something was added. */
export interface PartEntry {
  readonly experimentId: number
  readonly snapshot: number
  readonly part: string
  readonly sums: UnitSums
}

type Place = Omit<PartEntry, 'part' | 'sums'>

export class SumsEntries {
  readonly #sums = new Map<string, Place & { readonly sums: UnitSums | null }>()

  /** Adds those of a proposal that were kept just now, once its snapshot is open. */
  addUnits({ experimentId, snapshot, units }: Omit<Proposal, 'scoring'>, kept: readonly KeptAssignment[]): void {
    const sums = this.#sums.get(keyOf(experimentId, snapshot))?.sums
    for (const [position, { isNew, arm, propensity }] of kept.entries())
      if (isNew) sums?.addUnit({ arm, propensity, context: units[position]?.context ?? null })
  }

  /** Adds what a counted reward did to a unit's total, once the unit's snapshot is open. */
  moveUnit(
    { experimentId, metricPosition }: RewardEntry,
    { snapshot, arm, propensity, context = null }: AssignmentWithContext,
    ...[before, after]: [before: number, after: number]
  ): void {
    const sums = this.#sums.get(keyOf(experimentId, snapshot))?.sums
    sums?.moveUnit({ arm, propensity, context }, metricPosition, before, after)
  }

  /** Asks for the snapshot's rule where it is not known. */
  *open({ experimentId, snapshot, scoring }: ScoredSnapshot): Script<void> {
    const key = keyOf(experimentId, snapshot)
    if (this.#sums.has(key)) return
    const sums = yield* newSums(experimentId, snapshot, scoring)
    if (!this.#sums.has(key)) this.#sums.set(key, { experimentId, snapshot, sums })
  }

  /** Every part in the order in which all transactions write them; then there is nothing. */
  take(): PartEntry[] {
    if (this.#sums.size === 0) return []
    const entries = [...this.#sums.values()].flatMap(({ sums, ...place }) =>
      sums === null ? [] : sums.parts.map(part => ({ ...place, part, sums })),
    )
    this.clear()
    return entries.sort(byPlace)
  }

  clear(): void {
    this.#sums.clear()
  }
}

/** Null: the snapshot was taken before there were features, so its units are not summed. */
function* newSums(experimentId: number, snapshot: number, scoring: Scoring): Script<UnitSums | null> {
  if (!scoring.knows(snapshot)) {
    const rule = yield* readRule(experimentId, snapshot)
    if (rule === null) return null
    scoring.give(snapshot, rule)
  }
  return scoring.newSums(snapshot)
}

function keyOf(experimentId: number, snapshot: number): string {
  return `${experimentId}/${snapshot}`
}

function byPlace(a: PartEntry, b: PartEntry): number {
  return a.experimentId - b.experimentId || a.snapshot - b.snapshot || (a.part < b.part ? -1 : 1)
}
