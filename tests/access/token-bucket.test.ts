import { describe, expect, it } from 'vitest'
import { parseRate, type Rate, TokenBucket } from '../../src/access/token-bucket.ts'
import { seededRandom } from '../support/samples/random.ts'

const TEN_A_SECOND: Rate = { count: 10, windowMs: 1_000 }

describe('parseRate()', () => {
  it.each([
    ['100/s', 100, 1_000],
    ['5000/m', 5_000, 60_000],
    ['1/h', 1, 3_600_000],
    ['1000000/d', 1_000_000, 86_400_000],
  ])('reads %s', (text, count, windowMs) => {
    expect(parseRate(text)).toEqual({ count, windowMs })
  })

  it.each(['', '100', '/s', '0/s', '-1/s', '1.5/s', '1e3/s', '100/ms', '100/S', ' 100/s', '9999999999/s'])(
    'reads nothing in %j',
    text => expect(parseRate(text)).toBeNull(),
  )
})

describe('TokenBucket', () => {
  it('begins full, and fills up evenly', () => {
    const bucket = new TokenBucket(TEN_A_SECOND, 0)
    for (let times = 0; times < 10; times++) {
      expect(bucket.waitMs(0)).toBe(0)
      bucket.take(1, 0)
    }
    expect(bucket.left(0)).toBe(0)
    expect(bucket.waitMs(0)).toBeCloseTo(100)
    expect(bucket.waitMs(60)).toBeCloseTo(40)
    expect(bucket.waitMs(100)).toBe(0)
    expect(bucket.left(550)).toBe(5)
  })

  it('never holds more than it is large, however long nobody comes', () => {
    const bucket = new TokenBucket(TEN_A_SECOND, 0)
    expect(bucket.left(1e12)).toBe(10)
  })

  it('gives credit, and is paid back before it serves again', () => {
    const bucket = new TokenBucket(TEN_A_SECOND, 0)
    bucket.take(110, 0)
    expect(bucket.left(0)).toBe(0)
    expect(bucket.waitMs(0, 0)).toBeCloseTo(10_000)
    expect(bucket.waitMs(0)).toBeCloseTo(10_100)
    expect(bucket.waitMs(10_100)).toBeCloseTo(0)
  })

  it('is not moved by a clock that is set back', () => {
    const bucket = new TokenBucket(TEN_A_SECOND, 10_000)
    bucket.take(10, 10_000)
    expect(bucket.left(0)).toBe(0)
    expect(bucket.left(500)).toBe(5)
  })

  it('serves at most the bucket and the rate in any time, no matter who asks when', () => {
    const random = seededRandom(3)
    const bucket = new TokenBucket(TEN_A_SECOND, 0)
    let [now, served] = [0, 0]
    while (now < 60_000) {
      now += 200 * random()
      if (bucket.waitMs(now) > 0) continue
      bucket.take(1, now)
      served += 1
    }
    // Without the bucket it would be 600 more or less by chance; with it, never more than what was
    // there and what came.
    expect(served).toBeLessThanOrEqual(10 + now / 100)
    expect(served).toBeGreaterThan(500)
  })
})
