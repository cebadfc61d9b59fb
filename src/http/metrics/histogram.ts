// A histogram of durations in fixed buckets.
import type { Sample } from './exposition.ts'

/** Upper bounds in seconds: from half a millisecond, since that is what a request takes. */
export const DURATION_BUCKETS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

export class Histogram {
  /** By bucket, not cumulated; the last one has no bound. */
  readonly #counts = new Float64Array(DURATION_BUCKETS.length + 1)
  #sum = 0

  observe(seconds: number): void {
    let bucket = 0
    while (bucket < DURATION_BUCKETS.length && seconds > (DURATION_BUCKETS[bucket] as number)) bucket += 1
    this.#counts[bucket] = (this.#counts[bucket] as number) + 1
    this.#sum += seconds
  }

  samples(labels: Readonly<Record<string, string>> = {}): Sample[] {
    let count = 0
    const buckets = [...this.#counts].map((own, bucket): Sample => {
      count += own
      return { suffix: '_bucket', labels: { ...labels, le: String(DURATION_BUCKETS[bucket] ?? '+Inf') }, value: count }
    })
    return [...buckets, { suffix: '_sum', labels, value: this.#sum }, { suffix: '_count', labels, value: count }]
  }
}
