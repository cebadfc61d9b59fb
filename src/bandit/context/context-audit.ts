// Proves the books of an experiment with features: recomputes each draw from the unit's context,
// the rule and the salt, and each sum from the units.

import type { AuditedLedger, LedgerStore, SnapshotHead, StoredSums, UnitFacts, UnitSums } from '../../store/port.ts'
import { chooseArm, drawOf } from '../draw.ts'
import type { Experiment } from '../experiment/experiment.ts'
import { decodeSums } from './read-sums.ts'
import type { BatchSums } from './scored-ledger.ts'
import { scoredMetricsOf } from './scoring.ts'
import { parseRule, type SnapshotRule } from './snapshot-rule.ts'
import { newUnitSums, type ScoredMetrics } from './unit-sums.ts'

/** What could be recomputed, and what could not. */
export interface ContextVerification {
  readonly draws: number
  /** Of units whose snapshot was taken just now, or by another version of the arithmetic. */
  readonly uncheckedDraws: number
  /** Snapshots whose sums were compared. */
  readonly sums: number
  /** Snapshots whose sums changed meanwhile, or whose units are in an archive, or as above. */
  readonly uncheckedSums: number
}

type AuditStore = Pick<LedgerStore, 'findSnapshots' | 'readRule' | 'readSums'>

/** Is told of each number as recomputed and as kept. */
export type Expect = (cell: string, recomputed: unknown, kept: unknown, tolerance: number) => void

/** Propensities may differ by so much: another machine's logarithms may. */
export const DRAW_TOLERANCE = 1e-12

export class ContextAudit {
  readonly #store: AuditStore
  readonly #experiment: Experiment
  readonly #scored: ScoredMetrics
  readonly #heads: readonly SnapshotHead[]
  readonly #rules: ReadonlyMap<number, SnapshotRule>
  readonly #sumsBefore: readonly StoredSums[]
  readonly #sums = new Map<number, UnitSums>()
  #draws = 0
  #uncheckedDraws = 0

  private constructor(
    store: AuditStore,
    experiment: Experiment,
    known: { heads: readonly SnapshotHead[]; rules: Map<number, SnapshotRule>; sums: readonly StoredSums[] },
  ) {
    this.#store = store
    this.#experiment = experiment
    this.#scored = scoredMetricsOf(experiment.definition)
    this.#heads = known.heads
    this.#rules = known.rules
    this.#sumsBefore = known.sums
  }

  /** Reads what is to be compared; null without features. Call it before the units are read. */
  static async begin(store: AuditStore, experiment: Experiment): Promise<ContextAudit | null> {
    if (experiment.definition.features === undefined) return null
    const heads = await store.findSnapshots(experiment.id)
    const rules = new Map<number, SnapshotRule>()
    for (const { number } of heads) {
      const text = await store.readRule(experiment.id, number)
      if (text !== null) rules.set(number, parseRule(text))
    }
    return new ContextAudit(store, experiment, { heads, rules, sums: await store.readSums(experiment.id) })
  }

