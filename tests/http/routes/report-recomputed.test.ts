// A report against an outside program that knows only what the service hands out.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { chooseArm, drawOf } from '../../../src/bandit/draw.ts'
import { type Service, startExperiment, startService } from '../../support/http/service.ts'
import { bruteForceBest, liftOf, meanOf, type PublishedSnapshot, type Question } from '../../support/recompute.ts'
import { seededRandom } from '../../support/samples/random.ts'

const RATES: Readonly<Record<string, number>> = { control: 0.1, mens: 0.2, womens: 0.13 }

interface Exported {
  unit: string
  arm: string
  propensity: number
  snapshot: number
  outcomes: Record<string, number>
}

describe('a report', () => {
  let service: Service
  let exported: Exported[]
  // biome-ignore lint/suspicious/noExplicitAny: read as a stranger to the types would
  let report: any, experiment: any, snapshots: any[]

  beforeAll(async () => {
    service = await startService({ salt: 'report' })
    await startExperiment(service, {
      metrics: [
        { key: 'visit', type: 'binary', role: 'primary' },
        { key: 'spend', type: 'continuous', range: [0, 100] },
      ],
    })
    const random = seededRandom(99)
    for (let round = 0; round < 40; round++) {
      const units = Array.from({ length: 20 + 5 * round }, (_, unit) => `u${round}-${unit}`)
      const { assignments } = (await service.call('POST', '/assign/batch', { experiment: 'spring-email', units })).body
      const events = assignments.flatMap(({ unit, arm }: { unit: string; arm: string }) => {
        if (random() >= (RATES[arm] as number)) return []
        return [
          { unit, metric: 'visit' },
          { unit, metric: 'spend', value: Math.round(12_000 * random()) / 100 },
        ]
      })
      await service.call('POST', '/rewards', events)
      await service.advance(1_000)
    }
    const get = async (path: string) => service.call('GET', `/experiments/spring-email${path}`)
    report = (await get('/report')).body
    experiment = (await get('')).body
    snapshots = (await get('/snapshots')).body.snapshots
    exported = (await get('/assignments.ndjson')).text
      .trimEnd()
      .split('\n')
      .map(line => JSON.parse(line))
  })

  afterAll(() => service.close())

  it('stands on an allocation that moved', () => {
    expect(snapshots.length).toBeGreaterThan(35)
    expect(snapshots.at(-1).propensities.mens).toBeGreaterThan(snapshots[0].propensities.mens + 0.2)
  })

  it('counts the exported assignments', () => {
    expect(report.units).toBe(exported.length)
    for (const arm of report.arms) {
      const own = exported.filter(unit => unit.arm === arm.arm)
      const successes = own.reduce((sum, { outcomes }) => sum + (outcomes.visit as number), 0)
      expect([arm.units, arm.successes, arm.mean]).toEqual([own.length, successes, successes / own.length])
    }
  })

  it('gives every unit the arm that follows from salt, unit and propensities', () => {
    const keys = experiment.arms.map(({ key }: { key: string }) => key)
    for (const { unit, arm, propensity, snapshot } of exported) {
      const { propensities } = snapshots[snapshot - 1]
      const position = chooseArm(
        keys.map((key: string) => propensities[key] ?? null),
        drawOf(experiment.salt, unit),
      )
      expect([keys[position], propensities[arm]]).toEqual([arm, propensity])
    }
  })

  it('believes what effective counts of the exported assignments say: posterior, P(best)', () => {
    const posteriors = report.arms.map(({ arm }: { arm: string }) => {
      const own = exported.filter(unit => unit.arm === arm)
      const weight = own.reduce((sum, { propensity }) => sum + 1 / propensity, 0)
      const N = weight ** 2 / own.reduce((sum, { propensity }) => sum + 1 / propensity ** 2, 0)
      const S =
        (N * own.reduce((sum, { propensity, outcomes }) => sum + (outcomes.visit as number) / propensity, 0)) / weight
      return { alpha: 1 + S, beta: 1 + N - S }
    })
    const expected = bruteForceBest(posteriors)
    for (const [position, arm] of report.arms.entries()) {
      const { alpha, beta } = posteriors[position] as { alpha: number; beta: number }
      expect(arm.posterior.mean).toBeCloseTo(alpha / (alpha + beta), 12)
      expect(arm.probabilityBest).toBeCloseTo(expected[position]?.probabilityBest as number, 9)
      expect(arm.posterior.lower).toBeCloseTo(expected[position]?.lower as number, 9)
      expect(arm.posterior.upper).toBeCloseTo(expected[position]?.upper as number, 9)
    }
  })

  it.each(['visit', 'spend'])('recomputed from /snapshots agrees to 1e-9 on %s', async metric => {
    const { body } = await service.call('GET', `/experiments/spring-email/report?metric=${metric}`)
    const published = (await service.call('GET', `/experiments/spring-email/snapshots?metric=${metric}`)).body
    const question: Question = {
      arms: experiment.arms.map(({ key }: { key: string }) => key),
      control: experiment.control,
      alpha: experiment.alpha,
      plannedUnits: experiment.plannedUnits,
      range: body.metric.range,
    }
    const ledger: PublishedSnapshot[] = published.snapshots
    for (const { arm, estimate, lift } of body.arms) {
      const mean = meanOf(ledger, question, arm)
      expectClose(estimate, { mean: mean?.estimate, lower: mean?.lower, upper: mean?.upper })
      if (lift === null) continue
      const own = liftOf(ledger, question, arm)
      expectClose(lift.absolute, { estimate: own?.estimate, lower: own?.lower, upper: own?.upper })
      expectClose(lift, { logEValue: own?.logE })
    }
    expect(body.arms.filter(({ lift }: { lift: unknown }) => lift !== null)).toHaveLength(2)
  })
})

function expectClose(actual: Record<string, number>, expected: Record<string, number | undefined>): void {
  for (const [name, value] of Object.entries(expected)) {
    const error = Math.abs((actual[name] as number) - (value as number)) / Math.max(1, Math.abs(value as number))
    expect(error, `${name}: ${actual[name]} should be ${value}`).toBeLessThanOrEqual(1e-9)
  }
}
