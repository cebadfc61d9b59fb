import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { setStatus } from '../../src/bandit/experiment/change-experiment.ts'
import { NOON, type Service, startExperiment, startService } from '../support/http/service.ts'

describe('refreshSnapshots()', () => {
  let service: Service

  beforeEach(async () => {
    service = await startService()
  })

  afterEach(() => service.close())

  const assign = (unit: string) => service.call('POST', '/assign', { experiment: 'spring-email', unit })
  /** Assigns so many units, and rewards those in the arm mens. */
  async function assignAndRewardMens(count: number): Promise<void> {
    const units = Array.from({ length: count }, (_, unit) => `u${unit}`)
    const { assignments } = (await service.call('POST', '/assign/batch', { experiment: 'spring-email', units })).body
    const mens = assignments.filter(({ arm }: { arm: string }) => arm === 'mens')
    await service.call(
      'POST',
      '/rewards',
      mens.map(({ unit }: { unit: string }) => ({ unit, metric: 'visit' })),
    )
  }

  const snapshots = async () => (await service.call('GET', '/experiments/spring-email/snapshots')).body.snapshots

  it('carries a reward into the propensities of the next unit within a second', async () => {
    await startExperiment(service)
    const first = await assign('u1')
    await service.call('POST', '/rewards', { unit: 'u1', metric: 'visit' })
    await service.advance(1_000)
    const next = await assign('u2')
    expect(next.body.snapshot).toBe(2)
    const before = (await snapshots())[0].propensities
    const after = (await snapshots())[1].propensities
    const rewarded = first.body.arm
    if (rewarded !== 'control') expect(after[rewarded]).toBeGreaterThan(before[rewarded])
    else expect(after).not.toEqual(before)
  })

  it('takes at most one snapshot a second, and none while nothing is new', async () => {
    await startExperiment(service)
    await assign('u1')
    await service.advance(999)
    expect(await snapshots()).toHaveLength(1)
    await service.advance(1)
    expect(await snapshots()).toHaveLength(2)
    await service.advance(60_000)
    expect(await snapshots()).toHaveLength(2)
  })

  it('takes few snapshots of many units: their number grows with the logarithm', async () => {
    await startExperiment(service)
    for (let round = 0; round < 60; round++) {
      const units = Array.from({ length: 100 }, (_, unit) => `u${round}-${unit}`)
      await service.call('POST', '/assign/batch', { experiment: 'spring-email', units })
      await service.advance(1_000)
    }
    const taken = await snapshots()
    // 60 rounds of growth: every one until 5,000 units (100 is 2 % of them), every second one
    // afterwards.
    expect(taken.length).toBeGreaterThan(50)
    expect(taken.length).toBeLessThanOrEqual(57)
  })

  it('closes full batches within a call of /assign/batch, whatever the clock', async () => {
    await startExperiment(service)
    const units = Array.from({ length: 3_000 }, (_, unit) => `u${unit}`)
    const { body } = await service.call('POST', '/assign/batch', { experiment: 'spring-email', units })
    expect(body.assignments.map(({ unit }: { unit: string }) => unit)).toEqual(units)
    const { id } = service.catalogue.get('spring-email').experiment
    const heads = await service.store.findSnapshots(id)
    expect(heads.map(head => head.units)).toEqual([100, 100, 200, 400, 800, 1_400])
    expect(new Set(heads.map(({ createdAt }) => createdAt))).toEqual(new Set([NOON]))
  })

  it('closes a full batch at the next look where units come one by one, and none that is not full', async () => {
    await startExperiment(service)
    for (let unit = 0; unit < 99; unit++) await assign(`u${unit}`)
    await service.advance(100)
    expect(await snapshots()).toHaveLength(1)
    await assign('u99')
    await service.advance(100)
    expect(await snapshots()).toHaveLength(2)
  })

  it('learns from mature batches only', async () => {
    const metrics = [{ key: 'visit', type: 'binary', role: 'primary', window: '10s' }]
    await startExperiment(service, { metrics, policy: { type: 'thompson', controlShare: null } })
    await assignAndRewardMens(200)
    await service.advance(1_000)
    const even = (await snapshots()).at(-1).propensities
    expect(even.mens).toBeCloseTo(even.womens, 12)
    await service.advance(9_500)
    const learned = (await snapshots()).at(-1)
    // Of 200 units the first hundred fill a batch.
    expect(learned.snapshot).toBe(4)
    expect(learned.propensities.mens).toBeGreaterThan(0.9)
  })

  it('learns from the batch that it closes, when its window is over and nothing else comes', async () => {
    const metrics = [{ key: 'visit', type: 'binary', role: 'primary', window: '10s' }]
    await startExperiment(service, { metrics, policy: { type: 'thompson', controlShare: null } })
    await assignAndRewardMens(200)
    // No tick in between: the first snapshot after the start closes the batch when its window has
    // long been over.
    await service.advance(60_000)
    expect((await snapshots()).at(-1).propensities.mens).toBeGreaterThan(0.9)
  })

  it('takes no snapshot of an experiment that is stopped while others are refreshed', async () => {
    await startExperiment(service, { key: 'first' })
    await startExperiment(service, { key: 'second' })
    for (const experiment of ['first', 'second']) await service.call('POST', '/assign', { experiment, unit: 'u1' })
    const refreshing = service.advance(1_000)
    const stopping = setStatus(service, 'second', 'stopped', { actor: 'test', now: service.now })
    await Promise.all([refreshing, stopping])
    const { id } = service.catalogue.get('second').experiment
    expect((await service.store.findSnapshots(id)).map(({ version }) => version)).toEqual([2])
  })

  it('forgets nothing over a restart: same salt, same snapshots, same kept arms', async () => {
    await startExperiment(service)
    const first = await assign('u1')
    await service.advance(1_000)
    const before = [await snapshots(), (await service.call('GET', '/experiments/spring-email')).body]
    service = await service.restart()
    expect([await snapshots(), (await service.call('GET', '/experiments/spring-email')).body]).toEqual(before)
    expect((await assign('u1')).body).toEqual({ ...first.body, reason: 'kept' })
    await assign('u2')
    await service.advance(1_000)
    expect((await snapshots()).map(({ snapshot }: { snapshot: number }) => snapshot)).toEqual([1, 2, 3])
  })

  it('gives a retired arm no new units, and an added one its share', async () => {
    await startExperiment(service)
    const arms = [
      { key: 'control' },
      { key: 'mens', payload: { template: 'm1' } },
      { key: 'womens', retired: true },
      { key: 'kids' },
    ]
    const changed = await service.call('PUT', '/experiments/spring-email', {
      arms,
      metrics: [{ key: 'visit', type: 'binary', role: 'primary' }],
    })
    expect(changed.body.version).toBe(3)
    const taken = await snapshots()
    expect(taken.at(-1).reason).toBe('change')
    expect(Object.keys(taken.at(-1).propensities)).toEqual(['control', 'mens', 'kids'])
    const units = Array.from({ length: 300 }, (_, unit) => `u${unit}`)
    const { assignments } = (await service.call('POST', '/assign/batch', { experiment: 'spring-email', units })).body
    const drawn = new Set(assignments.map(({ arm }: { arm: string }) => arm))
    expect([...drawn].toSorted()).toEqual(['control', 'kids', 'mens'])
  })
})
