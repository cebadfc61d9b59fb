import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { startAnnouncing } from '../../../src/server/jobs/webhooks.ts'
import { createLog } from '../../../src/server/log.ts'
import type { Delivery } from '../../../src/webhooks/deliver-messages.ts'
import { ExperimentMonitor } from '../../../src/webhooks/monitor.ts'
import { type Receiver, startReceiver } from '../../support/http/receiver.ts'
import { type Service, startExperiment, startService } from '../../support/http/service.ts'

describe('startAnnouncing()', () => {
  let service: Service
  let receiver: Receiver
  let deliveries: Delivery[]
  let stop: () => Promise<void>

  beforeEach(async () => {
    service = await startService({ allowsPrivateTargets: true, now: Date.now() })
    receiver = await startReceiver()
    deliveries = []
    stop = async () => {}
    await startExperiment(service)
    await service.call('POST', '/webhooks', { url: receiver.url })
    await service.call('POST', '/experiments/spring-email/stop')
  })

  afterEach(async () => {
    await stop()
    await receiver.close()
    await service.close()
  })

  function start(): void {
    const { catalogue, store } = service
    const newId = () => `msg_${deliveries.length}`
    const monitor = new ExperimentMonitor({ catalogue, store, elapsedMs: () => performance.now(), newId })
    const log = createLog('silent')
    const onDelivery = (delivery: Delivery) => deliveries.push(delivery)
    const deps = { monitor, store, allowsPrivateTargets: true, log, onDelivery }
    stop = startAnnouncing(deps, { lookTickMs: 10, deliveryTickMs: 10 })
  }

  it('checks and delivers periodically', async () => {
    start()
    await expect.poll(() => receiver.received.length).toBe(1)
    expect(JSON.parse(receiver.received[0]?.body ?? '')).toMatchObject({ type: 'experiment.stopped' })
    await expect.poll(() => deliveries).toMatchObject([{ message: 'msg_0', error: null }])
  })

  it('stops at once in the middle of an attempt, and keeps the message', async () => {
    receiver.status = null
    start()
    await expect.poll(() => receiver.received.length).toBe(1)
    await stop()
    expect((await service.store.findWebhooks())[0]).toMatchObject({ waiting: 1, failures: 1 })
  })
})
