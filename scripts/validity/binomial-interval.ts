// How far a share counted in a simulation may be from the true one.
import jStat from 'jstat'

/**
 * The exact 95 % interval of a probability after `count` of `runs` (Clopper & Pearson 1934,
 * Biometrika 26), by quantiles of beta distributions. Against SciPy 1.14: 1e-9 at up to 1,000 runs
 * (tests/e2e/validity.test.ts).
 */
export function binomialInterval(count: number, runs: number): { readonly lower: number; readonly upper: number } {
  return {
    lower: count === 0 ? 0 : jStat.beta.inv(0.025, count, runs - count + 1),
    upper: count === runs ? 1 : jStat.beta.inv(0.975, count + 1, runs - count),
  }
}
