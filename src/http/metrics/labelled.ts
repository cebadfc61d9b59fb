// The children of a metric by three labels, found by three look-ups and without an object a call.
// prom-client, which hashes the labels even for a child that was kept, took more than ten times as
// long in the same run.

/**
 * So many children, and then all others share one. An experiment of 200 arms has 400 where all of
 * them are assigned and kept.
 */
export const MAX_CHILDREN = 20_000

export const OTHER = '_other'

export class Labelled<Child> {
  readonly #create: () => Child
  readonly #limit: number
  readonly #byFirst = new Map<string, Map<string, Map<string, Child>>>()
  #size = 0

  constructor(create: () => Child, limit = MAX_CHILDREN) {
    this.#create = create
    this.#limit = limit
  }

  /**
   * The child of these labels. Beyond the limit the first two are `_other`; the third must have few
   * values.
   */
  at(first: string, second: string, third: string): Child {
    return this.#byFirst.get(first)?.get(second)?.get(third) ?? this.#add(first, second, third)
  }

  /** Every child with its labels, in the order of their coming. */
  *entries(): Generator<[labels: readonly [string, string, string], child: Child]> {
    for (const [first, bySecond] of this.#byFirst)
      for (const [second, byThird] of bySecond)
        for (const [third, child] of byThird) yield [[first, second, third], child]
  }

  #add(first: string, second: string, third: string): Child {
    if (this.#size >= this.#limit && first !== OTHER) return this.at(OTHER, OTHER, third)
    const bySecond = this.#byFirst.get(first) ?? new Map<string, Map<string, Child>>()
    const byThird = bySecond.get(second) ?? new Map<string, Child>()
    const child = this.#create()
    this.#byFirst.set(first, bySecond.set(second, byThird.set(third, child)))
    this.#size += 1
    return child
  }
}
