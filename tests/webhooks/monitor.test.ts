import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Catalogue } from '../../src/bandit/catalogue.ts'
import { openStore } from '../../src/store/open.ts'
import type { Store } from '../../src/store/port.ts'
import { ExperimentMonitor } from '../../src/webhooks/monitor.ts'
import { EVENT_TYPES } from '../../src/webhooks/webhook.ts'
import { faultyStore } from '../support/faulty-store.ts'
import { type Service, startExperiment, startService } from '../support/http/service.ts'

const MINUTE = 60_000

const GUARDED = {
  metrics: [
    { key: 'visit', type: 'binary', role: 'primary' },
    { key: 'unsubscribe', type: 'binary', role: 'guardrail', goal: 'decrease' },
  ],
}

describe('ExperimentMonitor', () => {
  const faulty = faultyStore()
  let service: Service

  beforeEach(async () => {
    faulty.isDown = false
    service = await startService({ wrapStore: faulty.wrapStore })
    await service.store.createWebhook({
      id: 'wh_1',
      url: 'https://example.com/hook',
      events: EVENT_TYPES,
      experimentId: null,
      secret: 'whsec_eA==',
      createdAt: service.now,
    })
  })

  afterEach(() => service.close())

  let units = 0
  /**
   * Gives so many new units their arms, and rewards those in an arm and the first one of each other
   * arm.
   */
  async function assign(count: number, rewards: { arm: string; metric: string } | null = null): Promise<void> {
    const list = Array.from({ length: count }, () => `u${++units}`)
    const { assignments } = (await service.call('POST', '/assign/batch', { experiment: 'spring-email', units: list }))
      .body
    const met = new Set<string>()
    const rewarded = assignments.filter(({ arm }: { arm: string }) => {
      const isFirst = !met.has(arm)
      met.add(arm)
      return rewards !== null && (isFirst || arm === rewards.arm)
    })
    const events = rewarded.map(({ unit }: { unit: string }) => ({ unit, metric: rewards?.metric }))
    await service.call('POST', '/rewards', events)
  }

  /** What waits for the webhook, oldest first; it is taken out. Of the recommendations below. */
  async function messages(store: Store = service.store) {
    return (await allMessages(store)).filter(({ type }) => type !== 'recommendation')
  }

  async function allMessages(store: Store = service.store) {
    const found = []
    for (;;) {
      const [due] = await store.findDueMessages(service.now, 1)
      if (due === undefined) return found
      found.push({ id: due.id, ...JSON.parse(due.body) })
      await store.settleMessage(due, { isDelivered: true, at: service.now })
    }
  }

  /** Looks, and tells what was seen besides recommendations. */
  async function look() {
    return (await service.look()).filter(seen => !('announced' in seen) || seen.announced !== 'recommendation')
  }

  const typesOf = (told: readonly { type: string }[]) => told.map(({ type }) => type)
  const experiment = async () => (await service.call('GET', '/experiments/spring-email')).body
  const history = async () => (await service.call('GET', '/experiments/spring-email/history')).body.history

  describe('verdicts', () => {
    it('are announced once, when they change', async () => {
      await startExperiment(service)
      await assign(1_200, { arm: 'mens', metric: 'visit' })
      await service.look()
      const told = await messages()
      expect(typesOf(told)).toEqual(['verdict'])
      expect(told[0]).toMatchObject({
        timestamp: new Date(service.now).toISOString(),
        data: {
          experiment: 'spring-email',
          metric: 'visit',
          arm: 'mens',
          before: 'undecided',
          verdict: 'better',
          lift: { estimate: expect.any(Number), lower: expect.any(Number), upper: expect.any(Number) },
        },
      })
      await assign(10)
      await service.advance(2 * MINUTE)
      expect(await look()).toEqual([])
      expect(await messages()).toEqual([])
    })

    it('are announced once by two services', async () => {
      await startExperiment(service)
      await assign(1_200, { arm: 'mens', metric: 'visit' })
      const other = await openStore(`sqlite:${service.databasePath}`)
      const catalogue = await Catalogue.load(other)
      const beside = new ExperimentMonitor({ catalogue, store: other, elapsedMs: () => 0, newId: () => 'msg_beside' })
      const seen = (await Promise.all([service.look(), beside.look(service.now)])).flat()
      expect(seen).toHaveLength(2)
      expect(typesOf(await allMessages())).toEqual(['recommendation', 'verdict'])
      await other.close()
    })

    it('are not lost when the service dies between finding and announcing, nor told twice after', async () => {
      await startExperiment(service)
      await assign(1_200, { arm: 'mens', metric: 'visit' })
      const dying = new Proxy(service.store, {
        get: (target, name: keyof Store) =>
          name === 'announce' ? () => Promise.reject(new Error('killed')) : target[name],
      })
      const { catalogue } = service
      const monitor = new ExperimentMonitor({ catalogue, store: dying, elapsedMs: () => 0, newId: () => 'msg_lost' })
      expect(await monitor.look(service.now)).toMatchObject([{ error: { message: 'killed' } }])
      expect(await messages()).toEqual([])
      service = await service.restart()
      await service.look()
      expect(typesOf(await messages())).toEqual(['verdict'])
      service = await service.restart()
      await service.look()
      expect(await messages()).toEqual([])
    })

    it('that turn back are told ten minutes after, so that none flutters', async () => {
      await startExperiment(service)
      const { experiment: found } = service.catalogue.get('spring-email')
      await service.store.announce(found.id, null, { subject: 'verdict/mens', state: 'better', at: service.now }, null)
      await service.advance(9 * MINUTE)
      expect(await look()).toEqual([])
      await service.advance(MINUTE)
      expect(await look()).toMatchObject([
        { announced: 'verdict', details: { arm: 'mens', before: 'better', verdict: 'undecided' } },
      ])
    })
  })

  describe('a guardrail that is harmed', () => {
    it('is announced, without any reaction unless the definition requires one', async () => {
      await startExperiment(service, GUARDED)
      await assign(1_200, { arm: 'mens', metric: 'unsubscribe' })
      await service.look()
      const told = await messages()
      expect(typesOf(told)).toEqual(['guardrail.harmed'])
      expect(told[0].data).toMatchObject({
        metric: 'unsubscribe',
        arm: 'mens',
        margin: 0,
        onHarm: null,
        armStatus: 'active',
        experimentStatus: 'running',
      })
      expect((await experiment()).arms[1].retired).toBe(false)
    })

    it('retires its arm with "onHarm": "pause-arm", under the name pinwheel', async () => {
      await startExperiment(service, { ...GUARDED, onHarm: 'pause-arm' })
      await assign(1_200, { arm: 'mens', metric: 'unsubscribe' })
      expect(await look()).toMatchObject([
        { retired: 'mens', metric: 'unsubscribe', isPaused: false },
        { announced: 'guardrail.harmed' },
      ])
      expect((await messages())[0].data).toMatchObject({ onHarm: 'pause-arm', armStatus: 'retired' })
      expect(await experiment()).toMatchObject({ status: 'running', onHarm: 'pause-arm' })
      expect((await history()).at(-1)).toMatchObject({
        actor: 'pinwheel',
        action: 'changed',
        reason: 'mens harms the guardrail unsubscribe',
        changes: [{ path: 'arms.mens.retired', before: false, after: true }],
      })
      const next = await service.call('POST', '/assign/batch', {
        experiment: 'spring-email',
        units: Array.from({ length: 500 }, (_, unit) => `later-${unit}`),
      })
      const arms = new Set(next.body.assignments.map(({ arm }: { arm: string }) => arm))
      expect([...arms].sort()).toEqual(['control', 'womens'])
      await service.advance(2 * MINUTE)
      expect(await look()).toEqual([])
    })

    it('pauses the whole experiment with "onHarm": "pause", with a reason, and again after a restart', async () => {
      await startExperiment(service, { ...GUARDED, onHarm: 'pause' })
      await assign(1_200, { arm: 'mens', metric: 'unsubscribe' })
      expect(await look()).toMatchObject([{ paused: 'mens', metric: 'unsubscribe' }, { announced: 'guardrail.harmed' }])
      expect((await messages())[0].data).toMatchObject({
        onHarm: 'pause',
        armStatus: 'active',
        experimentStatus: 'paused',
      })
      expect(await experiment()).toMatchObject({ status: 'paused' })
      expect((await history()).at(-1)).toMatchObject({
        actor: 'pinwheel',
        action: 'paused',
        reason: 'mens harms the guardrail unsubscribe',
        changes: [{ path: 'status', before: 'running', after: 'paused' }],
      })
      await service.advance(2 * MINUTE)
      expect(await look()).toEqual([])
      await service.call('POST', '/experiments/spring-email/start')
      expect(await look()).toMatchObject([{ paused: 'mens' }])
      // Without the arm there is no harm going on.
      await service.call('PUT', '/experiments/spring-email', {
        arms: [{ key: 'control' }, { key: 'mens', retired: true }, { key: 'womens' }],
      })
      await service.call('POST', '/experiments/spring-email/start')
      await service.advance(2 * MINUTE)
      expect(await look()).toEqual([])
      expect(await experiment()).toMatchObject({ status: 'running' })
    })

    it('pauses the experiment with its last arm beside the control', async () => {
      await startExperiment(service, { ...GUARDED, arms: [{ key: 'control' }, { key: 'mens' }], onHarm: 'pause-arm' })
      await assign(1_200, { arm: 'mens', metric: 'unsubscribe' })
      expect(await look()).toMatchObject([{ retired: 'mens', isPaused: true }, { announced: 'guardrail.harmed' }])
      expect((await messages())[0].data).toMatchObject({ armStatus: 'retired', experimentStatus: 'paused' })
      const { body } = await service.call('POST', '/assign', { experiment: 'spring-email', unit: 'later' })
      expect(body).toMatchObject({ arm: 'control', reason: 'paused' })
      // Anyone who starts it again gets the control for everybody, until there is another arm.
      expect((await service.call('POST', '/experiments/spring-email/start')).status).toBe(200)
      const again = await service.call('POST', '/assign', { experiment: 'spring-email', unit: 'later' })
      expect(again.body).toMatchObject({ arm: 'control', reason: 'assigned', propensity: 1 })
    })

    it('retires an arm again after it was brought back', async () => {
      const changes = { ...GUARDED, onHarm: 'pause-arm' }
      await startExperiment(service, changes)
      await assign(1_200, { arm: 'mens', metric: 'unsubscribe' })
      await service.look()
      const { salt, status, version, winner, createdAt, startedAt, stoppedAt, ...definition } = await experiment()
      definition.arms[1].retired = false
      expect((await service.call('PUT', '/experiments/spring-email', definition)).status).toBe(200)
      expect(await look()).toMatchObject([{ retired: 'mens' }])
      expect((await experiment()).arms[1].retired).toBe(true)
    })
  })

  describe('the recommendation', () => {
    it('is announced when it changes, as the report has it', async () => {
      await startExperiment(service)
      await service.look()
      expect(await allMessages()).toEqual([])
      await assign(1_200, { arm: 'mens', metric: 'visit' })
      await service.look()
      const [told] = await allMessages()
      const { recommendation } = (await service.call('GET', '/experiments/spring-email/report')).body
      expect(recommendation).toMatchObject({ action: 'ship', arm: 'mens', arms: ['mens'] })
      expect(told).toMatchObject({
        type: 'recommendation',
        data: { experiment: 'spring-email', before: 'continue', ...recommendation },
      })
    })

    it('announces no ship while a guardrail is open, though the verdict is better', async () => {
      await startExperiment(service, GUARDED)
      await assign(1_200, { arm: 'mens', metric: 'visit' })
      await service.look()
      const told = await allMessages()
      expect(typesOf(told)).toEqual(['verdict'])
      expect(told[0].data).toMatchObject({ verdict: 'better', recommendation: { action: 'continue', arm: null } })
      expect(told[0].data.recommendation.why).toMatch(/guardrail unsubscribe of mens is undecided/)
    })

    it('is told ten minutes after the last one at the earliest, so that it does not flutter', async () => {
      await startExperiment(service)
      const { experiment: found } = service.catalogue.get('spring-email')
      const before = { subject: 'recommendation', state: 'choose mens womens', at: service.now }
      await service.store.announce(found.id, null, before, null)
      await assign(1_200, { arm: 'mens', metric: 'visit' })
      await service.look()
      expect(typesOf(await allMessages())).toEqual(['verdict'])
      await service.advance(10 * MINUTE)
      await service.look()
      expect(await allMessages()).toMatchObject([
        { type: 'recommendation', data: { before: 'choose', action: 'ship', arm: 'mens' } },
      ])
    })

    it('is not announced of what Pinwheel has done by itself', async () => {
      await startExperiment(service, { ...GUARDED, onHarm: 'pause-arm' })
      await assign(1_200, { arm: 'mens', metric: 'unsubscribe' })
      await service.look()
      expect(typesOf(await allMessages())).toEqual(['guardrail.harmed'])
    })
  })

  it('announces that the shares are not those that were promised', async () => {
    await startExperiment(service)
    const { experiment: found, snapshot } = service.catalogue.get('spring-email')
    // As if units got lost on their way to one arm: all that arrive have the other two.
    const unitsOf = (arm: number) =>
      Array.from({ length: 500 }, (_, unit) => ({ unit: `${arm}-${unit}`, arm, propensity: 1 / 3 }))
    await service.store.keepAssignments({
      experimentId: found.id,
      snapshot: snapshot?.number ?? 0,
      assignedAt: service.now,
      metrics: found.definition.metrics,
      units: [...unitsOf(0), ...unitsOf(1)],
    })
    await service.look()
    const told = typesOf(await messages())
    expect(told).toContain('sample-ratio.alarm')
    expect(told, 'the lost arm was promised its share').not.toContain('arm.starved')
  })

  it('announces an arm that is promised hardly any units', async () => {
    await startExperiment(service, {
      policy: { type: 'fixed', weights: { control: 0.495, mens: 0.495, womens: 0.01 } },
    })
    await assign(1_000)
    await service.look()
    const starved = (await messages()).filter(({ type }) => type === 'arm.starved')
    expect(starved).toMatchObject([{ data: { arm: 'womens', of: 1_000, propensity: 0.01 } }])
  })

  it('announces that rewards have stopped, and notices their return', async () => {
    await startExperiment(service)
    for (let minute = 0; minute < 3; minute++) {
      await assign(300, { arm: 'mens', metric: 'visit' })
      await service.advance(MINUTE)
    }
    await assign(300)
    await service.advance(30 * MINUTE)
    await service.look()
    const silent = (await messages()).filter(({ type }) => type === 'rewards.silent')
    expect(silent).toHaveLength(1)
    expect(silent[0].data).toMatchObject({ metric: 'visit', units: 300, missingRewards: expect.any(Number) })
    await assign(100, { arm: 'mens', metric: 'visit' })
    await service.advance(MINUTE)
    await service.look()
    const { experiment: found } = service.catalogue.get('spring-email')
    expect(await service.store.findAnnouncements(found.id)).toContainEqual(
      expect.objectContaining({ subject: 'rewards', state: 'silent' }),
    )
    await service.advance(10 * MINUTE)
    await service.look()
    expect(await service.store.findAnnouncements(found.id)).toContainEqual(
      expect.objectContaining({ subject: 'rewards', state: 'heard' }),
    )
  })

  it('announces a stop once, and again when another winner is named', async () => {
    await startExperiment(service)
    await service.call('POST', '/experiments/spring-email/stop', { winner: 'mens' })
    await service.look()
    await service.look()
    expect(await messages()).toMatchObject([{ type: 'experiment.stopped', data: { winner: 'mens' } }])
    await service.call('POST', '/experiments/spring-email/stop', { winner: null })
    await service.look()
    expect(await messages()).toMatchObject([{ type: 'experiment.stopped', data: { winner: null } }])
  })

  it('logs a failure, and retries some seconds later', async () => {
    await startExperiment(service)
    await service.call('POST', '/experiments/spring-email/stop')
    faulty.isDown = true
    expect(await look()).toMatchObject([{ experiment: 'spring-email', error: expect.any(Error) }])
    faulty.isDown = false
    expect(await look()).toEqual([])
    await service.advance(10_000)
    expect(await look()).toMatchObject([{ announced: 'experiment.stopped' }])
  })

  it('checks a few experiments at a time, and all of them in turn', async () => {
    const keys = ['one', 'two', 'three', 'four']
    for (const key of keys) await startExperiment(service, { key })
    let elapsed = 0
    const { catalogue, store } = service
    // Each look seems to take as long as all together may.
    const monitor = new ExperimentMonitor({ catalogue, store, elapsedMs: () => (elapsed += 60), newId: () => 'msg' })
    const lookedAt = () =>
      keys.filter(key => monitor.latest(catalogue.get(key).experiment)?.generatedAt === service.now)
    for (const key of keys) {
      service.now += 1_000
      await monitor.look(service.now)
      expect(lookedAt()).toEqual([key])
    }
    await monitor.look(service.now)
    expect(lookedAt()).toEqual(['four'])
  })

  it('waits before it checks an experiment again after a long check', async () => {
    await startExperiment(service)
    let elapsed = 0
    const { catalogue, store } = service
    const monitor = new ExperimentMonitor({ catalogue, store, elapsedMs: () => (elapsed += 100), newId: () => 'msg' })
    const { experiment: found } = catalogue.get('spring-email')
    await monitor.look(service.now)
    const first = monitor.latest(found)?.generatedAt
    await assign(10)
    service.now += 4_999
    await monitor.look(service.now)
    expect(monitor.latest(found)?.generatedAt).toBe(first)
    service.now += 1
    await monitor.look(service.now)
    expect(monitor.latest(found)?.generatedAt).toBe(service.now)
  })
})
