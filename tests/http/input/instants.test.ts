import { describe, expect, it } from 'vitest'
import { instantFault, instantOf } from '../../../src/http/input/instants.ts'

describe('instantFault()', () => {
  it.each<[time: string, instant: number]>([
    ['2026-11-22T10:05:00Z', Date.UTC(2026, 10, 22, 10, 5)],
    ['2026-11-22t10:05:00z', Date.UTC(2026, 10, 22, 10, 5)],
    ['2026-11-22T10:05:00z', Date.UTC(2026, 10, 22, 10, 5)],
    ['2026-11-22t10:05:00.25+01:00', Date.UTC(2026, 10, 22, 9, 5, 0, 250)],
    ['2026-11-22T10:05:00.123999Z', Date.UTC(2026, 10, 22, 10, 5, 0, 123)],
    ['2026-11-22T10:05:00-11:30', Date.UTC(2026, 10, 22, 21, 35)],
  ])('finds none in %s', (time, instant) => {
    expect(instantFault(time)).toBeNull()
    expect(instantOf(time)).toBe(instant)
  })

  it.each(['2026-11-22T10:05:00', '2026-11-22t10:05:00', '2026-11-22T10:05:00.123', '2026-11-22T10:05'])(
    'says that the zone is missing in %s',
    time => {
      expect(instantFault(time)).toBe('has no time zone; write 2026-11-22T10:05:00Z')
    },
  )

  it.each<unknown>([
    'yesterday',
    '',
    '2026-11-22',
    '2026-02-30T10:05:00',
    '2026-02-30T10:05:00Z',
    '2026-11-22 10:05:00Z',
    '2026-11-22T25:00:00Z',
    '2026-11-22T10:05:00+1',
    1_700_000_000,
    null,
    undefined,
    {},
  ])('says what a time is of %j', time => {
    expect(instantFault(time)).toBe('must be a time like 2026-11-22T10:05:00Z')
  })
})
