import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { faultyStore } from '../../support/faulty-store.ts'
import { type ReadFamily, readExposition } from '../../support/http/exposition.ts'
import { expectProblem } from '../../support/http/problem.ts'
import { type Service, startExperiment, startService } from '../../support/http/service.ts'

const GUARDED = {
  metrics: [
    { key: 'visit', type: 'binary', role: 'primary' },
    { key: 'unsubscribe', type: 'binary', role: 'guardrail', goal: 'decrease' },
  ],
}

describe('GET /metrics', () => {
  const faulty = faultyStore()
  let service: Service

  beforeEach(async () => {
    faulty.isDown = false
    service = await startService({ wrapStore: faulty.wrapStore })
  })

  afterEach(() => service.close())

  async function scrape(): Promise<Map<string, ReadFamily>> {
    const answer = await service.call('GET', '/metrics')
    expect(answer.status).toBe(200)
    expect(answer.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8')
    return readExposition(answer.text)
  }

  /** The values of a family by their labels, `le` and all. */
  function valuesOf(families: Map<string, ReadFamily>, name: string): Record<string, number> {
    const samples = families.get(name)?.samples ?? []
    return Object.fromEntries(samples.map(({ labels, value }) => [Object.values(labels).join(' '), value]))
  }

  it('counts answers of /assign by experiment, arm and reason', async () => {
    await service.call('POST', '/experiments', { key: 'draft', arms: [{ key: 'a' }, { key: 'b' }], ...GUARDED })
    await service.call('POST', '/assign', { experiment: 'draft', unit: 'u' })
    await startExperiment(service, { arms: [{ key: 'control' }, { key: 'mens' }] })
    const { arm } = (await service.call('POST', '/assign', { experiment: 'spring-email', unit: 'u' })).body
    await service.call('POST', '/assign/batch', { experiment: 'spring-email', units: ['u', 'u'] })
    expect(valuesOf(await scrape(), 'pinwheel_assignments_total')).toEqual({
      'draft a draft': 1,
      [`spring-email ${arm} assigned`]: 1,
      [`spring-email ${arm} kept`]: 2,
    })
  })

  it('counts what OFREP is asked as well, under its route', async () => {
    await startExperiment(service, {
      arms: [
        { key: 'control', payload: 'a' },
        { key: 'mens', payload: 'b' },
      ],
    })
    const path = '/ofrep/v1/evaluate/flags'
    const { variant } = (await service.call('POST', `${path}/spring-email`, { context: { targetingKey: 'u' } })).body
    await service.call('POST', path, { context: { targetingKey: 'u' } })
    const families = await scrape()
    expect(valuesOf(families, 'pinwheel_assignments_total')).toEqual({
      [`spring-email ${variant} assigned`]: 1,
      [`spring-email ${variant} kept`]: 1,
    })
    const { samples = [] } = families.get('http_server_request_duration_seconds') ?? {}
    const routes = samples.map(({ labels }) => labels.route)
    expect(routes).toEqual(expect.arrayContaining([path, `${path}/:key`]))
    expect(routes).not.toContain(`${path}/spring-email`)
  })

  it('counts rewards where they arrive, and what is nobody’s once', async () => {
    await startExperiment(service)
    await startExperiment(service, { key: 'other' })
    await service.call('POST', '/assign', { experiment: 'spring-email', unit: 'u' })
    const events = [
      { unit: 'u', metric: 'visit', id: '1' },
      { unit: 'u', metric: 'visit', id: '1' },
      { unit: 'u', metric: 'visit', at: '2020-01-01T00:00:00Z' },
      { unit: 'nobody', metric: 'visit' },
      { unit: 'nobody', metric: 'visit', experiment: 'other' },
      { unit: 'u', metric: 'nothing' },
      { unit: 'u' },
    ]
    await service.call('POST', '/rewards', events)
    const families = await scrape()
    expect(valuesOf(families, 'pinwheel_rewards_total')).toEqual({
      'spring-email visit recorded': 1,
      'spring-email visit duplicate': 1,
      'spring-email visit late': 1,
      ' visit unassigned': 1,
      'other visit unassigned': 1,
    })
    expect(valuesOf(families, 'pinwheel_rewards_rejected_total')).toEqual({ metric_not_found: 1, invalid_request: 1 })
  })

  it('counts the rewards that leave a total outside its range, by experiment and metric', async () => {
    const metrics = [
      { key: 'visit', type: 'binary', role: 'primary' },
      { key: 'spend', type: 'continuous', range: [0, 500] },
    ]
    await startExperiment(service, { metrics })
    await startExperiment(service, { key: 'other', metrics })
    await service.call('POST', '/assign', { experiment: 'spring-email', unit: 'u' })
    const events = [501, -1, 1, 1].map(value => ({ unit: 'u', metric: 'spend', value }))
    await service.call('POST', '/rewards', [...events, { unit: 'u', metric: 'visit', value: 9 }])
    const families = await scrape()
    expect(valuesOf(families, 'pinwheel_rewards_clipped_total')).toEqual({ 'spring-email spend': 3 })
    expect(valuesOf(families, 'pinwheel_rewards_total')).toMatchObject({ 'spring-email spend recorded': 4 })
  })

  it('times requests by method, route and class of status, never by address', async () => {
    await startExperiment(service)
    await service.call('POST', '/assign', { experiment: 'spring-email', unit: 'u' })
    await service.call('POST', '/assign', { experiment: 'nobody', unit: 'u' })
    await service.call('GET', '/experiments/spring-email')
    await service.call('GET', '/experiments/nobody')
    await service.call('GET', '/nothing/at/all')
    await service.call('PROPFIND', '/nothing')
    await service.call('DELETE', '/assign')
    const { samples = [] } = (await scrape()).get('http_server_request_duration_seconds') ?? {}
    const counts = samples.filter(({ name }) => name.endsWith('_count'))
    expect(counts.map(({ labels, value }) => `${Object.values(labels).join(' ')} ${value}`).sort()).toEqual(
      [
        'DELETE /assign 4xx 1',
        'GET /experiments/:key 2xx 1',
        'GET /experiments/:key 4xx 1',
        'GET unmatched 4xx 1',
        'POST /assign 2xx 1',
        'POST /assign 4xx 1',
        'POST /experiments 2xx 1',
        'POST /experiments/:key/start 2xx 1',
        '_OTHER unmatched 4xx 1',
      ].sort(),
    )
  })

  it('has buckets that grow, up to the count', async () => {
    await startExperiment(service)
    for (let unit = 0; unit < 20; unit++)
      await service.call('POST', '/assign', { experiment: 'spring-email', unit: `${unit}` })
    const families = await scrape()
    for (const name of ['http_server_request_duration_seconds', 'pinwheel_store_commit_duration_seconds']) {
      const family = families.get(name)
      expect(family?.type).toBe('histogram')
      const byChild = Map.groupBy(family?.samples ?? [], ({ labels: { le: _, ...labels } }) => JSON.stringify(labels))
      expect(byChild.size).toBeGreaterThan(0)
      for (const samples of byChild.values()) {
        const buckets = samples.filter(sample => sample.name === `${name}_bucket`)
        const values = buckets.map(({ value }) => value)
        expect(values).toEqual(values.toSorted((one, other) => one - other))
        expect(buckets.at(-1)?.labels.le).toBe('+Inf')
        expect(buckets.at(-1)?.value).toBe(samples.find(sample => sample.name === `${name}_count`)?.value)
        expect(samples.find(sample => sample.name === `${name}_sum`)?.value).toBeGreaterThan(0)
      }
    }
  })

  it('shows where running experiments stand, from the snapshot and the latest look', async () => {
    await startExperiment(service, GUARDED)
    const units = Array.from({ length: 1_000 }, (_, unit) => `u${unit}`)
    const { assignments } = (await service.call('POST', '/assign/batch', { experiment: 'spring-email', units })).body
    const mens = assignments.filter(({ arm }: { arm: string }) => arm === 'mens')
    const rewards = mens.flatMap(({ unit }: { unit: string }) =>
      ['visit', 'unsubscribe'].map(metric => ({ unit, metric })),
    )
    await service.call('POST', '/rewards', rewards)
    expect(valuesOf(await scrape(), 'pinwheel_arm_probability_best')).toEqual({})
    await service.advance(1_000)
    await service.look()
    service.now += 3_000
    const families = await scrape()
    const { arms, sampleRatio } = (await service.call('GET', '/experiments/spring-email/report')).body
    const byArm = (read: (arm: Record<string, number>) => unknown) =>
      Object.fromEntries(arms.map((arm: Record<string, number>) => [`spring-email ${arm.arm}`, read(arm)]))
    expect(valuesOf(families, 'pinwheel_arm_propensity')).toEqual(byArm(arm => arm.propensity))
    expect(valuesOf(families, 'pinwheel_arm_probability_best')).toEqual(byArm(arm => arm.probabilityBest))
    const { mens: lift, womens } = Object.fromEntries(
      arms.map((arm: { arm: string; lift: object }) => [arm.arm, arm.lift]),
    )
    expect(valuesOf(families, 'pinwheel_arm_lift_log_e_value')).toEqual({
      'spring-email mens': lift.logEValue,
      'spring-email womens': womens.logEValue,
    })
    expect(valuesOf(families, 'pinwheel_arm_verdict')['spring-email mens']).toBe(1)
    expect(valuesOf(families, 'pinwheel_guardrail_harmed')['spring-email mens unsubscribe']).toBe(1)
    expect(valuesOf(families, 'pinwheel_sample_ratio_log_e_value')).toEqual({ 'spring-email': sampleRatio.logEValue })
    expect(valuesOf(families, 'pinwheel_experiments')).toEqual({ draft: 0, running: 1, paused: 0, stopped: 0 })
    expect(valuesOf(families, 'pinwheel_experiment_units')).toEqual({ 'spring-email': 1_000 })
    expect(valuesOf(families, 'pinwheel_experiment_rewards')).toEqual({ 'spring-email': mens.length })
    expect(valuesOf(families, 'pinwheel_snapshot_number')).toEqual({ 'spring-email': 6 })
    expect(valuesOf(families, 'pinwheel_snapshot_age_seconds')).toEqual({ 'spring-email': 3 })
    expect(valuesOf(families, 'pinwheel_report_age_seconds')).toEqual({ 'spring-email': 3 })
  })

  it('computes nothing when it is read', async () => {
    await startExperiment(service)
    await service.look()
    const { samples } = (await scrape()).get('pinwheel_arm_probability_best') ?? { samples: [] }
    expect(samples).toHaveLength(3)
    faulty.isDown = true
    expect((await scrape()).get('pinwheel_arm_probability_best')?.samples).toEqual(samples)
  })

  it('leaves out what is stopped, and the arms of the oldest where there are too many', async () => {
    const arms = Array.from({ length: 200 }, (_, arm) => ({ key: `a${arm}` }))
    const policy = { type: 'uniform' }
    for (let experiment = 0; experiment < 11; experiment++)
      await startExperiment(service, { key: `e${experiment}`, arms, policy })
    const before = await scrape()
    expect(before.get('pinwheel_arm_propensity')?.samples).toHaveLength(2_000)
    expect(valuesOf(before, 'pinwheel_arms_left_out')).toEqual({ '': 200 })
    expect(valuesOf(before, 'pinwheel_arm_propensity')).not.toHaveProperty('e0 a0')
    await service.call('POST', '/experiments/e5/stop')
    const after = await scrape()
    expect(valuesOf(after, 'pinwheel_arms_left_out')).toEqual({ '': 0 })
    expect(valuesOf(after, 'pinwheel_experiment_units')).not.toHaveProperty('e5')
  })

  it('tells how the store and the webhooks fare', async () => {
    const { id } = (await service.call('POST', '/webhooks', { url: 'https://example.com' })).body
    await startExperiment(service)
    await service.call('POST', '/experiments/spring-email/stop')
    await service.look()
    const families = await scrape()
    expect(valuesOf(families, 'pinwheel_store_up')).toEqual({ '': 1 })
    expect(valuesOf(families, 'pinwheel_store_waiting_commands')).toEqual({ '': 0 })
    expect(valuesOf(families, 'pinwheel_store_bytes').database).toBeGreaterThan(4_096)
    expect(valuesOf(families, 'pinwheel_store_commands_total')['']).toBeGreaterThanOrEqual(5)
    expect(valuesOf(families, 'pinwheel_webhook_waiting_messages')).toEqual({ [id]: 1 })
    expect(valuesOf(families, 'pinwheel_webhook_failures')).toEqual({ [id]: 0 })
  })

  it('answers while the store does not', async () => {
    faulty.isDown = true
    expect(valuesOf(await scrape(), 'pinwheel_store_up')).toEqual({ '': 0 })
  })

  it('needs a key with the scope read where there are keys', async () => {
    await service.close()
    const key = 'an-admin-key-for-the-tests'
    service = await startService({ adminKey: key })
    expectProblem(await service.call('GET', '/metrics'), 401, 'unauthorized')
    expect((await service.call('GET', '/metrics', undefined, { authorization: `Bearer ${key}` })).status).toBe(200)
  })
})
