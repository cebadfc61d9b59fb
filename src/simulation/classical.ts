// The sample size of a classical test of a design.
import { unitsForMeans, unitsForProportions } from '../stats/classical-sample-size.ts'
import type { SimulationDesign } from './design.ts'
import type { OutcomeLaw } from './outcome-law.ts'

/** How often the classical test finds the difference that is assumed. */
const POWER = 0.8

/**
 * By arm: the units of the whole experiment, in equal shares, after which a test of fixed size
 * finds the arm's lift with a power of 0.8, at the level alpha divided by the number of lifts. Null
 * for the control, and for an arm that is as good as the control. Outcomes are not clipped here.
 */
export function classicalUnits({ definition, laws, means, control }: SimulationDesign): (number | null)[] {
  const levels = { alpha: definition.alpha / Math.max(1, laws.length - 1), power: POWER }
  const [base, baseMean = 0] = [laws[control], means[control]]
  return laws.map((law, arm) => {
    const mean = means[arm] ?? 0
    if (base === undefined || arm === control) return null
    const each =
      law.kind === 'binary' && base.kind === 'binary'
        ? unitsForProportions(base.rate, law.rate, levels)
        : unitsForMeans(mean - baseMean, [varianceOf(base), varianceOf(law)], levels)
    return each === null ? null : each * laws.length
  })
}

function varianceOf(law: OutcomeLaw): number {
  if (law.kind === 'binary') return law.rate * (1 - law.rate)
  if (law.kind === 'normal') return law.sd ** 2
  return law.rate * (law.sd ** 2 + law.mean ** 2) - (law.rate * law.mean) ** 2
}
