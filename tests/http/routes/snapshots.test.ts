// The ledger and the exports are there so that anybody can recompute what the service says. This
// file is that anybody: it uses nothing of the service's own arithmetic.
import { createHash } from 'node:crypto'
import { parse as parseCsv } from 'csv-parse/sync'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { bookOf, expectBalance } from '../../support/book.ts'
import { expectProblem } from '../../support/http/problem.ts'
import { RawConnection, requestHead } from '../../support/http/raw-http.ts'
import { emailDefinition, type Service, startExperiment, startService } from '../../support/http/service.ts'
import { seededRandom } from '../../support/samples/random.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE

const VISIT = { key: 'visit', type: 'binary', role: 'primary' }
const SPEND = { key: 'spend', type: 'continuous', range: [-5, 50], window: '3h' }

interface Tally {
  readonly units: number
  readonly sum: number
  readonly sumOfSquares: number
}

interface SnapshotRow {
  readonly snapshot: number
  readonly createdAt: string
  readonly reason: string
  readonly mature: boolean
  readonly propensities: Readonly<Record<string, number>>
  readonly tallies: Readonly<Record<string, Tally>>
}

interface Exported {
  readonly unit: string
  readonly arm: string
  readonly propensity: number
  readonly snapshot: number
  readonly assignedAt: string
  readonly outcomes: Readonly<Record<string, number>>
}

let service: Service

const get = (rest: string) => service.call('GET', `/experiments/spring-email/${rest}`)

async function snapshotsOf(metric?: string): Promise<SnapshotRow[]> {
  const { status, text, body } = await get(`snapshots${metric === undefined ? '' : `?metric=${metric}`}`)
  expect(status, text).toBe(200)
  return body.snapshots
}

async function exported(): Promise<Exported[]> {
  const { text } = await get('assignments.ndjson')
  return text === ''
    ? []
    : text
        .trimEnd()
        .split('\n')
        .map(line => JSON.parse(line))
}

async function assign(units: readonly string[]): Promise<Record<string, unknown>[]> {
  return (await service.call('POST', '/assign/batch', { experiment: 'spring-email', units })).body.assignments
}

/**
 * Some hours of an experiment: several snapshots, rewards of all kinds, an arm added and one
 * retired.
 */
async function live(random: () => number): Promise<Record<string, unknown>[]> {
  const kept: Record<string, unknown>[] = []
  await startExperiment(service, { metrics: [VISIT, SPEND] })
  for (let hour = 0; hour < 8; hour++) {
    kept.push(...(await assign(Array.from({ length: 40 }, (_, n) => `u-${hour}-${n}`))))
    const events = Array.from({ length: 60 }, (_, n) => {
      const unit = `u-${Math.floor(random() * (hour + 1))}-${Math.floor(random() * 45)}`
      const metric = random() < 0.5 ? 'visit' : 'spend'
      const value = metric === 'visit' ? Math.round(random() * 3 - 1) : Math.round(random() * 40 - 10) / 4
      const at = new Date(service.now + Math.round((random() - 0.95) * HOUR)).toISOString()
      return { unit, metric, value, ...(random() < 0.8 && { at }), ...(random() < 0.5 && { id: `e-${n % 50}` }) }
    })
    expect((await service.call('POST', '/rewards', events)).body.rejected).toBe(0)
    await service.advance(HOUR)
    if (hour === 3) await change([{ key: 'control' }, { key: 'mens' }, { key: 'womens' }, { key: 'kids' }])
    if (hour === 5)
      await change([{ key: 'control' }, { key: 'mens', retired: true }, { key: 'womens' }, { key: 'kids' }])
  }
  return kept
}

async function change(arms: readonly object[]): Promise<void> {
  const answer = await service.call(
    'PUT',
    '/experiments/spring-email',
    emailDefinition({ metrics: [VISIT, SPEND], arms }),
  )
  expect(answer.status, answer.text).toBe(200)
}

/**
 * The rule of the draw, as it is documented: the first 53 bits of SHA-256(salt ‖ 0x00 ‖ unit), over
 * 2^53, on the arms in order.
 */
function drawnArm(salt: string, unit: string, arms: readonly string[], propensities: SnapshotRow['propensities']) {
  const digest = createHash('sha256')
    .update(Buffer.from(`${salt}\0${unit}`, 'utf8'))
    .digest('hex')
  const draw = Number(BigInt(`0x${digest}`) >> 203n) / 2 ** 53
  let sum = 0
  return arms
    .filter(arm => Object.hasOwn(propensities, arm))
    .find(arm => {
      sum += propensities[arm] ?? 0
      return draw < sum
    })
}

