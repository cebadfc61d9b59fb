// Whatever is sent, the answer is the one that the interface promises, never a 500, and nothing is
// written. One service lives through all of it; after each test its book is as it was before the
// first.
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { bookOf, expectBalance } from '../support/book.ts'
import { expectProblem } from '../support/http/problem.ts'
import { emailDefinition, type Service, startExperiment, startService } from '../support/http/service.ts'

const METRICS = [
  { key: 'visit', type: 'binary', role: 'primary', goal: 'increase', window: '14d' },
  { key: 'spend', type: 'continuous', range: [0, 500], role: 'secondary' },
  { key: 'unsubscribe', type: 'binary', role: 'guardrail', goal: 'decrease', margin: 0.01 },
]

let service: Service
let before: Awaited<ReturnType<typeof bookOf>>

beforeAll(async () => {
  service = await startService()
  await startExperiment(service, { metrics: METRICS })
  await service.call('POST', '/experiments', emailDefinition({ key: 'draft' }))
  await service.call('POST', '/assign/batch', { experiment: 'spring-email', units: ['u', 'v', 'w'] })
  await service.call('POST', '/rewards', { unit: 'u', metric: 'visit', id: 'e' })
  before = await bookOf(service)
})

afterEach(async () => {
  expect(await bookOf(service)).toEqual(before)
})

afterAll(async () => {
  await expectBalance(service)
  await service.close()
})

/**
 * Stand for what JSON text can say and JSON.stringify cannot: a number that no double holds, a list
 * in a list, and so on.
 */
const HUGE = '@huge'
const jsonOf = (value: unknown) => JSON.stringify(value).replaceAll(`"${HUGE}"`, '1e400')

const send = (method: string, path: string, body: string | Uint8Array, type = 'application/json') =>
  service.call(method, path, Buffer.from(body), { 'content-type': type })

const sendJson = (method: string, path: string, value: unknown) => send(method, path, jsonOf(value))

/** An own property of this name, as JSON.parse makes it. */
const named = (name: string, value: unknown = 1) => JSON.parse(JSON.stringify({ [name]: value }))
const PROTO = JSON.parse('{"__proto__": 1}')

/** A list in a list, and so on. */
const levels = (count: number) => JSON.parse('['.repeat(count) + ']'.repeat(count))

const arms = (count: number) => Array.from({ length: count }, (_, arm) => ({ key: `arm-${arm}` }))
const withArm = (arm: unknown) => ({ arms: [{ key: 'control' }, arm] })
const withMetric = (metric: unknown) => ({ metrics: [METRICS[0], metric] })
const primary = (changes: object) => ({ metrics: [{ ...METRICS[0], ...changes }] })
const policy = (changes: object) => ({ policy: { type: 'thompson', ...changes } })
const weights = (shares: unknown) => ({ policy: { type: 'fixed', weights: shares } })
const continuous = (range: unknown) => withMetric({ key: 'spend', type: 'continuous', range })

describe('a field that is not there', () => {
  it.each<[path: string, body: object, missing: string[]]>([
    ['/assign', { experiment: 'spring-email' }, ['unit']],
    ['/assign', {}, ['experiment', 'unit']],
    ['/assign/batch', {}, ['experiment', 'units']],
    ['/v1/batch', {}, ['batch']],
  ])('is said to be missing: POST %s %j', async (path, body, missing) => {
    const answer = await sendJson('POST', path, body)
    expectProblem(answer, 400, 'invalid_request')
    expect(answer.body.errors).toEqual(missing.map(name => ({ path: name, message: 'is missing' })))
  })

  it('is said to be missing in an event', async () => {
    const answer = await sendJson('POST', '/rewards', [{}, { unit: null, metric: 'visit' }])
    expect(answer.body.results.map(({ message }: { message: string }) => message)).toEqual([
      'unit is missing; metric is missing',
      'unit must be a string or a whole number, not null',
    ])
  })
})

