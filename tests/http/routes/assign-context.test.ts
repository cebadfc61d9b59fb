import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { expectBalance } from '../../support/book.ts'
import { CONTEXTUAL } from '../../support/http/contexts.ts'
import { readExposition } from '../../support/http/exposition.ts'
import { bearer, giveKey } from '../../support/http/keys.ts'
import { expectProblem } from '../../support/http/problem.ts'
import { type Service, startExperiment, startService } from '../../support/http/service.ts'

const SALT = 'the salt of every service here'

let service: Service

beforeEach(async () => {
  service = await startService({ salt: SALT })
  await startExperiment(service, CONTEXTUAL)
})

afterEach(async () => {
  await expectBalance(service)
  await service.close()
})

const assign = (body: object | string) =>
  service.call('POST', '/assign', typeof body === 'string' ? body : { experiment: 'spring-email', ...body })

/** The kept contexts, by unit. */
async function keptContexts(): Promise<Record<string, unknown>> {
  const { text } = await service.call('GET', '/experiments/spring-email/assignments.ndjson')
  const lines = text.split('\n').filter(line => line !== '')
  return Object.fromEntries(lines.map(line => JSON.parse(line)).map(({ unit, context }) => [unit, context]))
}

const GOOD = { channel: 'phone', recency: 3.4, member: false, city: 'Jena' }
const BAD = { channel: 'fax', recency: 'three', member: 1, city: 7, colour: 'red' }
const BAD_FAULTS = [
  { feature: 'channel', fault: 'unknown-level' },
  { feature: 'recency', fault: 'not-a-number' },
  { feature: 'member', fault: 'not-a-boolean' },
  { feature: 'city', fault: 'not-a-text' },
]

describe('POST /assign with a context', () => {
  it('keeps it as the features say, and names no faults where there are none', async () => {
    const { status, body } = await assign({ unit: 'u-1', context: GOOD })
    expect(status).toBe(200)
    expect(body).not.toHaveProperty('contextFaults')
    const { 'u-1': kept } = await keptContexts()
    expect(kept).toEqual({ channel: 'phone', recency: 3, member: false, city: expect.any(Number) })
  })

  it('names every fault, assigns all the same, and keeps what can be kept', async () => {
    const { status, body } = await assign({ unit: 'u-1', context: BAD })
    expect(status).toBe(200)
    expect(body).toMatchObject({ reason: 'assigned', contextFaults: BAD_FAULTS })
    const clamped = await assign({ unit: 'u-2', context: { recency: 99, channel: null } })
    expect(clamped.body.contextFaults).toEqual([{ feature: 'recency', fault: 'out-of-range' }])
    expect(await keptContexts()).toEqual({
      'u-1': { channel: null, recency: null, member: null, city: null },
      'u-2': { channel: null, recency: 12, member: null, city: null },
    })
  })

  it.each([
    ['a list', [1], 'not-an-object'],
    ['text', 'web', 'not-an-object'],
    ['more than 8 KiB', { channel: 'web', colour: 'x'.repeat(8 * 1024) }, 'too-large'],
  ])('takes a context that is %s for a missing one', async (_, context, fault) => {
    const { body } = await assign({ unit: 'u-1', context })
    expect(body).toMatchObject({ reason: 'assigned', contextFaults: [{ feature: null, fault }] })
  })

  it('does not read the context of a unit that has its arm', async () => {
    await assign({ unit: 'u-1', context: GOOD })
    const { body } = await assign({ unit: 'u-1', context: BAD })
    expect(body.reason).toBe('kept')
    expect(body).not.toHaveProperty('contextFaults')
    expect((await keptContexts())['u-1']).toMatchObject({ channel: 'phone' })
  })

  it('gives an arm whatever the context is', async () => {
    let units = 0
    const value = fc.oneof(fc.jsonValue(), fc.string({ unit: 'binary', maxLength: 300 }), fc.double())
    const context = fc.oneof(
      fc.jsonValue(),
      fc.record({ channel: value, recency: value, member: value, city: value }, { requiredKeys: [] }),
    )
    await fc.assert(
      fc.asyncProperty(context, async context => {
        const { status, body, text } = await assign({ unit: `u-${units++}`, context })
        expect(status, text).toBe(200)
        expect(body.arm).toMatch(/control|mens|womens/)
        expect(body.reason).toBe('assigned')
      }),
      { numRuns: 200, seed: 20_260_105 },
    )
  })

  it('counts faults by experiment, feature and kind', async () => {
    await assign({ unit: 'u-1', context: BAD })
    await assign({ unit: 'u-2', context: { recency: 'x' } })
    await assign({ unit: 'u-3', context: 3 })
    const { text } = await service.call('GET', '/metrics')
    const family = readExposition(text).get('pinwheel_context_faults_total')
    expect(family?.samples.map(({ labels, value }) => [labels.feature, labels.fault, value])).toEqual([
      ['channel', 'unknown-level', 1],
      ['recency', 'not-a-number', 2],
      ['member', 'not-a-boolean', 1],
      ['city', 'not-a-text', 1],
      ['', 'not-an-object', 1],
    ])
  })
})

