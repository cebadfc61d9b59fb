import { describe, expect, it } from 'vitest'
import { expositionText } from '../../../src/http/metrics/exposition.ts'
import { DURATION_BUCKETS, Histogram } from '../../../src/http/metrics/histogram.ts'
import { Labelled, OTHER } from '../../../src/http/metrics/labelled.ts'
import { readExposition } from '../../support/http/exposition.ts'

describe('expositionText()', () => {
  it.each(['plain', 'a"b', 'a\\b', 'a\nb', '\\n', '"', 'a}b', 'a,b="c"', 'ü✓', ' ', ''])(
    'carries the label %j',
    value => {
      const text = expositionText([
        { name: 'x', type: 'gauge', help: 'h', samples: [{ labels: { arm: value }, value: 1 }] },
      ])
      expect(readExposition(text).get('x')?.samples).toEqual([{ name: 'x', labels: { arm: value }, value: 1 }])
    },
  )

  it.each([0, -0.5, 1e-9, 1e21, 123456789.125, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NaN])(
    'carries the value %d',
    value => {
      const text = expositionText([{ name: 'x', type: 'gauge', help: 'two\nlines', samples: [{ value }] }])
      expect(readExposition(text).get('x')?.samples[0]?.value).toBe(value)
    },
  )

  it('writes what has no samples yet with its name and type', () => {
    const text = expositionText([{ name: 'x_total', type: 'counter', help: 'none yet', samples: [] }])
    expect(text).toBe('# HELP x_total none yet\n# TYPE x_total counter\n')
  })
})

describe('readExposition()', () => {
  it.each([
    'x 1',
    '# TYPE x gauge\nx 1\n',
    '# HELP x h\n# TYPE x gauge\nx 1\nx 2\n',
    '# HELP x h\n# TYPE x gauge\ny 1\n',
  ])('would refuse %j', text => expect(() => readExposition(text)).toThrow())

  it('would refuse a label that is not escaped', () => {
    expect(() => readExposition('# HELP x h\n# TYPE x gauge\nx{a="b"c"} 1\n')).toThrow('No labels')
  })
})

describe('Histogram', () => {
  it('cumulates; a duration on a bound lies below it', () => {
    const histogram = new Histogram()
    for (const seconds of [0, 0.0005, 0.0006, 0.3, 99]) histogram.observe(seconds)
    const samples = histogram.samples({ route: '/assign' })
    const buckets = samples.filter(({ suffix }) => suffix === '_bucket')
    expect(buckets.map(({ labels }) => labels?.le)).toEqual([...DURATION_BUCKETS.map(String), '+Inf'])
    expect(buckets.map(({ value }) => value)).toEqual([2, 3, 3, 3, 3, 3, 3, 3, 3, 4, 4, 4, 4, 4, 5])
    expect(samples.slice(-2)).toEqual([
      { suffix: '_sum', labels: { route: '/assign' }, value: 0 + 0.0005 + 0.0006 + 0.3 + 99 },
      { suffix: '_count', labels: { route: '/assign' }, value: 5 },
    ])
  })
})

describe('Labelled', () => {
  it('keeps one child for each three labels', () => {
    const labelled = new Labelled(() => ({ value: 0 }))
    labelled.at('a', 'b', 'c').value += 1
    labelled.at('a', 'b', 'c').value += 1
    labelled.at('a', 'b', 'd').value += 1
    expect([...labelled.entries()].map(([labels, { value }]) => [...labels, value])).toEqual([
      ['a', 'b', 'c', 2],
      ['a', 'b', 'd', 1],
    ])
  })

  it('has an end: what comes after shares a child', () => {
    const labelled = new Labelled(() => ({ value: 0 }), 3)
    for (let arm = 0; arm < 100; arm++) labelled.at('x', `arm-${arm}`, 'kept').value += 1
    labelled.at('y', 'arm', 'assigned').value += 1
    const children = [...labelled.entries()]
    expect(children.map(([labels]) => labels.join(' '))).toEqual([
      'x arm-0 kept',
      'x arm-1 kept',
      'x arm-2 kept',
      `${OTHER} ${OTHER} kept`,
      `${OTHER} ${OTHER} assigned`,
    ])
    expect(children.map(([, { value }]) => value)).toEqual([1, 1, 1, 97, 1])
  })
})
