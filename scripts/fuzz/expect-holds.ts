// Runs a property, and says of a counterexample what a person needs to see it again.
import fc from 'fast-check'

/**
 * A property does not hold; the message has the seed, the shrunk counterexample and what was wrong
 * with it.
 */
export class Violation extends Error {
  override readonly name = 'Violation'
}

/** @throws Violation */
export async function expectHolds<Values>(
  property: fc.IAsyncProperty<Values>,
  { runs, seed, isShrunk = true }: { runs: number; seed: number; isShrunk?: boolean },
  told: (counterexample: Values) => string,
): Promise<void> {
  const details = await fc.check(property, { numRuns: runs, seed, endOnFailure: !isShrunk })
  if (!details.failed) return
  const { counterexample, counterexamplePath, numRuns, numShrinks, errorInstance } = details
  const where = `seed ${seed}, path ${counterexamplePath}, after ${numRuns} runs and ${numShrinks} shrinks`
  const example = counterexample === null ? 'no counterexample' : told(counterexample)
  const reason = errorInstance instanceof Error ? (errorInstance.stack ?? errorInstance.message) : String(errorInstance)
  throw new Violation(`The property does not hold (${where}):\n${example}\n${reason}`)
}

/**
 * How much is tried: a little with every test run, which takes seconds, and all of it with `npm run
 * fuzz`, which takes minutes. The properties are the same.
 */
export const QUICK = { histories: 60, requests: 1_500 }
export const FULL = { histories: 1_000, requests: 100_000 }