/** The tallies that the exported units add up to, by snapshot and arm. */
function talliesOf(units: readonly Exported[], metric: string): Map<string, Tally> {
  const tallies = new Map<string, Tally>()
  for (const { snapshot, arm, outcomes } of units) {
    const tally = tallies.get(`${snapshot}/${arm}`) ?? { units: 0, sum: 0, sumOfSquares: 0 }
    const outcome = outcomes[metric] ?? Number.NaN
    tallies.set(`${snapshot}/${arm}`, {
      units: tally.units + 1,
      sum: tally.sum + outcome,
      sumOfSquares: tally.sumOfSquares + outcome ** 2,
    })
  }
  return tallies
}

describe.each([1, 2])('the books of an experiment that has lived, %i', seed => {
  let kept: Record<string, unknown>[]

  beforeAll(async () => {
    service = await startService()
    kept = await live(seededRandom(seed))
  })

  afterAll(async () => {
    await expectBalance(service)
    await service.close()
  })

  it('tell why each snapshot was taken, and when', async () => {
    const snapshots = await snapshotsOf()
    expect(snapshots.map(({ snapshot }) => snapshot)).toEqual(snapshots.map((_, position) => position + 1))
    expect(snapshots[0]?.reason).toBe('start')
    expect(snapshots.filter(({ reason }) => reason === 'change')).toHaveLength(2)
    expect(snapshots.filter(({ reason }) => reason === 'refresh').length).toBeGreaterThan(5)
    const times = snapshots.map(({ createdAt }) => Date.parse(createdAt))
    expect(times).toEqual(times.toSorted((a, b) => a - b))
    for (const { propensities } of snapshots) {
      const shares = Object.values(propensities)
      expect(shares.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 12)
      for (const share of shares) expect(share).toBeGreaterThan(0)
    }
  })

  it('are read page by page by ?after=, to the end and not beyond', async () => {
    const all = await snapshotsOf()
    for (const after of [0, 1, 3, all.length - 1]) {
      expect((await get(`snapshots?after=${after}`)).body.snapshots).toEqual(all.slice(after))
      expect((await get(`snapshots?metric=visit&after=${after}`)).body.snapshots).toEqual(all.slice(after))
    }
    for (const after of [all.length, all.length + 1, 999_999_999]) {
      expect((await get(`snapshots?after=${after}`)).body.snapshots).toEqual([])
    }
  })

  it('have every kept assignment as /assign told it, with its outcomes', async () => {
    const rows = await exported()
    expect(rows).toHaveLength(kept.length)
    const byUnit = new Map(rows.map(row => [row.unit, row]))
    for (const { unit, arm, propensity, snapshot, assignedAt } of kept) {
      expect(byUnit.get(unit as string)).toMatchObject({ unit, arm, propensity, snapshot, assignedAt })
    }
    for (const { outcomes } of rows) expect(Object.keys(outcomes)).toEqual(['visit', 'spend'])
  })

  it('follow, arm by arm, from the salt, the unit and the propensities of its snapshot', async () => {
    const { salt, arms } = (await service.call('GET', '/experiments/spring-email')).body
    const keys = arms.map(({ key }: { key: string }) => key)
    const snapshots = new Map((await snapshotsOf()).map(each => [each.snapshot, each.propensities]))
    const rows = await exported()
    const misfits = (withSalt: string) =>
      rows.filter(({ unit, arm, propensity, snapshot }) => {
        const propensities = snapshots.get(snapshot) ?? {}
        return drawnArm(withSalt, unit, keys, propensities) !== arm || propensities[arm] !== propensity
      })
    expect(misfits(salt)).toEqual([])
    expect(misfits(`${salt}!`).length).toBeGreaterThan(rows.length / 4)
  })

  it.each(['visit', 'spend'])('add up: the exported outcomes to the ledger, %s', async metric => {
    const tallies = talliesOf(await exported(), metric)
    let units = 0
    for (const { snapshot, tallies: counted } of await snapshotsOf(metric)) {
      for (const [arm, tally] of Object.entries(counted)) {
        const recomputed = tallies.get(`${snapshot}/${arm}`) ?? { units: 0, sum: 0, sumOfSquares: 0 }
        expect(tally.units).toBe(recomputed.units)
        expect(tally.sum).toBeCloseTo(recomputed.sum, 9)
        expect(tally.sumOfSquares).toBeCloseTo(recomputed.sumOfSquares, 9)
        units += tally.units
      }
    }
    expect(units).toBe(320)
  })

  it('say the same as CSV', async () => {
    const answer = await get('assignments.csv')
    expect(answer.headers.get('content-type')).toMatch(/^text\/csv(;|$)/)
    const [head, ...rows] = parseCsv(answer.text) as string[][]
    expect(head).toEqual(['unit', 'arm', 'propensity', 'snapshot', 'assignedAt', 'visit', 'spend'])
    const read = rows.map(([unit, arm, propensity, snapshot, assignedAt, visit, spend]) => ({
      unit,
      arm,
      propensity: Number(propensity),
      snapshot: Number(snapshot),
      assignedAt,
      outcomes: { visit: Number(visit), spend: Number(spend) },
    }))
    expect(read).toEqual(await exported())
  })

  it('are NDJSON: one object a line', async () => {
    const answer = await get('assignments.ndjson')
    expect(answer.headers.get('content-type')).toMatch(/^application\/x-ndjson(;|$)/)
    expect(answer.text.endsWith('\n')).toBe(true)
    expect(answer.text.split('\n')).toHaveLength(321)
  })
})