describe('a definition that is none', () => {
  it.each<[name: string, changes: object, path: string]>([
    ['an unknown field', { typo: 1 }, 'typo'],
    ['an unknown field __proto__', PROTO, '__proto__'],
    ['an unknown field constructor', named('constructor'), 'constructor'],
    ['an unknown field toString', named('toString'), 'toString'],
    ['a field that only answers have', { status: 'running' }, 'status'],
    ['an unknown field of an arm', withArm({ key: 'b', payloads: 1 }), 'arms[1].payloads'],
    ['an unknown field __proto__ of an arm', withArm({ key: 'b', ...PROTO }), 'arms[1].__proto__'],
    ['an unknown field of a metric', primary({ windows: '1d' }), 'metrics[0].windows'],
    ['an unknown field of the policy', policy({ explore: 0.1 }), 'policy.explore'],
    ['an unknown field of the prior', policy({ prior: { alpha: 1, gamma: 1 } }), 'policy.prior.gamma'],
    ['description: a number', { description: 17 }, 'description'],
    ['description: null', { description: null }, 'description'],
    ['description: too long', { description: 'x'.repeat(100_000) }, 'description'],
    ['arms: null', { arms: null }, 'arms'],
    ['arms: a text', { arms: 'control' }, 'arms'],
    ['arms: an object', { arms: { control: {} } }, 'arms'],
    ['arms: none', { arms: [] }, 'arms'],
    ['arms: one', { arms: arms(1) }, 'arms'],
    ['arms: 201', { arms: arms(201) }, 'arms'],
    ['arms: thousands', { arms: arms(20_000) }, 'arms'],
    ['arms: all retired', { arms: arms(2).map(arm => ({ ...arm, retired: true })) }, 'arms'],
    ['an arm: null', withArm(null), 'arms[1]'],
    ['an arm: a list', withArm([]), 'arms[1]'],
    ['an arm: its key', withArm('mens'), 'arms[1]'],
    ['an arm without a key', withArm({ payload: 1 }), 'arms[1].key'],
    ['an arm with a number as key', withArm({ key: 2 }), 'arms[1].key'],
    ['an arm that is there twice', withArm({ key: 'control' }), 'arms[1].key'],
    ['an arm retired in words', withArm({ key: 'b', retired: 'yes' }), 'arms[1].retired'],
    ['a payload over 16 KiB', withArm({ key: 'b', payload: 'x'.repeat(16 * 1024 - 1) }), 'arms[1].payload'],
    ['a payload over 16 KiB in UTF-8', withArm({ key: 'b', payload: 'é'.repeat(8 * 1024) }), 'arms[1].payload'],
    ['a payload with an infinite number', withArm({ key: 'b', payload: [{ a: HUGE }] }), 'arms[1].payload'],
    ['a payload of 61 levels', withArm({ key: 'b', payload: levels(61) }), 'arms[1].payload'],
    [
      'payloads of two types',
      {
        arms: [
          { key: 'a', payload: 'text' },
          { key: 'b', payload: 1 },
        ],
      },
      'arms[1].payload',
    ],
    ['control: no arm', { control: 'nobody' }, 'control'],
    ['control: __proto__', { control: '__proto__' }, 'control'],
    ['control: null', { control: null }, 'control'],
    ['control: a number', { control: 0 }, 'control'],
    ['metrics: none', { metrics: [] }, 'metrics'],
    ['metrics: an object', { metrics: METRICS[0] }, 'metrics'],
    ['metrics: no primary one', { metrics: METRICS.slice(1) }, 'metrics'],
    ['metrics: two primary ones', withMetric({ key: 'click', type: 'binary', role: 'primary' }), 'metrics'],
    ['metrics: one that is there twice', withMetric({ key: 'visit', type: 'binary' }), 'metrics[1].key'],
    ['a metric: null', withMetric(null), 'metrics[1]'],
    ['a metric: its key', withMetric('click'), 'metrics[1]'],
    ['a metric without a type', withMetric({ key: 'click' }), 'metrics[1].type'],
    ['a metric of an unknown type', withMetric({ key: 'click', type: 'ratio' }), 'metrics[1].type'],
    ['a metric of the type constructor', withMetric({ key: 'click', type: 'constructor' }), 'metrics[1].type'],
    ['a metric of an unknown role', primary({ role: 'main' }), 'metrics[0].role'],
    ['a metric of an unknown goal', primary({ goal: 'up' }), 'metrics[0].goal'],
    ['a range of one number', continuous([0]), 'metrics[1].range'],
    ['a range of three numbers', continuous([0, 1, 2]), 'metrics[1].range'],
    ['a range of texts', continuous(['0', '1']), 'metrics[1].range[0]'],
    ['a range as an object', continuous({ 0: 0, 1: 1 }), 'metrics[1].range'],
    ['a range with null', continuous([0, null]), 'metrics[1].range[1]'],
    ['an empty range', continuous([5, 5]), 'metrics[1].range'],
    ['a range upside down', continuous([5, 1]), 'metrics[1].range'],
    ['an infinite range', continuous([0, HUGE]), 'metrics[1].range[1]'],
    ['a range beyond all measure', continuous([0, 1e300]), 'metrics[1].range'],
    ['a range of a binary metric', primary({ range: [0, 5] }), 'metrics[0].range'],
    ['a margin in words', withMetric({ ...METRICS[2], margin: '1 %' }), 'metrics[1].margin'],
    ['a negative margin', withMetric({ ...METRICS[2], margin: -0.01 }), 'metrics[1].margin'],
    ['a margin of a metric that is no guardrail', primary({ margin: 0.01 }), 'metrics[0].margin'],
    ['policy: null', { policy: null }, 'policy'],
    ['policy: its type', { policy: 'thompson' }, 'policy'],
    ['policy: a list', { policy: [] }, 'policy'],
    ['policy: an unknown type', policy({ type: 'greedy' }), 'policy.type'],
    ['policy: the type __proto__', policy({ type: '__proto__' }), 'policy.type'],
    ['exploration below 0', policy({ exploration: -0.1 }), 'policy.exploration'],
    ['exploration above 1', policy({ exploration: 1.1 }), 'policy.exploration'],
    ['exploration in words', policy({ exploration: '0.1' }), 'policy.exploration'],
    ['infinite exploration', policy({ exploration: HUGE }), 'policy.exploration'],
    ['exploration as a list', policy({ exploration: [0.5, 0.1] }), 'policy.exploration'],
    ['exploration: null', policy({ exploration: null }), 'policy.exploration'],
    [
      'exploration below the floor after the verdict',
      policy({ exploration: { untilVerdict: 0.5, after: 0 } }),
      'policy.exploration.after',
    ],
    [
      'exploration above 1 until the verdict',
      policy({ exploration: { untilVerdict: 1.5, after: 0.1 } }),
      'policy.exploration.untilVerdict',
    ],
    [
      'exploration after the verdict in words, and above 1 until it',
      policy({ exploration: { untilVerdict: 1.5, after: '0.1' } }),
      'policy.exploration.untilVerdict',
    ],
    [
      'an unknown field of exploration',
      policy({ exploration: { untilVerdict: 0.5, after: 0.1, before: 1 } }),
      'policy.exploration.before',
    ],
    ['half a unit of burn-in', policy({ burnIn: 0.5 }), 'policy.burnIn'],
    ['a negative burn-in', policy({ burnIn: -1 }), 'policy.burnIn'],
    ['burn-in: null', policy({ burnIn: null }), 'policy.burnIn'],
    ['burn-in of equal shares', policy({ type: 'uniform', burnIn: 500 }), 'policy.burnIn'],
    ['a least duration in words', { minDuration: 'a week' }, 'minDuration'],
    ['a least duration of 0', { minDuration: '0d' }, 'minDuration'],
    ['a least duration of 11 years', { minDuration: '4015d' }, 'minDuration'],
    ['a least duration as a number', { minDuration: 7 }, 'minDuration'],
    ['another response to harm', { onHarm: 'stop' }, 'onHarm'],
    ['exploration of a fixed policy', policy({ type: 'uniform', exploration: 0.1 }), 'policy.exploration'],
    ['a negative control share', policy({ controlShare: -0.2 }), 'policy.controlShare'],
    ['a control share of all', policy({ controlShare: 1 }), 'policy.controlShare'],
    ['a control share in words', policy({ controlShare: '20 %' }), 'policy.controlShare'],
    ['fixed without weights', policy({ type: 'fixed' }), 'policy.weights'],
    ['weights of another policy', policy({ weights: { control: 1 } }), 'policy.weights'],
    ['weights as a list', weights([0.4, 0.3, 0.3]), 'policy.weights'],
    ['weights that sum to less than 1', weights({ control: 0.4, mens: 0.3, womens: 0.2 }), 'policy.weights'],
    ['weights that sum to more than 1', weights({ control: 0.4, mens: 0.3, womens: 0.4 }), 'policy.weights'],
    ['weights in percent', weights({ control: 40, mens: 30, womens: 30 }), 'policy.weights'],
    ['weights without an arm', weights({ control: 0.5, mens: 0.5 }), 'policy.weights'],
    ['a weight in words', weights({ control: 0.4, mens: 0.3, womens: '0.3' }), 'policy.weights.womens'],
    ['a negative weight', weights({ control: 0.8, mens: 0.4, womens: -0.2 }), 'policy.weights.womens'],
    ['a weight of a stranger', weights({ control: 0.4, mens: 0.3, womens: 0.2, nobody: 0.1 }), 'policy.weights.nobody'],
    ['an infinite weight', weights({ control: 0.4, mens: 0.3, womens: HUGE }), 'policy.weights.womens'],
    ['a weight of __proto__', weights({ control: 0.4, mens: 0.3, womens: 0.3, ...PROTO }), 'policy.weights.__proto__'],
    ['a weight of toString', weights({ control: 0.4, mens: 0.3, toString: 0.3 }), 'policy.weights.toString'],
    ['prior: null', policy({ prior: null }), 'policy.prior'],
    ['a prior of 0', policy({ prior: { alpha: 0 } }), 'policy.prior.alpha'],
    ['a negative prior', policy({ prior: { beta: -1 } }), 'policy.prior.beta'],
    ['a prior in words', policy({ prior: { beta: '1' } }), 'policy.prior.beta'],
    ['alpha 0', { alpha: 0 }, 'alpha'],
    ['alpha 1', { alpha: 1 }, 'alpha'],
    ['a negative alpha', { alpha: -0.05 }, 'alpha'],
    ['alpha in percent', { alpha: 5 }, 'alpha'],
    ['alpha in words', { alpha: '0.05' }, 'alpha'],
    ['alpha null', { alpha: null }, 'alpha'],
    ['no planned units', { plannedUnits: 0 }, 'plannedUnits'],
    ['a negative number of planned units', { plannedUnits: -30_000 }, 'plannedUnits'],
    ['half a planned unit', { plannedUnits: 30_000.5 }, 'plannedUnits'],
    ['planned units in words', { plannedUnits: '30000' }, 'plannedUnits'],
    ['infinitely many planned units', { plannedUnits: HUGE }, 'plannedUnits'],
    ['more planned units than can be counted', { plannedUnits: 2 ** 53 }, 'plannedUnits'],
  ])('%s', async (_name, changes, path) => {
    const definition = { ...emailDefinition({ metrics: METRICS }), ...changes }
    const told = [
      await sendJson('POST', '/experiments', { ...definition, key: 'fresh' }),
      await sendJson('PUT', '/experiments/fresh', { ...definition, key: undefined }),
      await sendJson('PUT', '/experiments/draft', { ...definition, key: 'draft' }),
      await sendJson('PUT', '/experiments/spring-email', definition),
    ].map(answer => expectProblem(answer, 400, 'invalid_request'))
    for (const paths of told) expect(paths).toContain(path)
  })

  it.each<[name: string, changes: object, path: string]>([
    ['arms: absent', { arms: undefined }, 'arms'],
    ['metrics: absent', { metrics: undefined }, 'metrics'],
    ['a continuous metric without a range', withMetric({ key: 'spend', type: 'continuous' }), 'metrics[1].range'],
    ['exploration until the verdict alone', policy({ exploration: { untilVerdict: 0.5 } }), 'policy.exploration.after'],
  ])('of a new experiment: %s', async (_name, changes, path) => {
    const definition = { ...emailDefinition({ metrics: METRICS }), ...changes, key: undefined }
    const told = [
      await sendJson('POST', '/experiments', { ...definition, key: 'fresh' }),
      await sendJson('PUT', '/experiments/fresh', definition),
      await sendJson('POST', '/experiments/fresh/plan', definition),
    ].map(answer => expectProblem(answer, 400, 'invalid_request'))
    for (const paths of told) expect(paths).toEqual([path])
  })

  it.each([
    '14 days',
    '14',
    'd',
    '14D',
    ' 14d',
    '14d ',
    '-14d',
    '0d',
    '1.5d',
    '1e3s',
    '1w',
    'P14D',
    '',
    '14d14h',
    '٣d',
    '99999999999999999999d',
    '1000000d',
    'constructor',
    14,
    1_209_600_000,
    true,
    [],
    {},
  ])('the window %j', async window => {
    const definition = { ...emailDefinition(primary({ window })), key: 'fresh' }
    const paths = expectProblem(await sendJson('POST', '/experiments', definition), 400, 'invalid_request')
    expect(paths).toEqual(['metrics[0].window'])
  })

  it.each([
    '',
    'Visit',
    'with space',
    'ü',
    '-x',
    '.x',
    '_x',
    'x'.repeat(65),
    '__proto__',
    'toString',
    'a/b',
    'a\0',
    'a\n',
    '😀',
    '\ud800',
  ])('the key %j of an arm, a metric or an experiment', async key => {
    const badArm = emailDefinition({ key: 'fresh', ...withArm({ key }) })
    const badMetric = emailDefinition({ key: 'fresh', ...primary({ key }) })
    expect(expectProblem(await sendJson('POST', '/experiments', badArm), 400, 'invalid_request')).toContain(
      'arms[1].key',
    )
    const paths = expectProblem(await sendJson('POST', '/experiments', badMetric), 400, 'invalid_request')
    expect(paths).toEqual(['metrics[0].key'])
    const badKey = emailDefinition({ key })
    expect(expectProblem(await sendJson('POST', '/experiments', badKey), 400, 'invalid_request')).toEqual(['key'])
  })

  it.each(['Fresh', 'fre%20sh', '%00', '%F0%9F%98%80', '__proto__', 'x'.repeat(65)])(
    'the key %s in an address',
    async key => {
      const paths = expectProblem(
        await sendJson('PUT', `/experiments/${key}`, { ...emailDefinition(), key: undefined }),
        400,
        'invalid_request',
      )
      expect(paths).toEqual(['key'])
    },
  )

  it.each([null, 17, '', ['fresh'], {}])('the key: %j', async key => {
    const definition = emailDefinition({ key })
    expect(expectProblem(await sendJson('POST', '/experiments', definition), 400, 'invalid_request')).toEqual(['key'])
    const put = await sendJson('PUT', '/experiments/fresh', definition)
    expect(expectProblem(put, 400, 'invalid_request')).toEqual(['key'])
  })

  it('no key', async () => {
    const definition = emailDefinition({ key: undefined })
    expect(expectProblem(await sendJson('POST', '/experiments', definition), 400, 'invalid_request')).toEqual(['key'])
  })

  it('names every fault at once, that of the key too', async () => {
    const definition = {
      key: 'other',
      typo: 1,
      arms: [{ key: 'control' }, { key: 'control', payloads: 1 }, { key: 'B' }],
      control: 'nobody',
      metrics: [
        { key: 'visit', type: 'binary', window: '14 days' },
        { key: 'spend', type: 'continuous', role: 'guardrail' },
      ],
      policy: { type: 'thompson', exploration: 2, prior: { alpha: 'x' } },
      alpha: 5,
      plannedUnits: 'many',
    }
    const paths = expectProblem(await sendJson('PUT', '/experiments/fresh', definition), 400, 'invalid_request')
    const expected = [
      'key',
      'typo',
      'arms[1].payloads',
      'arms[2].key',
      'metrics',
      'metrics[0].window',
      'metrics[1].range',
    ]
    expect(paths).toEqual(expect.arrayContaining([...expected, 'policy.prior.alpha', 'alpha', 'plannedUnits']))
  })

  it.each(['null', '[]', '[[]]', '17', '"fresh"', 'true'])('%s in its place', async body => {
    expectProblem(await send('POST', '/experiments', body), 400, 'invalid_request')
    expectProblem(await send('PUT', '/experiments/fresh', body), 400, 'invalid_request')
  })
})