describe('POST /assign with a context in a form', () => {
  it('keeps what the same context in JSON does', async () => {
    const json = await assign({ unit: 'u-1', context: GOOD })
    const fields = Object.entries(GOOD).map(([key, value]) => `context.${key}=${value}`)
    const form = await assign(`experiment=spring-email&unit=u-2&${fields.join('&')}`)
    expect(form.status, form.text).toBe(200)
    expect(Object.keys(form.body)).toEqual(Object.keys(json.body))
    const kept = await keptContexts()
    expect(kept['u-2']).toEqual(kept['u-1'])
  })

  it('takes empty numbers and booleans for missing, and names what it cannot read', async () => {
    const empty = await assign('experiment=spring-email&unit=u-1&context.recency=&context.member=')
    expect(empty.body).not.toHaveProperty('contextFaults')
    const bad = await assign('experiment=spring-email&unit=u-2&context.recency=x&context.member=yes&context.channel=')
    expect(bad.body.contextFaults).toEqual([
      { feature: 'channel', fault: 'unknown-level' },
      { feature: 'recency', fault: 'not-a-number' },
      { feature: 'member', fault: 'not-a-boolean' },
    ])
  })

  it('refuses a field beside it that it does not know', async () => {
    const answer = await assign('experiment=spring-email&unit=u-1&contexts.channel=web&context.channel=web')
    expect(expectProblem(answer, 400, 'invalid_request')).toEqual(['contexts.channel'])
  })
})

describe('POST /assign/batch with contexts', () => {
  const batch = (units: unknown) => service.call('POST', '/assign/batch', { experiment: 'spring-email', units })

  it('takes units with and without a context, and answers as /assign would', async () => {
    const { body } = await batch(['u-1', { unit: 'u-2', context: GOOD }, { unit: 17 }, { unit: 'u-3', context: BAD }])
    expect(body.assignments.map(({ unit }: { unit: string }) => unit)).toEqual(['u-1', 'u-2', '17', 'u-3'])
    expect(body.assignments.map(({ contextFaults }: { contextFaults?: unknown }) => contextFaults)).toEqual([
      undefined,
      undefined,
      undefined,
      BAD_FAULTS,
    ])
    expect((await keptContexts())['u-2']).toMatchObject({ channel: 'phone', recency: 3 })
  })

  it('names every fault of the units themselves', async () => {
    const answer = await batch(['', { unit: '' }, { context: GOOD }, { unit: 'u', colour: 1 }, null, [], 'u-1'])
    expect(expectProblem(answer, 400, 'invalid_request')).toEqual([
      'units[0]',
      'units[1].unit',
      'units[2].unit',
      'units[3].colour',
      'units[4]',
      'units[5]',
    ])
  })
})

describe('an experiment without features', () => {
  it('answers the same bytes with a context as without one, and keeps none', async () => {
    const other = await startService({ salt: SALT })
    await startExperiment(service, { key: 'plain' })
    await startExperiment(other, { key: 'plain' })
    for (const context of [GOOD, BAD, [1], 'x', null]) {
      const unit = JSON.stringify(context)
      const withContext = await service.call('POST', '/assign', { experiment: 'plain', unit, context })
      const without = await other.call('POST', '/assign', { experiment: 'plain', unit })
      expect(withContext.text).toBe(without.text)
    }
    const form = await service.call('POST', '/assign', 'experiment=plain&unit=u-9&context.channel=web')
    expect(form.text).toBe((await other.call('POST', '/assign', 'experiment=plain&unit=u-9')).text)
    for (const path of ['assignments.ndjson', 'assignments.csv', 'snapshots', 'history', '']) {
      const [ours, theirs] = await Promise.all(
        [service, other].map(each => each.call('GET', `/experiments/plain/${path}`)),
      )
      expect(ours?.text).toBe(theirs?.text)
    }
    await other.close()
  })
})

describe('the exports of contexts', () => {
  it('have a column for each feature in CSV', async () => {
    await assign({ unit: 'u-1', context: { ...GOOD, city: undefined } })
    const { text } = await service.call('GET', '/experiments/spring-email/assignments.csv')
    const [head, row] = text.split('\r\n')
    expect(head).toMatch(/,visit,context\.channel,context\.recency,context\.member,context\.city$/)
    expect(row).toMatch(/,0,phone,3,false,$/)
  })

  it('tell snapshots with the rule, the predictions and the mean inverse propensities', async () => {
    const { body } = await service.call('GET', '/experiments/spring-email/snapshots')
    expect(body.snapshots).toHaveLength(1)
    const [snapshot] = body.snapshots
    expect(snapshot.rule).toMatchObject({ dimension: 12, exploration: 0.1, arms: [{ belief: null }, {}, {}] })
    expect(Object.keys(snapshot.predictions)).toEqual(['visit'])
    expect(Object.keys(snapshot.meanInverse)).toEqual(['control', 'mens', 'womens'])
  })

  it('tell contexts to keys with the scope admin only', async () => {
    const guarded = await startService({ adminKey: 'correct-horse-battery-staple' })
    const admin = bearer('correct-horse-battery-staple')
    await guarded.call('PUT', '/experiments/tests', { ...CONTEXTUAL, ...PLAIN }, admin)
    await guarded.call('POST', '/experiments/tests/start', undefined, admin)
    await guarded.call('POST', '/assign', { experiment: 'tests', unit: 'u-1', context: GOOD }, admin)
    const reader = bearer(await giveKey(guarded, { scopes: ['read'] }))
    for (const [headers, isTold] of [
      [admin, true],
      [reader, false],
    ] as const) {
      const lines = await guarded.call('GET', '/experiments/tests/assignments.ndjson', undefined, headers)
      const table = await guarded.call('GET', '/experiments/tests/assignments.csv', undefined, headers)
      expect(lines.text.includes('"context"')).toBe(isTold)
      expect(table.text.includes('context.channel')).toBe(isTold)
    }
    await guarded.close()
  })
})

const PLAIN = {
  arms: [{ key: 'control' }, { key: 'mens' }],
  metrics: [{ key: 'visit', type: 'binary', role: 'primary' }],
}