describe('GET /experiments/:key/snapshots', () => {
  beforeEach(async () => {
    service = await startService()
  })

  afterEach(async () => {
    await expectBalance(service)
    await service.close()
  })

  it('is the ledger of the primary metric, oldest first', async () => {
    await startExperiment(service, {
      metrics: [VISIT, SPEND],
      policy: { type: 'fixed', weights: { control: 0.5, mens: 0.3, womens: 0.2 } },
    })
    const kept = await assign(['a', 'b', 'c', 'd', 'e', 'f'])
    await service.call('POST', '/rewards', { unit: 'a', metric: 'visit' })
    const answer = await get('snapshots')
    expect(answer.headers.get('content-type')).toMatch(/^application\/json/)
    const tallyOf = (arm: string) => {
      const units = kept.filter(each => each.arm === arm)
      const successes = units.filter(({ unit }) => unit === 'a').length
      return { units: units.length, sum: successes, sumOfSquares: successes }
    }
    expect(answer.body).toEqual({
      experiment: 'spring-email',
      metric: 'visit',
      snapshots: [
        {
          snapshot: 1,
          createdAt: '2026-01-05T12:00:00.000Z',
          reason: 'start',
          mature: true,
          allDecided: false,
          propensities: { control: 0.5, mens: 0.3, womens: 0.2 },
          tallies: { control: tallyOf('control'), mens: tallyOf('mens'), womens: tallyOf('womens') },
        },
      ],
    })
    expect((await get('snapshots?metric=visit')).body).toEqual(answer.body)
  })

  it('has no snapshot of a draft', async () => {
    await service.call('POST', '/experiments', emailDefinition())
    expect(await snapshotsOf()).toEqual([])
  })

  it('says mature when every unit of a snapshot has had its window', async () => {
    await startExperiment(service, { metrics: [VISIT, SPEND] })
    const maturity = async (metric: string) => (await snapshotsOf(metric)).map(({ mature }) => mature)
    await assign(['a', 'b'])
    expect(await maturity('visit')).toEqual([true])
    expect(await maturity('spend')).toEqual([false])
    await service.advance(2 * HOUR)
    await assign(['c'])
    await service.advance(1 * HOUR)
    expect(await maturity('spend')).toEqual([false, false, false])
    await service.advance(1)
    expect(await maturity('spend')).toEqual([true, false, false])
    await service.advance(2 * HOUR)
    expect((await maturity('spend')).slice(0, 2)).toEqual([true, true])
    expect(await maturity('visit')).not.toContain(false)
  })

  it('can be read to its end, however long it is', async () => {
    await startExperiment(service)
    const [live] = service.catalogue.all()
    const { id } = live?.experiment ?? { id: Number.NaN }
    const [first] = await service.store.findSnapshots(id)
    if (first === undefined) throw new Error('There is no snapshot')
    const numbers = Array.from({ length: 2_500 }, (_, position) => position + 2)
    const taken = numbers.map(number =>
      service.store.takeSnapshot(id, { ...first, number, reason: 'refresh', createdAt: first.createdAt + number }),
    )
    expect((await Promise.all(taken)).every(Boolean)).toBe(true)
    const read: number[] = []
    for (let after = 0; ; after = read.at(-1) ?? after) {
      const page: SnapshotRow[] = (await get(`snapshots?after=${after}`)).body.snapshots
      if (page.length === 0) break
      read.push(...page.map(({ snapshot }) => snapshot))
    }
    expect(read).toEqual([1, ...numbers])
  })

  it('knows no metric that was not defined', async () => {
    await startExperiment(service)
    expectProblem(await get('snapshots?metric=spend'), 404, 'metric_not_found')
  })
})