describe('POST /assign with a bad body', () => {
  it.each<[name: string, body: unknown, paths: string[]]>([
    ['nothing in it', {}, ['experiment', 'unit']],
    ['null', null, ['']],
    ['a list', [], ['']],
    ['a list of lists', [[]], ['']],
    ['a text', 'u', ['']],
    ['a number', 17, ['']],
    ['an unknown field', { experiment: 'spring-email', unit: 'new', units: [] }, ['units']],
    ['a field __proto__', { experiment: 'spring-email', unit: 'new', ...PROTO }, ['__proto__']],
    [
      'fields in a prototype',
      JSON.parse('{"__proto__": {"experiment": "spring-email", "unit": "new"}}'),
      ['__proto__', 'experiment', 'unit'],
    ],
    ['no unit', { experiment: 'spring-email' }, ['unit']],
    ['unit: null', { experiment: 'spring-email', unit: null }, ['unit']],
    ['unit: half a number', { experiment: 'spring-email', unit: 17.5 }, ['unit']],
    ['unit: a number that is rounded', { experiment: 'spring-email', unit: 2 ** 53 }, ['unit']],
    ['unit: a list', { experiment: 'spring-email', unit: ['new'] }, ['unit']],
    ['unit: an object', { experiment: 'spring-email', unit: { toString: 'new' } }, ['unit']],
    ['unit: empty', { experiment: 'spring-email', unit: '' }, ['unit']],
    ['unit: 257 characters', { experiment: 'spring-email', unit: 'x'.repeat(257) }, ['unit']],
    ['unit: 257 emoji', { experiment: 'spring-email', unit: '😀'.repeat(257) }, ['unit']],
    ['unit: with NUL', { experiment: 'spring-email', unit: 'a\0b' }, ['unit']],
    ['unit: a lone surrogate', { experiment: 'spring-email', unit: 'a\ud83d' }, ['unit']],
    ['experiment: a number', { experiment: 17, unit: 'new' }, ['experiment']],
    ['experiment: null', { experiment: null, unit: 'new' }, ['experiment']],
    ['experiment: empty', { experiment: '', unit: 'new' }, ['experiment']],
    ['experiment: a list', { experiment: ['spring-email'], unit: 'new' }, ['experiment']],
  ])('%s', async (_name, body, paths) => {
    const told = expectProblem(await sendJson('POST', '/assign', body), 400, 'invalid_request')
    expect(told.sort()).toEqual(paths.sort())
  })

  it.each(['nobody', 'Spring-Email', ' spring-email', 'spring-email\0', '__proto__', 'x'.repeat(100_000)])(
    'the experiment %j: 404',
    async experiment => {
      expectProblem(await sendJson('POST', '/assign', { experiment, unit: 'new' }), 404, 'experiment_not_found')
      expectProblem(
        await sendJson('POST', '/assign/batch', { experiment, units: ['new'] }),
        404,
        'experiment_not_found',
      )
    },
  )
})

