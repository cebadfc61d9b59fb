import { describe, expect, it } from 'vitest'
import type { Shown } from '../../../src/bandit/report/sections/section.ts'
import { shownLines } from '../../../src/views/text/text-shown.ts'
import { HOSTILE } from '../../support/samples/sample-reports.ts'

const SHOWN: Shown = {
  title: 'Visits by day',
  table: {
    caption: 'All days.',
    columns: [
      { head: 'day', kind: 'word' },
      { head: 'visits', kind: 'number' },
      { head: 'what', kind: 'word' },
    ],
    rows: [
      ['Mon', '1,200', 'a few words that need more than one line'],
      ['Tuesday', '7', ''],
    ],
  },
  sentences: ['That is all.'],
  link: null,
}

describe('shownLines()', () => {
  it('aligns columns, and breaks the last one', () => {
    expect(shownLines(SHOWN, 40)).toEqual([
      'Visits by day',
      '  day      visits  what',
      '  Mon       1,200  a few words that need',
      '                   more than one line',
      '  Tuesday       7',
      '  All days.',
      '  That is all.',
    ])
  })

  it('has no table where there is none', () => {
    expect(shownLines({ ...SHOWN, table: null }, 40)).toEqual(['Visits by day', '  That is all.'])
  })

  it('fits the width and obeys nothing, whatever it is told', () => {
    const table = { caption: HOSTILE, columns: SHOWN.table?.columns ?? [], rows: [[HOSTILE, HOSTILE, HOSTILE]] }
    for (const line of shownLines({ title: HOSTILE, table, sentences: [HOSTILE], link: null }, 100)) {
      expect([...line].length).toBeLessThanOrEqual(100)
      expect(line).not.toMatch(/\p{Cc}|\u202e|\s$/u)
    }
  })
})
