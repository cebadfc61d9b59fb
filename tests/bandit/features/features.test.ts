import { describe, expect, it } from 'vitest'
import { featureChangeFaults } from '../../../src/bandit/features/change-features.ts'
import { encode, missingColumns } from '../../../src/bandit/features/encode.ts'
import { columnNames, dimensionOf, type Feature } from '../../../src/bandit/features/feature.ts'
import { completeFeature, type FeatureInput, featureFaults } from '../../../src/bandit/features/feature-input.ts'
import { bucketOf, hashText } from '../../../src/bandit/features/hash-bucket.ts'
import { type KeptValue, keepContext } from '../../../src/bandit/features/keep-context.ts'
import { segmentsOf, segmentsOfUnit } from '../../../src/bandit/features/segment.ts'
import { expectGolden, readGolden } from '../../support/samples/golden.ts'
import { seededRandom } from '../../support/samples/random.ts'

interface Golden {
  readonly features: readonly FeatureInput[]
  readonly dimension: number
  readonly hashes: readonly { readonly text: string; readonly hash: number }[]
  readonly cases: readonly {
    readonly name: string
    readonly context: Record<string, unknown>
    readonly expected: {
      readonly kept: readonly KeptValue[]
      readonly notes: readonly (readonly [string, string])[]
      readonly x: readonly number[]
    }
  }[]
}

const golden = readGolden<Golden>('context/encode')
const declared = golden.features.map(completeFeature)

describe('the golden contexts', () => {
  it('hashText() gives the hashes', () => {
    for (const { text, hash } of golden.hashes) expect(hashText(text)).toBe(hash)
    expect(bucketOf('city', 'Zürich', 4)).toBe(626179190 % 4)
  })

  it.each(golden.cases)('keepContext() and encode() understand "$name"', ({ name, context, expected }) => {
    // JSON has no NaN: the file has null where the reference had it.
    const sent = name === 'numbers that are none' ? { ...context, spent: Number.NaN } : context
    const { kept, faults } = keepContext(declared, sent)
    expect(kept).toEqual(expected.kept)
    expect(faults).toEqual(expected.notes.map(([feature, fault]) => ({ feature, fault })))
    const x = encode(declared, kept)
    expect(x).toHaveLength(golden.dimension)
    expected.x.forEach((value, place) => {
      expectGolden(x[place], value)
    })
  })

  it('have named columns', () => {
    expect(columnNames(declared)).toEqual([
      '1',
      ...['channel=web', 'channel=phone', 'channel=store', 'channel=other'],
      ...['recency', 'recency missing', 'spent', 'spent missing', 'member'],
      ...['city#0', 'city#1', 'city#2', 'city#3'],
    ])
    expect(columnNames(declared)).toHaveLength(dimensionOf(declared))
  })
})

describe('keepContext()', () => {
  it('takes a context that is missing for one without values, and no fault', () => {
    for (const context of [undefined, null, {}]) {
      expect(keepContext(declared, context)).toEqual({ kept: [null, null, null, null, null], faults: [] })
    }
  })

  it.each([
    ['a list', [1], 'not-an-object'],
    ['a text', 'web', 'not-an-object'],
    ['a number', 3, 'not-an-object'],
  ] as const)('names %s in the place of a context', (_, context, fault) => {
    expect(keepContext(declared, context).faults).toEqual([{ feature: null, fault }])
  })

  it('takes more than 8 KiB for missing', () => {
    expect(keepContext(declared, { channel: 'web' }, 8192).faults).toEqual([])
    expect(keepContext(declared, { channel: 'web' }, 8193)).toEqual({
      kept: [null, null, null, null, null],
      faults: [{ feature: null, fault: 'too-large' }],
    })
  })

  it('reads no inherited property, and names nested values, 10⁴⁰⁰ and long texts', () => {
    const odd = [
      { key: 'constructor', type: 'categorical', levels: ['a'] },
      { key: 'tostring', type: 'boolean' },
    ] as const
    expect(keepContext(odd.map(completeFeature), {}).faults).toEqual([])
    const parsed: unknown = JSON.parse('{"recency": 1e400, "channel": {"web": 1}, "member": [true], "__proto__": 3}')
    expect(keepContext(declared, parsed).faults.map(({ fault }) => fault)).toEqual([
      'not-a-text',
      'not-a-number',
      'not-a-boolean',
    ])
    expect(keepContext(declared, { city: 'x'.repeat(257) }).faults).toEqual([{ feature: 'city', fault: 'too-large' }])
    expect(keepContext(declared, { city: 'x'.repeat(256) }).faults).toEqual([])
  })

  it('neither reads nor keeps what is retired', () => {
    const retired = declared.map(feature => ({ ...feature, retired: true }))
    expect(keepContext(retired, { channel: 'fax', recency: 4 })).toEqual({
      kept: [null, null, null, null, null],
      faults: [],
    })
  })

  it('is idempotent: what is kept of a number is kept as it is', () => {
    const random = seededRandom(31)
    const feature = completeFeature({ key: 'v', type: 'numeric', range: [-3.3, 7.1], step: 0.7 })
    for (let round = 0; round < 500; round++) {
      const { kept } = keepContext([feature], { v: 14 * random() - 5 })
      expect(kept[0]).toBeGreaterThanOrEqual(-3.3)
      expect(kept[0]).toBeLessThanOrEqual(7.1)
      expect(keepContext([feature], { v: kept[0] })).toEqual({ kept, faults: [] })
    }
  })
})

