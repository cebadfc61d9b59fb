// Latencies by the million in a fixed place: Node's own histogram, of microseconds, right to 0.1 %.
import { createHistogram } from 'node:perf_hooks'

export class Histogram {
  readonly #micros = createHistogram({ figures: 3 })

  add(ms: number): void {
    this.#micros.record(Math.max(1, Math.round(1_000 * ms)))
  }

  get count(): number {
    return this.#micros.count
  }

  /** NaN when nothing was added. */
  get max(): number {
    return this.quantile(1)
  }

  /**
   * The smallest value that at least `share` of the values do not exceed, in ms; `share` in (0, 1].
   */
  quantile(share: number): number {
    return this.count === 0 ? Number.NaN : this.#micros.percentile(100 * share) / 1_000
  }
}
