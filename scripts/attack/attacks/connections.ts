// Connections that are held open, bring requests ahead of their turn, or never read.
import { setTimeout as sleep } from 'node:timers/promises'
import { gzipSync } from 'node:zlib'
import type { Attack } from '../attack.ts'
import { LONELY, WIDE } from '../experiments.ts'
import type { Stage } from '../stage.ts'

const HOLD_MS = 3_000

const ASSET = '/docs/swagger-ui-bundle.js'

export const CONNECTION_ATTACKS: readonly Attack[] = [
  held('pipeline', '3,000 GET /openapi.json on one connection', 1, () => ahead('/openapi.json', 3_000)),
  held('pipeline-asset', 'ten connections with 500 GET of the largest asset each', 10, () => ahead(ASSET, 500)),
  held('pipeline-many', '300 connections with 1,000 GET /openapi.json each', 300, () => ahead('/openapi.json', 1_000)),
  held('pipeline-short', '600 connections with as many of the shortest requests as Node reads at once', 600, () =>
    'GET / HTTP/1.1\r\n\r\n'.repeat(3_600),
  ),
  held('pipeline-expect', '3,000 requests with an unknown expectation on one connection', 1, () =>
    ahead('/livez', 3_000, 'Expect: tea\r\n'),
  ),
  held('asset-unread', '300 connections that ask for the largest asset', 300, () => ahead(ASSET, 1)),
  held('slow-head', '300 connections with half a head', 300, () => 'GET /livez HTTP/1.1\r\nHost: localhost\r\nX-A: '),
  held(
    'slow-body',
    '300 connections with a body of 16 MiB that does not come',
    300,
    stage => `${head(stage, 'POST /rewards', 'reward')}Content-Length: 16777216\r\n\r\n[`,
  ),
  held(
    'slow-stream',
    '300 streams of rewards that do not go on',
    300,
    stage =>
      `${head(stage, 'POST /rewards', 'reward')}Content-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{`,
  ),
  held(
    'tiny-chunks',
    'a body of 150,000 chunks of one byte each',
    1,
    stage =>
      `${head(stage, 'POST /assign', 'assign')}Transfer-Encoding: chunked\r\n\r\n${'1\r\n[\r\n'.repeat(150_000)}0\r\n\r\n`,
  ),
  held(
    'live-pages',
    '300 pages that listen for changes',
    300,
    stage => `${head(stage, `GET /pages/${WIDE}/events`, 'read')}\r\n`,
  ),
  {
    name: 'pipeline-read',
    what: '600 connections with 100 GET /livez each, which read',
    run: stage => hold(stage, 600, ahead('/livez', 100), true),
  },
  {
    name: 'batch-left',
    what: '300 compressed batches of 200 units, whose senders leave at once',
    run: batchLeft,
  },
  {
    name: 'export-unread',
    what: 'twenty exports of all assignments that nobody reads',
    isComputation: true,
    run: stage => hold(stage, 20, `${head(stage, `GET /experiments/${WIDE}/assignments.csv`, 'read')}\r\n`),
  },
]

/** So many connections with these bytes each, which stay open for a while and never read. */
function held(name: string, what: string, count: number, bytes: (stage: Stage) => string): Attack {
  return { name, what, run: stage => hold(stage, count, bytes(stage)) }
}

function ahead(path: string, count: number, more = ''): string {
  return `GET ${path} HTTP/1.1\r\nHost: localhost\r\n${more}\r\n`.repeat(count)
}

function head(stage: Stage, what: string, key: 'assign' | 'reward' | 'read'): string {
  return `${what} HTTP/1.1\r\nHost: localhost\r\n${stage.keyLine(key)}`
}

async function batchLeft(stage: Stage): Promise<void> {
  const units = Array.from({ length: 200 }, (_, place) => `left-${place}`)
  const body = gzipSync(JSON.stringify({ experiment: LONELY, units }))
  const start = `${head(stage, 'POST /assign/batch', 'assign')}Content-Encoding: gzip\r\nContent-Length: ${body.length}\r\n\r\n`
  const bytes = Buffer.concat([Buffer.from(start), body])
  await Promise.all(Array.from({ length: 300 }, async () => (await stage.open(bytes)).destroy()))
}

/** Opens so many connections with these bytes, and leaves them open for a while. */
async function hold(stage: Stage, count: number, bytes: string, reads = false): Promise<void> {
  await Promise.all(Array.from({ length: count }, () => stage.open(bytes, { reads })))
  await sleep(HOLD_MS)
}