describe('encode()', () => {
  it('keeps the columns of older snapshots when features are appended and retired', () => {
    const appended = completeFeature({ key: 'age', type: 'numeric', range: [0, 100] })
    const more = [...declared.map(feature => ({ ...feature, retired: true })), appended]
    const { kept } = keepContext(declared, golden.cases[0]?.context)
    const [before, after] = [encode(declared, kept), encode(more, kept)]
    expect([...after.subarray(0, before.length)]).toEqual([...before])
    expect([...after.subarray(before.length)]).toEqual([...missingColumns([appended])])
    expect([...encode(more, kept, before.length)]).toEqual([...before])
  })
})

const CORRECT: readonly FeatureInput[] = [
  { key: 'channel', type: 'categorical', levels: ['web', 'phone'], segment: true },
  { key: 'recency', type: 'numeric', range: [1, 12], scale: 'log', step: 1 },
  { key: 'member', type: 'boolean', segment: true },
  { key: 'city', type: 'hashed', buckets: 8 },
]

function pathsOf(features: readonly unknown[], arms = 3): string[] {
  return featureFaults(features as FeatureInput[], arms).map(({ path }) => path)
}

describe('featureFaults()', () => {
  it('finds none in correct features', () => {
    expect(featureFaults(CORRECT, 3)).toEqual([])
    expect(featureFaults([], 200)).toEqual([])
  })

  it('names every fault at once, by path', () => {
    const faults = pathsOf([
      { key: 'Channel', type: 'categorical', levels: ['web', 'web'] },
      { key: 'recency', type: 'numeric', range: [12, 1] },
      { key: 'recency', type: 'numeric', range: [0, 1], step: 2, segment: true },
      { key: 'spent', type: 'numeric' },
      { key: 'city', type: 'hashed', buckets: 1.5, levels: ['a'] },
      { key: 'none', type: 'categorical', levels: [] },
      { key: 'colour', type: 'colour' },
    ])
    expect(faults).toEqual([
      'features[0].key',
      'features[0].levels[1]',
      'features[1].range',
      'features[2].segment',
      'features[2].step',
      'features[3].range',
      'features[4].levels',
      'features[4].buckets',
      'features[5].levels',
      'features[6].type',
      'features[2].key',
    ])
  })

  it.each([
    [
      'features',
      'too many features',
      Array.from({ length: 17 }, (_, place) => ({ key: `f${place}`, type: 'boolean' })),
    ],
    ['columns', 'too many columns', [{ key: 'a', type: 'hashed', buckets: 32 }]],
    ['segments', 'too many segments', [{ key: 'a', type: 'hashed', buckets: 24, segment: true }]],
  ] as const)('names %s, of which there are %s', (_, __, features) => {
    expect(pathsOf(features)).toEqual(['features'])
  })

  it('names a rule that would be too large for the arms, and says how large', () => {
    const features = [{ key: 'a', type: 'hashed', buckets: 31 } as const]
    expect(featureFaults(features, 7)).toEqual([])
    expect(featureFaults(features, 8)).toEqual([
      { path: 'features', message: '8 arms × 32 columns would need 4480 numbers a snapshot, at most 4096' },
    ])
    expect(featureFaults(features, null)).toEqual([])
  })

  it('judges nothing that could not be read', () => {
    expect(pathsOf([null, { key: null, type: 'numeric', range: null }])).toEqual([])
  })
})

describe('featureChangeFaults()', () => {
  const before = CORRECT.map(completeFeature)

  it('lets features be appended and retired', () => {
    const after = [
      ...before.map(feature => ({ ...feature, retired: true })),
      completeFeature({ key: 'x', type: 'boolean' }),
    ]
    expect(featureChangeFaults(before, after)).toEqual([])
    expect(featureChangeFaults(before, before)).toEqual([])
  })

  it('names what is taken out, moved, changed, taken back or appended with segments', () => {
    const [channel, recency, member] = before as [Feature, Feature, Feature]
    const changed = { ...recency, range: [0, 12] } as Feature
    const after = [
      { ...channel, retired: false },
      member,
      changed,
      completeFeature({ key: 'y', type: 'boolean', segment: true }),
    ]
    const paths = featureChangeFaults([{ ...channel, retired: true }, ...before.slice(1)], after).map(
      ({ path }) => path,
    )
    expect(paths).toEqual(['features[0].retired', 'features[2]', 'features[1]', 'features', 'features[3].segment'])
    expect(featureChangeFaults(before, [channel, changed, ...before.slice(2)])).toEqual([
      {
        path: 'features[1].range',
        message: 'is frozen at [1,12] since the experiment was started; append a new feature instead',
      },
    ])
  })
})

describe('segments', () => {
  it('are the levels of the marked features, and a unit is in one of each', () => {
    const features = CORRECT.map(completeFeature)
    expect(segmentsOf(features)).toEqual([
      { feature: 0, level: 'web' },
      { feature: 0, level: 'phone' },
      { feature: 0, level: 'other' },
      { feature: 2, level: 'true' },
      { feature: 2, level: 'false' },
      { feature: 2, level: 'other' },
    ])
    expect(segmentsOfUnit(features, [1, 4, false, 2])).toEqual([1, 4])
    expect(segmentsOfUnit(features, [null, 4, true, 2])).toEqual([2, 3])
    expect(segmentsOfUnit(features, [])).toEqual([2, 5])
  })
})
