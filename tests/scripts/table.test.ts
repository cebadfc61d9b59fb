import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, describe, expect, it } from 'vitest'
import { keyFor, numberIn, readTable } from '../../scripts/replay/table.ts'
import { Failure } from '../../src/cli/terminal/failure.ts'

const folder = mkdtempSync(join(tmpdir(), 'pinwheel-table-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe('readTable()', () => {
  it('reads quoted commas, quotes and line breaks, and both line ends', () => {
    writeFileSync(join(folder, 'a.csv'), 'headline,clicks\r\n"A, ""b""\nc",3\r\nplain,4\r\n')
    expect(readTable(folder, 'a.csv', ['headline', 'clicks'])).toEqual([
      { headline: 'A, "b"\nc', clicks: '3' },
      { headline: 'plain', clicks: '4' },
    ])
  })

  it('reads gzipped files', () => {
    writeFileSync(join(folder, 'b.csv.gz'), gzipSync('x\n1\n'))
    expect(readTable(folder, 'b.csv.gz', ['x'])).toEqual([{ x: '1' }])
  })

  it('says what is missing, a file or a column', () => {
    expect(() => readTable(folder, 'none.csv', [])).toThrow(/Cannot read .*none\.csv \(ENOENT\): name the folder/)
    expect(() => readTable(folder, 'b.csv.gz', ['x', 'y', 'z'])).toThrow(/it has no column y, z/)
  })
})

it('numberIn() refuses what is no number, the empty cell too', () => {
  expect(numberIn({ spend: '29.99' }, 'spend')).toBe(29.99)
  for (const text of ['', ' ', 'NA']) expect(() => numberIn({ spend: text }, 'spend')).toThrow(Failure)
})

it('keyFor() refuses an arm that nobody knows', () => {
  expect(keyFor({ segment: 'No E-Mail' }, 'segment', { 'No E-Mail': 'control' })).toBe('control')
  expect(() => keyFor({ segment: 'Fax' }, 'segment', { 'No E-Mail': 'control' })).toThrow('its segment is "Fax"')
})
