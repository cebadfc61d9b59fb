import { execFile } from 'node:child_process'
import { readFileSync, rmSync } from 'node:fs'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest'
import { fillFile } from '../../scripts/bench/fill-file.ts'
import { loadClosed } from '../../scripts/bench/load/closed-loop.ts'
import { Histogram } from '../../scripts/bench/load/histogram.ts'
import { loadOpen } from '../../scripts/bench/load/open-loop.ts'
import { randomUuid } from '../../scripts/bench/load/uuid.ts'
import { assignBatch, assignNew, rewardStream } from '../../scripts/bench/load/workloads.ts'
import { doubtsAbout, type Slice } from '../../scripts/bench/rounds.ts'
import { verdictText } from '../../scripts/bench/tables.ts'
import { judge, medianOf } from '../../scripts/bench/verdict.ts'
import { parseAnswer } from '../../scripts/http/raw-answer.ts'
import { verify } from '../../src/bandit/verify.ts'
import { seededChance } from '../../src/stats/numerics/chance.ts'
import { openStore } from '../../src/store/open.ts'
import { scratchFolder } from '../support/scratch.ts'

/** One of them starts several processes. */
vi.setConfig({ testTimeout: 60_000 })

const folder = scratchFolder()
afterAll(() => rmSync(folder, { recursive: true }))

describe('Histogram', () => {
  const chance = seededChance(1)
  /** From a tenth of a millisecond to minutes. */
  const values = Array.from({ length: 20_000 }, () => 10 ** (-1 + 6 * chance()))
  const sorted = values.toSorted((a, b) => a - b)
  const histogram = new Histogram()
  for (const value of values) histogram.add(value)

  it.each([0.0001, 0.01, 0.5, 0.9, 0.99, 0.999, 1])('has the quantile %f to 0.6 %%', share => {
    const exact = sorted[Math.ceil(share * values.length) - 1] as number
    expect(Math.abs(histogram.quantile(share) / exact - 1)).toBeLessThan(0.006)
  })

  it('has the maximum and the count, and no quantile of nothing', () => {
    expect(histogram.max / (sorted.at(-1) as number)).toBeCloseTo(1, 2)
    expect(histogram.count).toBe(values.length)
    expect(new Histogram().quantile(0.5)).toBeNaN()
    expect(new Histogram().max).toBeNaN()
  })
})

describe('parseAnswer()', () => {
  const whole = 'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 10\r\n\r\n{"a":"é"}'
  const chunked =
    'HTTP/1.1 503 No\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n4\r\n{"a"\r\n6\r\n:"é"}\r\n0\r\n\r\n'

  it.each([
    [whole, { status: 200, isLast: false }],
    [chunked, { status: 503, isLast: true }],
    [`HTTP/1.1 100 Continue\r\n\r\n${whole}`, { status: 200, isLast: false }],
  ])('reads an answer once it is whole, and not what comes after it: %j', (text, expected) => {
    const bytes = Buffer.from(text)
    for (let cut = 0; cut < bytes.length; cut++) {
      expect(parseAnswer(bytes.subarray(0, cut))?.isWhole ?? false).toBe(false)
    }
    const answer = parseAnswer(Buffer.concat([bytes, bytes]))
    expect(answer).toMatchObject({ ...expected, isWhole: true, size: bytes.length })
    expect(answer?.isLast).toBe(expected.isLast)
    expect(answer?.body.toString()).toBe('{"a":"é"}')
  })

  it('takes a body without a length for whole when nothing more comes', () => {
    const bytes = Buffer.from('HTTP/1.1 200 OK\r\n\r\n{}')
    expect(parseAnswer(bytes)?.isWhole).toBe(false)
    expect(parseAnswer(bytes, { isOver: true })?.isWhole).toBe(true)
    expect(parseAnswer(bytes, { isHead: true })).toMatchObject({ isWhole: true, size: bytes.length - 2 })
  })

  it.each([
    ['SSH-2.0\r\n\r\n', /no answer of HTTP/],
    ['HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n', /does not begin with its size/],
  ])('refuses %j', (text, why) => {
    expect(() => parseAnswer(Buffer.from(text))).toThrow(why)
  })
})

