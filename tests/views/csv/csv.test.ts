import { parse } from 'csv-parse/sync'
import { describe, expect, it } from 'vitest'
import { csvText } from '../../../src/views/csv/csv.ts'

describe('csvText()', () => {
  it.each<[text: string, cell: string]>([
    ['=1+1', "'=1+1"],
    ['+49 30 1234', "'+49 30 1234"],
    ['-1', "'-1"],
    ['@SUM(A1)', "'@SUM(A1)"],
    ['\t=1', "'\t=1"],
    ['\r=1', '"\'\r=1"'],
    ['=HYPERLINK("http://x","y")', '"\'=HYPERLINK(""http://x"",""y"")"'],
    ['-', "'-"],
  ])('keeps a spreadsheet from running %j', (text, cell) => {
    expect(csvText(text)).toBe(cell)
  })

  it.each(['', 'u-17', '17', 'a=1', ' =1', "'", "'=1", 'é', '2026-11-22T10:05:00Z'])('leaves %j as it is', text => {
    expect(csvText(text)).toBe(text)
  })

  it('quotes as RFC 4180 asks', () => {
    for (const text of ['a,b', '"', 'line\nbreak', 'line\r\nbreak', '"a","b"']) {
      expect(parse(`${csvText(text)},end\r\n`)).toEqual([[text, 'end']])
    }
  })
})
