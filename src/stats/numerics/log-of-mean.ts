// The mean of numbers that are known by their logarithms, and that may overflow: e-values do.

/** `ln mean(e^x)`, by taking out the largest; 0 for no values. */
export function logOfMean(logs: readonly number[]): number {
  if (logs.length === 0) return 0
  const largest = Math.max(...logs)
  if (!Number.isFinite(largest)) return largest
  return largest + Math.log(logs.reduce((sum, log) => sum + Math.exp(log - largest), 0) / logs.length)
}