describe('POST /assign/batch with a bad body', () => {
  const units = (list: unknown) => ({ experiment: 'spring-email', units: list })

  it.each<[name: string, body: unknown, paths: string[]]>([
    ['nothing in it', {}, ['experiment', 'units']],
    ['null', null, ['']],
    ['a list', ['new'], ['']],
    ['an unknown field', { ...units(['new']), unit: 'new' }, ['unit']],
    ['units: a text', units('new'), ['units']],
    ['units: null', units(null), ['units']],
    ['units: an object', units({ length: 1, 0: 'new' }), ['units']],
    [
      'units: bad ones among good ones',
      units(['new', '', 'x'.repeat(257), null, 1.5, [], 'a\0']),
      [1, 2, 3, 4, 5, 6].map(n => `units[${n}]`),
    ],
    ['units: a list in a list', units([['new']]), ['units[0]']],
    ['units: 10,001', units(Array.from({ length: 10_001 }, (_, unit) => `new-${unit}`)), ['units']],
    ['units: half a million', units(Array.from({ length: 500_000 }, () => 0)), ['units']],
  ])('%s', async (_name, body, paths) => {
    const told = expectProblem(await sendJson('POST', '/assign/batch', body), 400, 'invalid_request')
    expect(told.sort()).toEqual(paths.sort())
  })

  it('names 100 of 10,000 units that are none, and the number of the others', async () => {
    const body = units(Array.from({ length: 10_000 }, (_, unit) => unit + 0.5))
    const answer = await sendJson('POST', '/assign/batch', body)
    expect(expectProblem(answer, 400, 'invalid_request')).toHaveLength(100)
    expect(answer.body.detail).toMatch(/; and 9900 more faults$/)
  })

  it('is told in a bounded text, however long its fields are named', async () => {
    const body = Object.fromEntries(Array.from({ length: 200 }, (_, field) => [`${field}${'x'.repeat(10_000)}`, 0]))
    const answer = await sendJson('POST', '/assign/batch', body)
    expect(expectProblem(answer, 400, 'invalid_request')).toHaveLength(100)
    expect(answer.text.length).toBeLessThan(128 * 1024)
  })

  it('is not drowned by unknown fields', async () => {
    const body = Object.fromEntries(Array.from({ length: 100_000 }, (_, field) => [`x${field}`, 0]))
    const answer = await sendJson('POST', '/assign/batch', body)
    expectProblem(answer, 400, 'invalid_request')
    expect(answer.text.length).toBeLessThan(128 * 1024)
  })
})

