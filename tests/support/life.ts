// A database that has lived: something in every table, and numbers that rounding would change.

import { createKey } from '../../src/access/change-keys.ts'
import { assign } from '../../src/bandit/assign.ts'
import { Catalogue } from '../../src/bandit/catalogue.ts'
import { createExperiment, setStatus } from '../../src/bandit/experiment/change-experiment.ts'
import { completeDefinition } from '../../src/bandit/experiment/definition-input.ts'
import { buildReport } from '../../src/bandit/report/report.ts'
import { readReportInput } from '../../src/bandit/report/report-input.ts'
import { recordRewards } from '../../src/bandit/rewards.ts'
import { refreshSnapshots } from '../../src/bandit/snapshots.ts'
import type { Store } from '../../src/store/port.ts'
import { seededRandom } from './samples/random.ts'

const MINUTE = 60_000

/** When life begins; half an hour later it ends. */
const BIRTH = Date.UTC(2025, 10, 3)
export const DEATH = BIRTH + 30 * MINUTE

/**
 * Names that sort otherwise by locale, by UTF-16 and by bytes, and one that needs quoting
 * everywhere.
 */
const NAMES = ['Ä', 'a', 'B', '😀', '￿', `it's "1",\\N{NULL}\t\n`, 'NULL']

const UNITS = 60

/** `checkout` is stopped with the winner `green`; `search` runs on. Both have the same units. */
export async function liveOn(store: Store): Promise<void> {
  const deps = { store, catalogue: await Catalogue.load(store) }
  let now = BIRTH
  const request = () => ({ actor: 'test', now })
  for (const key of ['checkout', 'search']) {
    await createExperiment(deps, definitionOf(key), { ...request(), salt: `salt of ${key}` })
    await setStatus(deps, key, 'running', request())
  }
  const random = seededRandom(7)
  const step = Math.floor((20 * MINUTE) / UNITS)
  for (let unit = 0; unit < UNITS; unit++) {
    now += step
    const name = NAMES[unit] ?? `u${unit}`
    for (const key of ['checkout', 'search']) await assign(deps, key, [name], now)
    await recordRewards(
      deps,
      [
        { unit: name, metric: 'buy', value: 1, id: `buy ${name}` },
        { unit: name, metric: 'buy', value: 1, id: `buy ${name}` },
        { unit: name, metric: 'buy', value: -1, at: now + Math.floor(120_000 * random()) },
        { unit: name, metric: 'spend', value: 40 * random() },
        { unit: name, metric: 'spend', value: random() < 0.1 ? 1e12 : 1e-300 * random() },
      ],
      now,
    )
    if (unit % 10 === 0) await refreshSnapshots(deps, now)
  }
  await setStatus(deps, 'checkout', 'stopped', { ...request(), winner: 'green' })
  await liveBeside(store)
}

function definitionOf(key: string) {
  return completeDefinition({
    key,
    description: 'Grün & “quoted” \u0000 \u2028',
    arms: [{ key: 'control' }, { key: 'green', payload: { weight: 0.1 + 0.2 } }, { key: 'blue', payload: {} }],
    metrics: [
      { key: 'buy', type: 'binary', role: 'primary', window: '1m' },
      { key: 'spend', type: 'continuous', range: [0, 50] },
    ],
  })
}

/** Keys, and webhooks with what waits for them. */
async function liveBeside(store: Store): Promise<void> {
  const terms = { kind: 'sk', scopes: ['assign'], rate: '100/s', expiresAt: DEATH } as const
  for (const name of ['shop', 'mail']) {
    await createKey({ store }, { ...terms, name }, { actor: 'test', now: BIRTH, secret: `pw_sk_${name}` })
  }
  const webhook = { url: 'https://example.com/', events: ['verdict'], secret: 'whsec_x', createdAt: BIRTH } as const
  await store.createWebhook({ ...webhook, id: 'wh-1', experimentId: null })
  await store.createWebhook({ ...webhook, id: 'wh-2', experimentId: 2 })
  for (const subject of ['verdict green', 'verdict blue']) {
    const message = { id: `m ${subject}`, type: 'verdict', body: '{"a":1}' } as const
    await store.announce(2, null, { subject, state: 'better', at: BIRTH }, message)
  }
  const [due] = await store.findDueMessages(DEATH, 1)
  const failure = { isDelivered: false, at: BIRTH, error: 'gone', nextAttemptAt: DEATH, dropBefore: 0 } as const
  if (due !== undefined) await store.settleMessage(due, failure)
}

/** The reports of every experiment and metric at one instant, as they would be sent. */
export async function reportsOf(store: Store, now = DEATH): Promise<string> {
  const reports: unknown[] = []
  for (const experiment of await store.findExperiments()) {
    for (const metric of experiment.definition.metrics)
      reports.push(await buildReport(await readReportInput(store, experiment, metric), now))
  }
  return JSON.stringify(reports)
}
