// The recordings have the published counts. The files lie beside the repository, not in it.
import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { readRecording } from '../../scripts/replay/recordings.ts'
import type { DatedRecording } from '../../scripts/replay/replay-days.ts'
import { publishedCounts } from '../../src/cli/demo/published-counts.ts'
import { outcomesIn, type Recording, unitNames } from '../../src/cli/demo/recording.ts'

interface Moments {
  readonly n: number
  readonly mean: number
}
interface Expected {
  readonly hillstrom: {
    readonly n: Record<string, number>
    readonly visit: { readonly sum: Record<string, number> }
    readonly conversion: { readonly sum: Record<string, number> }
    readonly spend: { readonly sum: Record<string, number> }
  }
  readonly tanf_dc: { readonly n: Record<string, number>; readonly success: Record<string, number> }
  readonly star_kindergarten: Record<string, Moments>
}

const dataFolder = fileURLToPath(new URL('../../../shared/data', import.meta.url))
const expected = readExpected()
const options = { dataFolder, seed: null, dayMs: 40, isSameDay: false }

function readExpected(): Expected | null {
  const path = `${dataFolder}/expected.json`
  if (existsSync(path)) return JSON.parse(readFileSync(path, 'utf8')) as Expected
  console.warn(`SKIPPED: the recordings of real experiments, because ${path} is missing`)
  return null
}

/** Per arm, the values of a metric in the order of dealing; 0 where there is none. */
function valuesOf({ outcomes }: Recording, metric: string): number[][] {
  return [...outcomes.values()].map(ofArm =>
    ofArm.map(({ rewards }) => rewards.find(reward => reward.metric === metric)?.value ?? 0),
  )
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}

function sumsOf(recording: Recording, metric: string): number[] {
  return valuesOf(recording, metric).map(sum)
}

function sizesOf({ outcomes }: Recording): number[] {
  return [...outcomes.values()].map(ofArm => ofArm.length)
}

function inOrder<Value>(byArm: Record<string, Value> | undefined, arms: readonly string[]): (Value | undefined)[] {
  return arms.map(arm => byArm?.[arm])
}

/** All values lie in the range of their metric, so that the service clips nothing. */
function expectNothingClipped(recording: Recording): void {
  for (const { key, range = [0, 1] } of recording.definition.metrics) {
    const values = valuesOf(recording, key).flat()
    const [lowest, highest] = [Math.min(...values), values.reduce((most, value) => Math.max(most, value), 0)]
    expect(lowest).toBeGreaterThanOrEqual(range[0])
    expect(highest).toBeLessThanOrEqual(range[1])
  }
}

const read = new Map<string, Recording>()

/** Each file is read once: parsing takes seconds. */
function recordingOf(words: string): Recording {
  const recording = read.get(words) ?? readRecording(words.split(' '), options)
  read.set(words, recording)
  return recording
}

