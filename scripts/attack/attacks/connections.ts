// Connections that are held open, bring requests ahead of their turn, or never read.
import { setTimeout as sleep } from 'node:timers/promises'
import { gzipSync } from 'node:zlib'
import type { Attack } from '../attack.ts'
import { LONELY, WIDE } from '../experiments.ts'
import type { Stage } from '../stage.ts'

const HOLD_MS = 3_000

export const CONNECTION_ATTACKS: readonly Attack[] = [
  {
    name: 'pipeline-asset',
    what: 'ten connections with 500 GET of the largest asset each, which never read',
    run: stage => hold(stage, 10, ahead('/docs/swagger-ui-bundle.js', 500)),
  },
  {
    name: 'pipeline-many',
    what: '300 connections with 1,000 GET /openapi.json each, which never read',
    run: stage => hold(stage, 300, ahead('/openapi.json', 1_000)),
  },
  {
    name: 'pipeline-short',
    what: '600 connections with as many of the shortest requests as Node reads at once, which never read',
    run: stage => hold(stage, 600, 'GET / HTTP/1.1\r\n\r\n'.repeat(3_600)),
  },
  {
    name: 'pipeline-read',
    what: '600 connections with 100 GET /livez each, which read',
    run: stage => hold(stage, 600, ahead('/livez', 100), true),
  },
  {
    name: 'pipeline-expect',
    what: '3,000 requests with an unknown expectation on one connection that never reads',
    run: stage => hold(stage, 1, ahead('/livez', 3_000, 'Expect: tea\r\n')),
  },
  {
    name: 'asset-unread',
    what: '300 connections that ask for the largest asset and never read',
    run: stage => hold(stage, 300, ahead('/docs/swagger-ui-bundle.js', 1)),
  },
  {
    name: 'slow-head',
    what: '300 connections with half a head',
    run: stage => hold(stage, 300, 'GET /livez HTTP/1.1\r\nHost: localhost\r\nX-A: '),
  },
  {
    name: 'slow-body',
    what: '300 connections with a body of 16 MiB that does not come',
    run: stage => hold(stage, 300, `${post(stage, '/rewards', 'reward')}Content-Length: 16777216\r\n\r\n[`),
  },
  {
    name: 'slow-stream',
    what: '300 streams of rewards that do not go on',
    run: stage =>
      hold(
        stage,
        300,
        `${post(stage, '/rewards', 'reward')}Content-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{`,
      ),
  },
  {
    name: 'tiny-chunks',
    what: 'a body of 150,000 chunks of one byte each',
    run: stage =>
      hold(
        stage,
        1,
        `${post(stage, '/assign', 'assign')}Transfer-Encoding: chunked\r\n\r\n${'1\r\n[\r\n'.repeat(150_000)}0\r\n\r\n`,
      ),
  },
  {
    name: 'batch-left',
    what: '300 compressed batches of 200 units, whose senders leave at once',
    run: batchLeft,
  },
  {
    name: 'live-pages',
    what: '300 pages that listen for changes',
    run: stage =>
      hold(stage, 300, `GET /pages/${WIDE}/events HTTP/1.1\r\nHost: localhost\r\n${stage.keyLine('read')}\r\n`),
  },
  {
    name: 'export-unread',
    what: 'twenty exports of all assignments that nobody reads',
    isComputation: true,
    run: stage =>
      hold(
        stage,
        20,
        `GET /experiments/${WIDE}/assignments.csv HTTP/1.1\r\nHost: localhost\r\n${stage.keyLine('read')}\r\n`,
      ),
  },
]

function ahead(path: string, count: number, more = ''): string {
  return `GET ${path} HTTP/1.1\r\nHost: localhost\r\n${more}\r\n`.repeat(count)
}

function post(stage: Stage, path: string, key: 'assign' | 'reward'): string {
  return `POST ${path} HTTP/1.1\r\nHost: localhost\r\n${stage.keyLine(key)}`
}

async function batchLeft(stage: Stage): Promise<void> {
  const units = Array.from({ length: 200 }, (_, place) => `left-${place}`)
  const body = gzipSync(JSON.stringify({ experiment: LONELY, units }))
  const head = `${post(stage, '/assign/batch', 'assign')}Content-Encoding: gzip\r\nContent-Length: ${body.length}\r\n\r\n`
  const bytes = Buffer.concat([Buffer.from(head), body])
  await Promise.all(
    Array.from({ length: 300 }, async () => {
      const socket = await stage.open(bytes)
      socket.destroy()
    }),
  )
}

/** Opens so many connections with these bytes, and leaves them open for a while. */
async function hold(stage: Stage, count: number, bytes: string, reads = false): Promise<void> {
  await Promise.all(Array.from({ length: count }, () => stage.open(bytes, { reads })))
  await sleep(HOLD_MS)
}
