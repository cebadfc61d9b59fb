// What takes long to compute, asked for many times at once.
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Attack } from '../attack.ts'
import { WIDE, WIDE_METRICS } from '../experiments.ts'
import type { Stage } from '../stage.ts'

const FACES = ['json', 'txt', 'csv', 'html', 'svg'] as const

export const COMPUTATION_ATTACKS: readonly Attack[] = [
  {
    name: 'wide-faces',
    what: 'five formats of a report of 200 arms and 20 metrics, ten times at once',
    isComputation: true,
    run: stage => stage.sendAtOnce(50, place => get(`/experiments/${WIDE}/report.${FACES[place % FACES.length]}`)),
  },
  {
    name: 'wide-pages',
    what: 'the pages of 20 metrics of 200 arms, three times at once',
    isComputation: true,
    run: stage =>
      stage.sendAtOnce(3 * WIDE_METRICS, place => {
        const metric = place % WIDE_METRICS
        return get(`/pages/${WIDE}?metric=${metric === 0 ? 'visit' : `guardrail-${metric - 1}`}`)
      }),
  },
  {
    name: 'overview',
    what: 'the overview of 100 experiments, under 40 names of this host',
    run: stage => stage.sendAtOnce(40, place => ({ ...get('/'), headers: { Host: `localhost:${place + 1}` } })),
  },
  {
    name: 'wide-evaluate',
    what: '60 evaluations of an experiment of 200 arms',
    run: stage =>
      stage.sendAtOnce(60, {
        path: `/experiments/${WIDE}/evaluate`,
        key: 'read',
        body: JSON.stringify({ arm: 'arm-7' }),
      }),
  },
  {
    name: 'wide-snapshots',
    what: '30 times the ledger of an experiment of 200 arms',
    run: stage => stage.sendAtOnce(30, get(`/experiments/${WIDE}/snapshots`)),
  },
  {
    name: 'list',
    what: 'the list of all experiments, 50 times at once',
    run: stage => stage.sendAtOnce(50, get('/experiments')),
  },
  { name: 'metrics', what: '/metrics, 50 times at once', run: stage => stage.sendAtOnce(50, get('/metrics')) },
  {
    name: 'simulate',
    what: 'five of the largest simulations; all but the first go away after a second',
    isComputation: true,
    run: simulate,
  },
  {
    name: 'ofrep-bulk',
    what: '50 bulk evaluations of 100 experiments, each of a new unit with a context of 0.5 MB',
    run: stage =>
      stage.sendAtOnce(50, place => {
        const context = { targetingKey: `bulk-${Date.now()}-${place}`, more: 'x'.repeat(500_000) }
        return { path: '/ofrep/v1/evaluate/flags', key: 'assign', body: JSON.stringify({ context }) }
      }),
  },
  { name: 'webhooks', what: '100 webhooks to a server that does not answer, and 20 stops to tell them', run: webhooks },
]

function get(path: string) {
  return { method: 'GET', path, key: 'read' } as const
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
