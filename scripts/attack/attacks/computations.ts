// What takes long to compute, asked for many times at once.
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Attack } from '../attack.ts'
import { WIDE, WIDE_METRICS } from '../experiments.ts'
import type { Sent, Stage } from '../stage.ts'

const FACES = ['json', 'txt', 'csv', 'html', 'svg'] as const

export const COMPUTATION_ATTACKS: readonly Attack[] = [
  asked('overview', 'the overview of 100 experiments, under 40 names of this host', 40, overview),
  asked('wide-evaluate', '60 evaluations of an experiment of 200 arms', 60, evaluation),
  asked('wide-snapshots', '30 times the ledger of an experiment of 200 arms', 30, () =>
    get(`/experiments/${WIDE}/snapshots`),
  ),
  asked('list', 'the list of all experiments, 50 times at once', 50, () => get('/experiments')),
  asked('metrics', '/metrics, 50 times at once', 50, () => get('/metrics')),
  asked('ofrep-bulk', '50 bulk evaluations of 100 experiments, each of a new unit with a context of 0.5 MB', 50, bulk),
  computed('wide-reports', 'twelve reports of 200 arms and 20 metrics at once', 12, () =>
    get(`/experiments/${WIDE}/report`),
  ),
  computed('wide-faces', 'five formats of a report of 200 arms and 20 metrics, ten times at once', 50, place =>
    get(`/experiments/${WIDE}/report.${FACES[place % FACES.length]}`),
  ),
  computed('wide-pages', 'the pages of 20 metrics of 200 arms, three times at once', 3 * WIDE_METRICS, page),
  {
    name: 'simulate',
    what: 'five of the largest simulations; all but the first go away after a second',
    isComputation: true,
    run: simulate,
  },
  { name: 'webhooks', what: '100 webhooks to a server that does not answer, and 20 stops to tell them', run: webhooks },
]

/** What is asked so many times at once. */
function asked(name: string, what: string, times: number, sent: (place: number) => Sent): Attack {
  return { name, what, run: stage => stage.sendAtOnce(times, sent) }
}

/** What is meant to compute for long. */
function computed(...what: Parameters<typeof asked>): Attack {
  return { ...asked(...what), isComputation: true }
}

function get(path: string): Sent {
  return { method: 'GET', path, key: 'read' }
}

function overview(place: number): Sent {
  return { ...get('/'), headers: { Host: `localhost:${place + 1}` } }
}

function evaluation(): Sent {
  return { path: `/experiments/${WIDE}/evaluate`, key: 'read', body: JSON.stringify({ arm: 'arm-7' }) }
}

function page(place: number): Sent {
  const metric = place % WIDE_METRICS
  return get(`/pages/${WIDE}?metric=${metric === 0 ? 'visit' : `guardrail-${metric - 1}`}`)
}

function bulk(place: number): Sent {
  const context = { targetingKey: `bulk-${Date.now()}-${place}`, more: 'x'.repeat(500_000) }
  return { path: '/ofrep/v1/evaluate/flags', key: 'assign', body: JSON.stringify({ context }) }
}

async function simulate(stage: Stage): Promise<void> {
  const design = {
    arms: Array.from({ length: 50 }, (_, arm) => ({ key: `a${arm}`, rate: 0.1 + arm / 1_000 })),
    unitsPerDay: 1_000,
    days: 30,
    runs: 10,
  }
  const body = JSON.stringify(design)
  const head = `POST /simulate HTTP/1.1\r\nHost: localhost\r\n${stage.keyLine('read')}Content-Type: application/json\r\n`
  const bytes = `${head}Content-Length: ${body.length}\r\n\r\n${body}`
  const sockets = await Promise.all(Array.from({ length: 5 }, () => stage.open(bytes, { reads: true })))
  await sleep(1_000)
  for (const socket of sockets.slice(1)) socket.destroy()
  await sleep(4_000)
  sockets[0]?.destroy()
}

async function webhooks(stage: Stage): Promise<void> {
  const silent = createServer(() => {})
  await new Promise<void>(resolve => silent.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(silent.address() as AddressInfo).port}/`
  await stage.sendAtOnce(100, { path: '/webhooks', key: 'admin', body: JSON.stringify({ url }) })
  for (let number = 0; number < 20; number++) {
    await stage.send({ path: `/experiments/small-${number}/stop`, key: 'admin', body: '{}' })
  }
  await sleep(8_000)
  silent.closeAllConnections()
  silent.close()
}