describe('POST /rewards with a bad event', () => {
  const event = (changes: object) => ({ unit: 'u', metric: 'visit', ...changes })

  it.each<[name: string, body: unknown, paths: string[]]>([
    ['nothing in it', {}, ['unit', 'metric']],
    ['a number in its place', 17, ['']],
    ['null in its place', null, ['']],
    ['a text in its place', 'u', ['']],
    ['an unknown field', event({ valeu: 1 }), ['valeu']],
    ['a field __proto__', event(PROTO), ['__proto__']],
    ['a field constructor', event(named('constructor')), ['constructor']],
    ['unit: half a number', event({ unit: 17.5 }), ['unit']],
    ['unit: a number that is rounded', event({ unit: -(2 ** 53) }), ['unit']],
    ['unit: infinite', event({ unit: HUGE }), ['unit']],
    ['unit: empty', event({ unit: '' }), ['unit']],
    ['unit: 257 characters', event({ unit: 'x'.repeat(257) }), ['unit']],
    ['unit: with NUL', event({ unit: 'u\0' }), ['unit']],
    ['metric: a number', event({ metric: 17 }), ['metric']],
    ['metric: empty', event({ metric: '' }), ['metric']],
    ['metric: a list', event({ metric: ['visit'] }), ['metric']],
    ['value: null', event({ value: null }), ['value']],
    ['value: a text', event({ value: '1' }), ['value']],
    ['value: true', event({ value: true }), ['value']],
    ['value: a list', event({ value: [1] }), ['value']],
    ['value: infinite', event({ value: HUGE }), ['value']],
    ['experiment: null', event({ experiment: null }), ['experiment']],
    ['experiment: empty', event({ experiment: '' }), ['experiment']],
    ['experiment: a list', event({ experiment: ['spring-email'] }), ['experiment']],
    ['id: a number', event({ id: 991 }), ['id']],
    ['id: null', event({ id: null }), ['id']],
    ['id: empty', event({ id: '' }), ['id']],
    ['id: 257 characters', event({ id: 'x'.repeat(257) }), ['id']],
    ['id: with NUL', event({ id: 'e\0' }), ['id']],
    ['at: null', event({ at: null }), ['at']],
    ['at: ms since 1970', event({ at: 1_767_614_400_000 }), ['at']],
    ['at: a date', event({ at: '2026-01-05' }), ['at']],
    ['at: without a zone', event({ at: '2026-01-05T12:00:00' }), ['at']],
    ['at: in words', event({ at: 'yesterday' }), ['at']],
    ['at: of another format', event({ at: 'Mon, 05 Jan 2026 12:00:00 GMT' }), ['at']],
    ['at: a day that is none', event({ at: '2026-02-30T12:00:00Z' }), ['at']],
    ['at: an hour that is none', event({ at: '2026-01-05T25:00:00Z' }), ['at']],
    ['at: a year with six digits', event({ at: '+012026-01-05T12:00:00Z' }), ['at']],
    [
      'everything',
      { unit: 1.5, metric: 2, value: '3', experiment: 4, id: 5, at: 6, more: 7 },
      ['unit', 'metric', 'value', 'experiment', 'id', 'at', 'more'],
    ],
  ])('%s', async (_name, body, paths) => {
    const told = expectProblem(await sendJson('POST', '/rewards', body), 400, 'invalid_request')
    expect(told.sort()).toEqual(paths.sort())
    const list = await sendJson('POST', '/rewards', [body])
    expect(list.body).toMatchObject({
      recorded: 0,
      rejected: 1,
      results: [{ status: 'rejected', code: 'invalid_request' }],
    })
    for (const path of paths) expect(list.body.results[0].message).toContain(path)
  })

  it.each<[name: string, changes: object, code: string]>([
    ['a metric that does not exist', { metric: 'nothing' }, 'metric_not_found'],
    ['a metric of another experiment', { metric: 'spend', experiment: 'draft' }, 'metric_not_found'],
    ['an experiment that does not exist', { experiment: 'nobody' }, 'experiment_not_found'],
    ['a date in the future', { at: '2026-01-05T12:05:00.001Z' }, 'invalid_request'],
    ['a date in the year 9999', { at: '9999-12-31T23:59:59Z' }, 'invalid_request'],
    ['a value beyond all measure', { value: 1e300 }, 'invalid_request'],
    ['a negative value beyond all measure', { value: -1e300 }, 'invalid_request'],
  ])('%s', async (_name, changes, code) => {
    expectProblem(await sendJson('POST', '/rewards', event(changes)), 400, code)
    const list = await sendJson('POST', '/rewards', [event(changes), event({ unit: 'nobody' })])
    expect(list.body).toMatchObject({
      rejected: 1,
      unassigned: 1,
      results: [{ status: 'rejected', code }, { status: 'unassigned' }],
    })
  })

  it.each(['[[]]', '[null]', '[1]', '["u"]', `[${'['.repeat(63)}${']'.repeat(63)}]`])(
    'a list of no events: %#',
    async body => {
      expect((await send('POST', '/rewards', body)).body).toMatchObject({ rejected: 1, recorded: 0 })
    },
  )

  it('a list without an end', async () => {
    const list = `[${'1,'.repeat(500_000)}1]`
    const answer = await send('POST', '/rewards', list)
    expectProblem(answer, 400, 'invalid_request')
    expect(answer.body.detail).toContain('application/x-ndjson')
  })
})