describe('GET /experiments/:key/assignments', () => {
  beforeEach(async () => {
    service = await startService()
  })

  afterEach(async () => {
    await expectBalance(service)
    await service.close()
  })

  it('keeps units as they are, whatever is in them, but for what a spreadsheet would run', async () => {
    await startExperiment(service)
    const units = [
      'a,b',
      '"',
      '""',
      'line\nbreak',
      'line\r\nbreak',
      '\r',
      ' blank ',
      '\ufeffmark',
      '=1+1',
      '😀',
      '\u2028',
      '__proto__',
      '0',
      "'",
      '\u0001',
      '+49 30 1234',
      '-1',
      '@SUM(A1)',
      '\t=1',
      '=HYPERLINK("http://x","y"),1',
      'a=1',
    ]
    const isRun = (unit: string) => ['=', '+', '-', '@', '\t', '\r'].includes(unit[0] ?? '')
    await assign(units)
    expect((await exported()).map(({ unit }) => unit).sort()).toEqual(units.toSorted())
    const rows = parseCsv((await get('assignments.csv')).text) as string[][]
    expect(
      rows
        .slice(1)
        .map(([unit]) => unit)
        .sort(),
    ).toEqual(units.map(unit => (isRun(unit) ? `'${unit}` : unit)).sort())
  })

  it('names the file that a browser keeps', async () => {
    await startExperiment(service)
    for (const face of ['csv', 'ndjson']) {
      for (const method of ['GET', 'HEAD']) {
        const { headers } = await service.call(method, `/experiments/spring-email/assignments.${face}`)
        expect(headers.get('content-disposition')).toBe(`attachment; filename="spring-email-assignments.${face}"`)
      }
    }
  })

  it('has nothing, or its head alone, where nobody was assigned', async () => {
    await service.call('POST', '/experiments', emailDefinition({ metrics: [VISIT, SPEND] }))
    for (const verb of [null, 'start', 'pause', 'stop']) {
      if (verb !== null) await service.call('POST', `/experiments/spring-email/${verb}`)
      expect(await get('assignments.ndjson')).toMatchObject({ status: 200, text: '' })
      expect((await get('assignments.csv')).text.trim()).toBe('unit,arm,propensity,snapshot,assignedAt,visit,spend')
    }
  })

  it('has every unit once, however many there are, and leaves no listeners behind', async () => {
    const warnings: Error[] = []
    const listen = (warning: Error) => warnings.push(warning)
    process.on('warning', listen)
    await startExperiment(service)
    const units = Array.from({ length: 5_000 }, (_, unit) => `u-${unit}-${'x'.repeat(200)}`)
    await assign(units)
    expect((await exported()).map(({ unit }) => unit).sort()).toEqual(units.toSorted())
    process.off('warning', listen)
    expect(warnings).toEqual([])
  })

  it('names the arms of units that come while it is under way, of an arm that was added meanwhile, too', async () => {
    await service.close()
    let during: (() => Promise<unknown>) | null = null
    service = await startService({
      wrapStore: store => ({
        ...store,
        readTotals: async (...page) => {
          const totals = await store.readTotals(...page)
          const work = during
          during = null
          await work?.()
          return totals
        },
      }),
    })
    await startExperiment(service, { policy: { type: 'uniform' } })
    await assign(Array.from({ length: 600 }, (_, unit) => `a-${String(unit).padStart(3, '0')}`))
    during = async () => {
      const arms = [{ key: 'control' }, { key: 'mens' }, { key: 'womens' }, { key: 'kids' }]
      await service.call('PUT', '/experiments/spring-email', emailDefinition({ arms, policy: { type: 'uniform' } }))
      await assign(Array.from({ length: 40 }, (_, unit) => `b-${unit}`))
    }
    const rows = await exported()
    expect(rows.length).toBeGreaterThanOrEqual(600)
    for (const { arm } of rows) expect(arm).toMatch(/^(control|mens|womens|kids)$/)
  })

  it('that nobody waits for any more leaves the service well', async () => {
    await startExperiment(service)
    await assign(Array.from({ length: 5_000 }, (_, unit) => `u-${unit}-${'x'.repeat(200)}`))
    const before = await bookOf(service)
    for (let times = 0; times < 3; times++) {
      const connection = await RawConnection.open(service.url)
      await connection.send(requestHead('GET', '/experiments/spring-email/assignments.ndjson'))
      await connection.reset()
    }
    expect(await exported()).toHaveLength(5_000)
    expect(await bookOf(service)).toEqual(before)
  })
})
