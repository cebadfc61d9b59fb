// Which of many findings to call: e-BH (Wang & Ramdas 2022, J. R. Statist. Soc. B 84).

/**
 * The positions of the r largest e-values with `e_(r) ≥ m/(α r)`, m their number, for the largest
 * such r, in rising order. At most the share α of what is called is false on average, under any
 * dependence and at any look. `logEValues` are natural logarithms; those that are equal are called
 * together.
 */
export function discoveries(logEValues: readonly number[], alpha: number): number[] {
  const sorted = logEValues.toSorted((a, b) => b - a)
  const least = sorted.findLast((log, place) => log >= Math.log(sorted.length / (alpha * (place + 1))))
  if (least === undefined) return []
  return logEValues.flatMap((log, position) => (log >= least ? [position] : []))
}