describe('a form that is bad', () => {
  const FORM = 'application/x-www-form-urlencoded'

  it.each<[name: string, body: string, paths: string[]]>([
    ['an unknown field', 'experiment=spring-email&unit=new&x=1', ['x']],
    ['a field with brackets', 'experiment=spring-email&unit[]=new', ['unit[]', 'unit']],
    ['a field __proto__', 'experiment=spring-email&unit=new&__proto__=1', ['__proto__']],
    ['fields of __proto__', '__proto__[unit]=new&experiment=spring-email', ['__proto__[unit]', 'unit']],
    ['a field without a name', 'experiment=spring-email&unit=new&=1', ['']],
    ['an empty unit', 'experiment=spring-email&unit=', ['unit']],
    ['a unit without =', 'experiment=spring-email&unit', ['unit']],
    ['a unit with NUL', 'experiment=spring-email&unit=a%00b', ['unit']],
    ['JSON in it with an unknown field', '{"experiment":"spring-email","unit":"new","x":1}', ['x']],
  ])('POST /assign: %s', async (_name, body, paths) => {
    expect(expectProblem(await send('POST', '/assign', body, FORM), 400, 'invalid_request').sort()).toEqual(
      paths.sort(),
    )
  })

  it.each([
    ['a field that is there twice', 'unit=u&unit=v&metric=visit'],
    ['a field that is there twice in two spellings', 'unit=u&%75nit=v&metric=visit'],
    ['a lone percent sign', 'unit=100%&metric=visit'],
    ['bytes that are no UTF-8', 'unit=%ff&metric=visit'],
    ['a surrogate', 'unit=%ed%a0%80&metric=visit'],
    ['a value that is none', 'unit=u&metric=visit&value=abc'],
    ['an empty value', 'unit=u&metric=visit&value='],
    ['an infinite value', 'unit=u&metric=visit&value=1e400'],
    ['the value NaN', 'unit=u&metric=visit&value=NaN'],
    ['the value Infinity', 'unit=u&metric=visit&value=Infinity'],
    ['a hexadecimal value', 'unit=u&metric=visit&value=0x10'],
    ['a value with a blank', 'unit=u&metric=visit&value=1+'],
    ['a value with a comma', 'unit=u&metric=visit&value=1,5'],
    ['a value that is there twice', 'unit=u&metric=visit&value=1&value=2'],
    ['an empty experiment', 'unit=u&metric=visit&experiment='],
    ['a list of units', 'unit=u,v&metric=nothing'],
  ])('POST /rewards: %s', async (_name, body) => {
    expect((await send('POST', '/rewards', body, FORM)).status).toBe(400)
  })

  it('bytes that are no UTF-8, unencoded', async () => {
    const body = Buffer.concat([Buffer.from('metric=visit&unit='), Buffer.from([0xff])])
    expect((await send('POST', '/rewards', body, FORM)).status).toBe(400)
  })
})

