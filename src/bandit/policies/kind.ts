// What tells one policy from another. To add one: a file beside this one that exports a kind, and
// its name in the list of registry.ts.
import type { Posterior } from '../../stats/belief/posterior.ts'
import type { Goal } from '../../stats/goal.ts'

/**
 * The weights of competing arms, in their order: not negative, with the sum 1. `posteriors` has at
 * least two.
 */
export type Weigh = (posteriors: readonly Posterior[], goal: Goal) => readonly number[]

export interface PolicyKind {
  readonly type: string
  /** In the form of a new experiment. */
  readonly label: string
  /** In the interface's document: what it does, in a few words. */
  readonly summary: string
  /**
   * Where it learns. Such a policy spreads a share of the traffic evenly (`exploration`), lets new
   * arms burn in, and divides the rest by these weights; before anything is known all arms weigh
   * the same. Null: it does not learn.
   */
  readonly weigh: Weigh | null
  /** A person sets the share of each arm. Such a policy does not learn. */
  readonly hasWeights: boolean
  /**
   * Its shares follow from each unit's context: it learns, needs features, and has fields of its
   * own. Absent: they are the same for all units of a snapshot.
   */
  readonly readsContext?: true
}
