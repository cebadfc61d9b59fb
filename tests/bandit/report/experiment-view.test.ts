import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { revisionOf } from '../../../src/bandit/catalogue.ts'
import { buildExperimentView } from '../../../src/bandit/report/experiment-view.ts'
import { readReportInput } from '../../../src/bandit/report/report-input.ts'
import { type Service, startExperiment, startService } from '../../support/http/service.ts'

let service: Service

beforeAll(async () => {
  service = await startService()
  await startExperiment(service, {
    metrics: [
      { key: 'visit', type: 'binary', role: 'primary' },
      { key: 'spend', type: 'continuous', range: [0, 100] },
    ],
  })
})

afterAll(() => service.close())

const live = () => service.catalogue.get('spring-email')
const view = async (position = 0) => {
  const { experiment } = live()
  return buildExperimentView(
    await readReportInput(service.store, experiment, experiment.definition.metrics[position]),
    service.now,
  )
}

describe('buildExperimentView()', () => {
  it('has a course without units, and no beliefs, before anybody has come', async () => {
    const { course, beliefs } = await view()
    expect(course).toMatchObject([
      { snapshot: 1, reason: 'start', unitsBefore: 0, units: 0, gain: { units: 0, earned: 0 } },
    ])
    expect(beliefs).toBeNull()
  })

  it('tells how many units came before each snapshot, and what they summed to', async () => {
    for (const from of [0, 300, 600]) {
      const units = Array.from({ length: 300 }, (_, unit) => `u${from + unit}`)
      const { body } = await service.call('POST', '/assign/batch', { experiment: 'spring-email', units })
      const visits = (body.assignments as { unit: string; arm: string }[]).filter(
        ({ arm }, place) => place % (arm === 'mens' ? 2 : 9) === 0,
      )
      await service.call(
        'POST',
        '/rewards',
        visits.map(({ unit }) => ({ unit, metric: 'visit' })),
      )
      await service.advance(1_000)
    }
    const { course, beliefs, report } = await view()
    expect(course.map(({ unitsBefore, units }) => [unitsBefore, units])).toEqual([
      [0, 100],
      [100, 100],
      [200, 100],
      [300, 300],
      [600, 300],
      [900, 0],
    ])
    const earned = report.arms.reduce((sum, arm) => sum + arm.sum, 0)
    expect(course.at(-1)?.gain).toMatchObject({ units: 900, earned })
    expect(course.at(-1)?.gain?.lower).toBeGreaterThan(0)
    const { points = [], densities = [] } = beliefs ?? {}
    const width = (points[1] ?? 0) - (points[0] ?? 0)
    expect(densities).toHaveLength(3)
    for (const density of densities) {
      // What lies outside of the drawing is a sliver.
      expect((density ?? []).reduce((sum, height) => sum + height * width, 0)).toBeCloseTo(1, 2)
    }
  })

  it('has no beliefs on a metric that shows no variation', async () => {
    expect((await view(1)).beliefs).toBeNull()
  })
})

describe('revisionOf()', () => {
  it('grows with every unit, reward, snapshot and version, and with nothing else', async () => {
    const grown = async (deed: () => Promise<unknown>) => {
      const before = revisionOf(live())
      await deed()
      return revisionOf(live()) - before
    }
    const reward = (event: object) => () => service.call('POST', '/rewards', { experiment: 'spring-email', ...event })
    expect(await grown(() => service.call('POST', '/assign', { experiment: 'spring-email', unit: 'new' }))).toBe(1)
    expect(await grown(() => service.call('POST', '/assign', { experiment: 'spring-email', unit: 'new' }))).toBe(0)
    expect(await grown(reward({ unit: 'new', metric: 'visit', id: 'r1' }))).toBe(1)
    expect(await grown(reward({ unit: 'new', metric: 'visit', id: 'r1' }))).toBe(0)
    expect(await grown(reward({ unit: 'new', metric: 'spend', value: 5 }))).toBe(1)
    expect(await grown(reward({ unit: 'nobody', metric: 'visit' }))).toBe(0)
    expect(await grown(() => service.call('POST', '/experiments/spring-email/pause'))).toBe(1)
    expect(await grown(() => service.call('POST', '/experiments/spring-email/start'))).toBe(2)
    expect(await grown(() => service.call('GET', '/pages/spring-email'))).toBe(0)
  })
})