describe('POST /experiments/:key/start, pause and stop with a bad body', () => {
  it.each(['start', 'pause', 'stop'])('%s: what is no object, and unknown fields', async verb => {
    for (const body of ['null', '[]', '17', '"mens"', '{"winer":"mens"}', '{"__proto__":{"winner":"mens"}}']) {
      expectProblem(await send('POST', `/experiments/spring-email/${verb}`, body), 400, 'invalid_request')
    }
  })

  it('start and pause with a winner', async () => {
    for (const verb of ['start', 'pause']) {
      const answer = await sendJson('POST', `/experiments/spring-email/${verb}`, { winner: 'mens' })
      expect(expectProblem(answer, 400, 'invalid_request')).toEqual(['winner'])
    }
  })

  it.each([17, true, ['mens'], {}])('stop with the winner %j', async winner => {
    const answer = await sendJson('POST', '/experiments/spring-email/stop', { winner })
    expect(expectProblem(answer, 400, 'invalid_request')).toEqual(['winner'])
  })

  it.each(['nobody', '', 'Mens', '__proto__', 'constructor', 'x'.repeat(100_000)])(
    'stop with the winner %j',
    async winner => {
      const answer = await sendJson('POST', '/experiments/spring-email/stop', { winner })
      expect(expectProblem(answer, 400, 'arm_not_found')).toEqual(['winner'])
    },
  )
})

/** Every address that reads a body, with a body that it would take. */
const READERS: [method: string, path: string][] = [
  ['POST', '/assign'],
  ['POST', '/assign/batch'],
  ['POST', '/rewards'],
  ['POST', '/experiments'],
  ['PUT', '/experiments/spring-email'],
  ['PUT', '/experiments/fresh'],
  ['POST', '/experiments/spring-email/start'],
  ['POST', '/experiments/spring-email/pause'],
  ['POST', '/experiments/spring-email/stop'],
  ['POST', '/experiments/spring-email/evaluate'],
]

const UNKNOWN_TYPES = [
  'text/markdown',
  'text/json',
  'text/html; charset=utf-8',
  'application/xml',
  'application/octet-stream',
  'application/problem+json',
  'application/json5',
  'application/json; charset=latin1',
  'application/json; charset=utf-16',
  'multipart/form-data; boundary=x',
  'json',
  '*/*',
  '__proto__',
]