describe.skipIf(expected === null)('readRecording()', () => {
  it('hillstrom has the customers, visits, orders and dollars of each e-mail', () => {
    const recording = recordingOf('hillstrom')
    const segments = ['No E-Mail', 'Mens E-Mail', 'Womens E-Mail']
    const { n, visit, conversion, spend } = expected?.hillstrom ?? {}
    // The first customer of the file had the women's e-mail, so nothing but the loader decides the
    // order of the arms.
    expect([...recording.outcomes.keys()]).toEqual(['control', 'mens', 'womens'])
    expect(sizesOf(recording)).toEqual(inOrder(n, segments))
    expect(sumsOf(recording, 'visit')).toEqual(inOrder(visit?.sum, segments))
    expect(sumsOf(recording, 'conversion')).toEqual(inOrder(conversion?.sum, segments))
    sumsOf(recording, 'spend').forEach((dollars, arm) => {
      expect(dollars).toBeCloseTo(spend?.sum[segments[arm] ?? ''] ?? Number.NaN, 2)
    })
    expectNothingClipped(recording)
  })

  it('star has the pupils and the mean score of each kind of class', () => {
    const recording = recordingOf('star')
    const published = inOrder(expected?.star_kindergarten, ['regular', 'small', 'regular+aide'])
    expect(sizesOf(recording)).toEqual(published.map(moments => moments?.n))
    valuesOf(recording, 'score').forEach((scores, arm) => {
      expect(sum(scores) / scores.length).toBeCloseTo(published[arm]?.mean ?? Number.NaN, 6)
    })
    expectNothingClipped(recording)
  })

  it('tanf has the letters and successes of each arm, without the unknown ones', () => {
    const recording = recordingOf('tanf')
    const conditions = ['No_Letter', 'Open_Appt', 'Specific_Appt']
    expect(sizesOf(recording)).toEqual(inOrder(expected?.tanf_dc.n, conditions))
    expect(sumsOf(recording, 'recertified')).toEqual(inOrder(expected?.tanf_dc.success, conditions))
  })

  it('tanf is in the real order of its letters, and its window is 75 days', () => {
    const { days, outcomes, definition } = recordingOf('tanf') as DatedRecording
    expect([...new Set(days)]).toEqual([0, 29, 60, 88, 116])
    for (const ofArm of outcomes.values()) {
      expect(ofArm.map(({ day }) => day)).toEqual(ofArm.map(({ day }) => day).toSorted((a, b) => a - b))
    }
    expect(definition.metrics[0]?.window).toBe('3000ms')
  })

  it("tanf's delays run from −317 to 231 days; a success without a date has their median", () => {
    const { outcomes } = recordingOf('tanf') as DatedRecording
    const successes = [...outcomes.values()].flat().filter(({ rewards }) => rewards.length > 0)
    const delays = successes.map(({ delayDays }) => delayDays).toSorted((a, b) => a - b)
    expect([delays.length, delays[0], delays.at(-1)]).toEqual([1541, -317, 231])
    expect(delays[Math.floor(delays.length / 2)]).toBe(28)
    expect(delays.filter(delay => delay < 0)).toHaveLength(69)
    expect(delays.filter(delay => delay > 75)).toHaveLength(29)
  })

  it('upworthy expands impressions and clicks, and the headline is the payload', () => {
    const recording = recordingOf('upworthy 54d1967c63666200191c0000')
    const first = recording.definition.arms[0]
    expect(first?.key).toBe('headline-1')
    expect(first?.payload).toEqual({ headline: expect.stringContaining('My Mom Forced Me To Study') })
    expect([sizesOf(recording)[0], sumsOf(recording, 'click')[0]]).toEqual([2188, 14])
    expect(recording.definition.arms).toHaveLength(recording.outcomes.size)
  })

  it('shuffles upworthy and tanf unless told otherwise, by a seed that the description tells', () => {
    const clicks = valuesOf(recordingOf('upworthy 54d1967c63666200191c0000'), 'click')[0] ?? []
    expect(clicks.slice(0, 14)).not.toEqual(new Array(14).fill(1))
    expect(recordingOf('tanf').definition.description).toContain('shuffled by seed 1')
    expect(recordingOf('star').definition.description).not.toContain('shuffled')
  })

  it('says which tests there are', () => {
    expect(() => readRecording(['upworthy'], options)).toThrow('Which test? The file has 2297 of them')
    expect(() => readRecording(['upworthy', 'x'], options)).toThrow('There is no test "x"')
  })
})

describe('readRecording() without data', () => {
  it('names the data sets, and the file that it misses', () => {
    expect(() => readRecording(['criteo'], options)).toThrow(
      'There is no data set "criteo". Name one of hillstrom, tanf, upworthy, star',
    )
    expect(() => readRecording(['__proto__'], options)).toThrow('There is no data set')
    expect(() => readRecording(['star', 'small'], options)).toThrow('Cannot understand "small"')
    expect(() => readRecording(['star'], { ...options, dataFolder: '/nowhere' })).toThrow(
      /Cannot read .*STAR\.csv\.gz \(ENOENT\).*npx --no pinwheel demo/,
    )
  })
})

describe('publishedCounts()', () => {
  it("has the counts of Hillstrom's table", () => {
    const recording = publishedCounts()
    expect([...recording.outcomes.keys()]).toEqual(['control', 'mens', 'womens'])
    expect(sizesOf(recording)).toEqual([21_306, 21_307, 21_387])
    expect(sumsOf(recording, 'visit')).toEqual([2_262, 3_894, 3_238])
    expect(outcomesIn(recording)).toBe(64_000)
  })
})

it('unitNames() are stable and sort as they come', () => {
  expect(unitNames({ name: 'hillstrom' }, 17).at(-1)).toBe('hillstrom-000017')
})
