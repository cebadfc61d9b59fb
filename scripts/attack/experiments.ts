// The experiments that the attacked service has: one for the lonely client, one as wide as can be,
// and many small ones.
import { setTimeout as sleep } from 'node:timers/promises'
import { ask } from '../http/client.ts'
import type { Stage } from './stage.ts'

export const LONELY = 'lonely'
export const WIDE = 'wide'
export const WIDE_ARMS = 200
export const WIDE_METRICS = 20

const WIDE_BATCH = 4_000
const SNAPSHOT_MS = 1_100

export interface Sizes {
  readonly smallExperiments: number
  readonly wideArms: number
  readonly wideMetrics: number
  readonly wideUnits: number
}

/** @throws Error when the service refuses one of them */
export async function prepareExperiments(stage: Stage, sizes: Sizes): Promise<void> {
  await start(stage, LONELY, { arms: [{ key: 'control' }, { key: 'other' }], metrics: [PRIMARY] })
  for (let number = 0; number < sizes.smallExperiments; number++) {
    const arms = ['control', 'b', 'c'].map(key => ({ key, payload: `${key}-${number}` }))
    await start(stage, `small-${number}`, { arms, metrics: [PRIMARY] })
  }
  const arms = Array.from({ length: sizes.wideArms }, (_, arm) => ({ key: `arm-${arm}` }))
  const guardrails = Array.from({ length: sizes.wideMetrics - 1 }, (_, metric) => ({
    key: `guardrail-${metric}`,
    type: 'continuous',
    role: 'guardrail',
    range: [0, 100],
  }))
  await start(stage, WIDE, { arms, metrics: [PRIMARY, ...guardrails] })
  for (let from = 0; from < sizes.wideUnits; from += WIDE_BATCH) {
    const units = Array.from(
      { length: Math.min(WIDE_BATCH, sizes.wideUnits - from) },
      (_, place) => `u-${from + place}`,
    )
    await expectOk(stage, 'POST', '/assign/batch', { experiment: WIDE, units })
    const events = units.flatMap((unit, place) => [
      ...(place % 7 === 0 ? [{ unit, experiment: WIDE, metric: PRIMARY.key }] : []),
      { unit, experiment: WIDE, metric: guardrails[place % guardrails.length]?.key, value: place % 50 },
    ])
    await expectOk(stage, 'POST', '/rewards', events)
    // A snapshot is taken at most once a second; a ledger with several has more to compute.
    await sleep(SNAPSHOT_MS)
  }
  // What a service loads, compiles and keeps when it is first asked is no attack's.
  for (const path of WARM_UP) await stage.send({ method: 'GET', path, key: 'admin' })
}

const WARM_UP = [
  '/openapi.json',
  '/docs/swagger-ui-bundle.js',
  '/',
  `/pages/${WIDE}`,
  ...['json', 'txt', 'csv', 'html', 'svg'].map(face => `/experiments/${WIDE}/report.${face}`),
]

const PRIMARY = { key: 'visit', type: 'binary', role: 'primary' } as const

async function start(stage: Stage, key: string, definition: object): Promise<void> {
  await expectOk(stage, 'PUT', `/experiments/${key}`, definition)
  await expectOk(stage, 'POST', `/experiments/${key}/start`, {})
}

async function expectOk(stage: Stage, method: string, path: string, body: unknown): Promise<void> {
  await ask({ send: message => stage.send({ ...message, key: 'admin' }) }, method, path, body)
}