describe.each(READERS)('%s %s', (method, path) => {
  it.each<[name: string, body: string | Uint8Array]>([
    ['no JSON', 'experiment=spring-email&unit=new'],
    ['cut off', '{"experiment":"spring-email","unit":"ne'],
    ['a trailing comma', '{"experiment":"spring-email","unit":"new",}'],
    ['single quotes', "{'experiment':'spring-email'}"],
    ['a comment', '{} // nothing'],
    ['two values', '{}{}'],
    ['NaN', '{"value":NaN}'],
    ['undefined', 'undefined'],
    ['blanks alone', ' \n'],
    ['a control character in a text', '{"unit":"a\nb"}'],
    ['a bad escape', '{"unit":"\\x41"}'],
    ['NUL', '\0'],
    ['brackets without an end', '['.repeat(100_000)],
    ['65 levels', '['.repeat(65) + ']'.repeat(65)],
    ['bytes that are no UTF-8', Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d])],
    ['a surrogate in UTF-8', Buffer.from([0x22, 0xed, 0xa0, 0x80, 0x22])],
    ['UTF-16', Buffer.from('\ufeff{}', 'utf16le')],
    ['gzip', Buffer.from('H4sIAAAAAAAAA6uuBQBDv6ajAgAAAA==', 'base64')],
  ])('a body that is not JSON: %s', async (_name, body) => {
    expectProblem(await send(method, path, body), 400, 'invalid_json')
  })

  it('a content type that is unknown', async () => {
    for (const type of UNKNOWN_TYPES) expectProblem(await send(method, path, '{}', type), 415, 'unsupported_media_type')
  })

  it('a content encoding that is unknown', async () => {
    for (const encoding of ['compress', 'gzip, br', 'x-unknown', '__proto__']) {
      const headers = { 'content-type': 'application/json', 'content-encoding': encoding }
      expectProblem(await service.call(method, path, Buffer.from('{}'), headers), 415, 'unsupported_media_type')
    }
  })

  it('a body over the limit', async () => {
    const limit = path === '/rewards' || path === '/assign/batch' ? 16 : 1
    const body = Buffer.alloc(limit * 1024 * 1024 + 1, ' ')
    expectProblem(await send(method, path, body), 413, 'body_too_large')
  })
})

describe('an address that is bad', () => {
  const KEYS = [
    'nobody',
    '%ff',
    '%',
    '%00',
    '%E0%A4%A',
    '__proto__',
    'constructor',
    'a%2Fb',
    '..%2f',
    '%0d%0aX:1',
    'x'.repeat(8_000),
  ]

  it.each(KEYS)('/experiments/%s', async key => {
    for (const rest of [
      '',
      '/report',
      '/report.txt',
      '/snapshots',
      '/history',
      '/assignments.ndjson',
      '/assignments.csv',
    ]) {
      const answer = await service.call('GET', `/experiments/${key}${rest}`)
      expectProblem(answer, 404, answer.body.code)
      expect(['not_found', 'experiment_not_found']).toContain(answer.body.code)
    }
    for (const verb of ['start', 'pause', 'stop']) {
      expect((await service.call('POST', `/experiments/${key}/${verb}`)).status).toBe(404)
    }
  })

  it.each([
    '/nothing',
    '/experiments/spring-email/nothing',
    '/%',
    '/assign/batch/x',
    '/report',
    '/experiments/spring-email/report.exe',
    '/experiments/spring-email/assignments',
    '/*',
  ])('%s', async path => {
    expectProblem(await service.call('GET', path), 404, 'not_found')
  })
})

describe('a query that is bad', () => {
  const get = (path: string) => service.call('GET', `/experiments/spring-email/${path}`)

  it.each(['nothing', '', 'Visit', '__proto__', 'constructor', '%ff', '%00', 'visit%20', 'x'.repeat(8_000)])(
    'metric=%s',
    async metric => {
      for (const path of ['report', 'report.txt', 'snapshots']) {
        expectProblem(await get(`${path}?metric=${metric}`), 404, 'metric_not_found')
      }
    },
  )

  it('a metric that is there twice', async () => {
    const answer = await get('report?metric=visit&metric=spend')
    expect(expectProblem(answer, 400, 'invalid_request')).toEqual(['?metric'])
    expect(answer.body.detail).toContain('?metric is there 2 times; send it once')
  })

  it.each(['-1', '1.5', 'x', '', '1e3', 'NaN', '0x1', '%00', '__proto__', '9'.repeat(400), '1&after=2'])(
    'after=%s',
    async after => {
      expectProblem(await get(`snapshots?after=${after}`), 400, 'invalid_request')
    },
  )

  it.each([
    'metric[]=x',
    'metric[x]=visit',
    '__proto__=x',
    '__proto__[x]=y',
    'constructor[prototype]=x',
    'hasOwnProperty=x',
    `${'x=1&'.repeat(2_000)}`,
    '&&&=&=',
    '%ff=%ff',
    '?',
  ])('fields that mean nothing: %s', async query => {
    for (const path of ['report', 'snapshots', 'history']) {
      const isEmpty = query === '?' || query === '&&&=&='
      const answer = await get(`${path}?${query}`)
      const paths = expectProblem(answer, 400, 'invalid_request')
      expect(paths).toHaveLength(1)
      if (isEmpty) expect(paths).toEqual([query === '?' ? '??' : '?'])
    }
  })
})