describe('workloads', () => {
  it('ask with a name of its own each time, in the right places', () => {
    const next = assignNew(seededChance(1)).requests()
    const bodies = Array.from({ length: 100 }, () => bodyOf(next()))
    expect(new Set(bodies.map(body => JSON.parse(body).unit)).size).toBe(100)
    const units = [randomUuid(seededChance(2))]
    const lines = bodyOf(rewardStream(3, units, seededChance(3)).requests()())
      .trim()
      .split('\n')
    const events = lines.map(line => JSON.parse(line))
    expect(events.map(({ unit }) => unit)).toEqual([units[0], units[0], units[0]])
    expect(new Set(events.map(({ id }) => id)).size).toBe(3)
  })

  it('take no answer for another', () => {
    const { isRight } = assignBatch(2, seededChance(1))
    expect(isRight(Buffer.from('{"reason":"assigned"},{"reason":"assigned"}'))).toBe(true)
    expect(isRight(Buffer.from('{"reason":"assigned"},{"reason":"fallback"}'))).toBe(false)
    expect(assignNew(seededChance(1)).isRight(Buffer.from('{"reason":"kept"}'))).toBe(false)
  })

  it('name units by UUIDs of version 4', () => {
    expect(randomUuid(seededChance(1))).toMatch(/^[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/)
  })

  function bodyOf(request: Buffer): string {
    const [head = '', body = ''] = request.toString().split('\r\n\r\n')
    expect(head).toContain(`Content-Length: ${Buffer.byteLength(body)}`)
    return body
  }
})

describe('load', () => {
  let server: Server | null = null
  afterEach(() => {
    server?.closeAllConnections()
    server?.close()
  })

  async function serve(listener: RequestListener): Promise<number> {
    server = createServer(listener)
    await new Promise<void>(resolve => server?.listen(0, '127.0.0.1', resolve))
    return (server.address() as AddressInfo).port
  }

  const workload = assignNew(seededChance(1))
  const closed = { connections: 2, seconds: 0.05, workload }

  it('loadClosed() counts the answers', async () => {
    let count = 0
    const port = await serve((_, response) => {
      count += 1
      response.end('{"reason":"assigned"}')
    })
    const result = await loadClosed({ ...closed, port })
    expect(result.requests).toBe(count)
    expect(result.latencies.count).toBe(count)
    expect(result.seconds).toBeGreaterThan(0.05)
  })

  it('loadClosed() fails at the first wrong answer, and where a connection is lost', async () => {
    const wrong = await serve((_, response) => response.end('{"reason":"fallback"}'))
    await expect(loadClosed({ ...closed, port: wrong })).rejects.toThrow(
      'not what it must be: 200 {"reason":"fallback"}',
    )
    const cut = await serve(request => request.socket.destroy())
    await expect(loadClosed({ ...closed, port: cut })).rejects.toThrow('connection was lost')
  })

  it('loadClosed() fails where an answer cannot be read', async () => {
    const port = await serve(request => request.socket.end('HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n{}'))
    await expect(loadClosed({ ...closed, port })).rejects.toThrow('longer than it says')
  })

  it('loadOpen() counts the wait of an arrival that found no connection', async () => {
    const port = await serve((_, response) => void setTimeout(() => response.end('{"reason":"assigned"}'), 20))
    const result = await loadOpen({ port, rate: 200, seconds: 0.2, maxConnections: 1, workload })
    const answered = result.answers['200'] ?? 0
    expect(answered).toBeGreaterThan(0)
    expect(answered + result.unsent).toBe(result.arrivals)
    expect(result.sinceDue.max).toBeGreaterThan(3 * result.sinceSent.quantile(0.5))
    expect(result.mostConnections).toBe(1)
  })

  it('loadOpen() tells refusals, errors and lost connections apart', async () => {
    let count = 0
    const port = await serve((request, response) => {
      count += 1
      if (count % 3 === 0) request.socket.destroy()
      else response.writeHead(count % 3 === 1 ? 503 : 200).end('{"reason":"fallback"}')
    })
    const { arrivals, answers, lost, sinceSent, refusals } = await loadOpen({
      port,
      rate: 300,
      seconds: 0.1,
      maxConnections: 100,
      workload,
    })
    expect(arrivals).toBe(30)
    expect(answers).toEqual({ '503': 10, wrong: 10 })
    expect(Object.values(lost)).toEqual([10])
    expect([sinceSent.count, refusals.count]).toEqual([0, 10])
  })
})

describe('judge()', () => {
  it('compares the median with the bound, on its side', () => {
    expect(judge('a', [3, 1, 2], { atLeast: 2 })).toMatchObject({ median: 2, least: 1, most: 3, isKept: true })
    expect(judge('a', [3, 1, 2], { atLeast: 2.1 }).isKept).toBe(false)
    expect(judge('a', [3, 1, 2], { atMost: 1.9 }).isKept).toBe(false)
    expect(judge('a', [], { atMost: 1 }).isKept).toBe(false)
    expect(medianOf([4, 1, 3, 2])).toBe(2.5)
  })

  it('is told with its bound', () => {
    const lines = verdictText([
      judge('speed', [1.25, 1.5, 1], { atLeast: 1.2 }),
      judge('size', [90], { atMost: 80 }, ' B'),
    ])
    expect(lines.split('\n').slice(1)).toEqual([
      expect.stringMatching(/^kept {4}speed +1\.25 +1 … 1\.5 +≥ 1\.2$/),
      expect.stringMatching(/^MISSED {2}size +90 B +≤ 80 B$/),
    ])
  })
})

describe('doubtsAbout()', () => {
  const calm: Slice = {
    requestsPerSecond: 1,
    itemsPerSecond: 1,
    p50: 1,
    p99: 1,
    p999: 1,
    max: 1,
    cpuMicros: 1,
    serverCpu: 1,
    loadCpu: 0.3,
    othersCpu: 0.02,
  }

  it('tells of a load without time to spare, and of others on the core', () => {
    expect(doubtsAbout([{ name: 'a' }], [[calm]])).toEqual([])
    expect(doubtsAbout([{ name: 'a' }], [[{ ...calm, loadCpu: null, othersCpu: null }]])).toEqual([])
    expect(doubtsAbout([{ name: 'a' }], [[{ ...calm, loadCpu: 0.95 }]])).toEqual([expect.stringContaining('under a')])
    expect(doubtsAbout([{ name: 'a' }], [[calm, { ...calm, othersCpu: 0.4 }]])).toEqual([
      expect.stringContaining('1 of 2 slices, 21 %'),
    ])
  })
})

it('fillFile() leaves books in order', async () => {
  const path = join(folder, 'filled.db')
  await fillFile(path, 1_000, () => {})
  const store = await openStore(`sqlite:${path}`)
  const [experiment] = await store.findExperiments()
  if (experiment === undefined) throw new Error('There is no experiment')
  const { units, discrepancies } = await verify({ store }, experiment)
  expect({ units, discrepancies }).toEqual({ units: 1_000, discrepancies: [] })
  expect((await store.findSnapshots(experiment.id)).length).toBeGreaterThan(50)
  await store.close()
})

it('npm run bench measures, judges, and writes it all down', async () => {
  const script = fileURLToPath(new URL('../../scripts/bench.ts', import.meta.url))
  const json = join(folder, 'bench.json')
  const options = ['--rounds', '1', '--seconds', '0.1', '--connections', '8', '--json', json]
  const { stdout } = await promisify(execFile)(process.execPath, [script, 'assign-new', 'sixteen', ...options])
  expect(stdout).toMatch(/^(kept|MISSED) +assign-new: requests\/s ÷ Express echo/m)
  const { parts } = JSON.parse(readFileSync(json, 'utf8'))
  expect(Object.keys(parts)).toEqual(['assign-new', 'sixteen'])
  const [own, express] = parts['assign-new'].measured.lanes
  expect(own).toMatchObject({ lane: 'assign-new', connections: 8 })
  const ratio = own.rounds[0].requestsPerSecond / express.rounds[0].requestsPerSecond
  expect(parts['assign-new'].verdicts[0].median).toBeCloseTo(ratio)
})
