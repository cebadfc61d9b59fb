// How long P(best) and the whole standing of the arms take.
import { probabilityBest, bestArm as standingOf } from '../../../src/stats/belief/best-arm.ts'
import { betaPosterior, type Posterior } from '../../../src/stats/belief/posterior.ts'
import type { PartResult } from '../part.ts'

interface Timing {
  /**
   * What was timed, and on which arms: alike (10 000 units each), or of very different sizes and
   * rates.
   */
  readonly name: string
  readonly arms: number
  /** The median over many repetitions, after warming up, in milliseconds. */
  readonly medianMs: number
}

const ARM_COUNTS = [2, 10, 50, 100, 200] as const

/** Times both entries of best-arm.ts on 2 to 200 arms; takes some seconds. */
export async function bestArm(): Promise<PartResult> {
  const timings = timeAll()
  const rows = timings.map(({ name, arms, medianMs }) => [name, arms, medianMs])
  return { tables: [{ head: ['', 'arms', 'median ms'], rows }], verdicts: [], notes: [], measured: timings }
}

function timeAll(): Timing[] {
  const kinds = { alike: alikeArms, 'of all sizes': armsOfAllSizes }
  return Object.entries(kinds).flatMap(([kind, armsOf]) =>
    ARM_COUNTS.flatMap(count => {
      const arms = armsOf(count)
      const options = { goal: 'increase', control: 0, quantiles: [0.025, 0.975] } as const
      return [
        {
          name: `probabilityBest, arms ${kind}`,
          arms: count,
          medianMs: medianMs(() => probabilityBest(arms, 'increase')),
        },
        { name: `bestArm, arms ${kind}`, arms: count, medianMs: medianMs(() => standingOf(arms, options)) },
      ]
    }),
  )
}

function alikeArms(count: number): Posterior[] {
  return Array.from({ length: count }, (_, arm) => binary(10_000, 0.045 + 0.01 * spread(arm)))
}

/** From ten units to ten million, rates from 0.1 % to 30 %. */
function armsOfAllSizes(count: number): Posterior[] {
  return Array.from({ length: count }, (_, arm) =>
    binary(10 ** (1 + 6 * spread(3 * arm + 1)), 10 ** (-3 + 2.5 * spread(arm))),
  )
}

function binary(units: number, rate: number): Posterior {
  const sum = Math.round(units * rate)
  return betaPosterior({ units: Math.round(units), sum, sumOfSquares: sum })
}

/** Evenly scattered over [0, 1), and the same in every run: multiples of the golden ratio. */
function spread(index: number): number {
  return (index * 0.6180339887498949) % 1
}

function medianMs(run: () => void): number {
  const warmUpUntil = performance.now() + 200
  while (performance.now() < warmUpUntil) run()
  const times: number[] = []
  const until = performance.now() + 400
  while (times.length < 25 || performance.now() < until) {
    const start = performance.now()
    run()
    times.push(performance.now() - start)
  }
  times.sort((a, b) => a - b)
  return Number((times[times.length >> 1] as number).toPrecision(3))
}