  /** What the unit had to get; null where it cannot be recomputed. */
  draw({ unit, snapshot, context }: UnitFacts): { readonly arm: number; readonly propensity: number } | null {
    const rule = this.#rules.get(snapshot)
    if (rule === undefined || !rule.isReproducible) {
      this.#uncheckedDraws += 1
      return null
    }
    this.#draws += 1
    const propensities = rule.propensitiesAt(rule.read(context).x)
    const arm = chooseArm(propensities, drawOf(this.#experiment.salt, unit))
    return { arm, propensity: propensities[arm] as number }
  }

  /** Takes in a unit with what its counted rewards sum to, by metric. */
  add(facts: UnitFacts, totals: readonly number[]): void {
    const rule = this.#rules.get(facts.snapshot)
    if (rule === undefined) return
    const sums = this.#sums.get(facts.snapshot) ?? newUnitSums(rule, this.#scored)
    this.#sums.set(facts.snapshot, sums)
    sums.addUnit(facts)
    totals.forEach((total, position) => {
      sums.moveUnit(facts, position, 0, total)
    })
  }

  /** Reads the sums again: those that changed since `begin` belong to other facts. */
  async compare(ledgers: readonly AuditedLedger[], expect: Expect): Promise<ContextVerification> {
    const sumsAfter = await this.#store.readSums(this.#experiment.id)
    const archived = new Set(ledgers[0]?.archived.map(({ snapshot }) => snapshot))
    const [before, after] = [this.#sumsBefore, sumsAfter].map(all => Map.groupBy(all, ({ snapshot }) => snapshot))
    let [compared, unchecked] = [0, 0]
    for (const head of this.#heads) {
      const kept = after?.get(head.number) ?? []
      const own = this.#sums.get(head.number)
      if (kept.length === 0 && own === undefined) continue
      const isReproducible = this.#rules.get(head.number)?.isReproducible ?? false
      if (!isReproducible || archived.has(head.number) || !isSame(before?.get(head.number) ?? [], kept)) {
        unchecked += 1
        continue
      }
      compared += 1
      this.#compareSums(head, own, kept, expect)
    }
    const draws = { draws: this.#draws, uncheckedDraws: this.#uncheckedDraws }
    return { ...draws, sums: compared, uncheckedSums: unchecked }
  }

  #compareSums(head: SnapshotHead, own: UnitSums | undefined, kept: readonly StoredSums[], expect: Expect): void {
    const { definition } = this.#experiment
    const { number: snapshot } = head
    if (own === undefined || kept.length === 0) {
      expect(`sums, snapshot ${snapshot}, parts`, own?.parts.length ?? 0, kept.length, 0)
      return
    }
    const recomputed = own.parts.map(part => ({ snapshot, part, sums: own.merged(part, null) }))
    const there = numbersIn(() => decodeSums(definition, head, kept))
    if (there instanceof RangeError) {
      expect(`sums, snapshot ${snapshot}`, 'as many as the units have', there.message, 0)
      return
    }
    for (const [name, values] of numbersOf(decodeSums(definition, head, recomputed))) {
      values.forEach((value, place) => {
        expect(`sums ${name}, snapshot ${snapshot}, number ${place}`, value, there.get(name)?.[place], TOLERANCE)
      })
    }
  }
}

/** Sums are added in another order here, so their last digits may differ. */
const TOLERANCE = 1e-9

function isSame(before: readonly StoredSums[], after: readonly StoredSums[]): boolean {
  return (
    before.length === after.length &&
    before.every(({ part, sums }, place) => {
      const other = after[place]
      return other?.part === part && Buffer.compare(sums, other.sums) === 0
    })
  )
}

/** Sums of another shape cannot be read. */
function numbersIn(decode: () => BatchSums): Map<string, readonly number[]> | RangeError {
  try {
    return numbersOf(decode())
  } catch (error) {
    if (error instanceof RangeError) return error
    throw error
  }
}

/** Everything in the sums of a snapshot, by what it is. */
function numbersOf({ contexts, outcomes, rows, policyRows, segments }: BatchSums): Map<string, readonly number[]> {
  return new Map([
    ...contexts.map((xx, arm) => [`contexts of arm ${arm}`, [...xx]] as const),
    ...outcomes.flatMap((byArm, metric) =>
      byArm.map(({ xy, yy }, arm) => [`outcomes of metric ${metric}, arm ${arm}`, [...xy, yy]] as const),
    ),
    ...rows.map((row, metric) => [`row of metric ${metric}`, flat(row)] as const),
    ...policyRows.map((row, metric) => [`policy row of metric ${metric}`, row === null ? [] : flat(row)] as const),
    ...segments.map(({ row }, segment) => [`row of segment ${segment}`, flat(row)] as const),
    ...segments.map(({ tallies }, segment) => [`tallies of segment ${segment}`, tallies.flatMap(flat)] as const),
  ])
}

function flat(row: object): number[] {
  return Object.values(row).flatMap(value => (typeof value === 'number' ? value : [...(value as Float64Array)]))
}
