import { describe, expect, it } from 'vitest'
import { csvReport } from '../../../src/views/csv/csv-report.ts'
import { seededRandom } from '../../support/samples/random.ts'
import { armReport, randomReport, sampleReport } from '../../support/samples/sample-reports.ts'

/** RFC 4180, read strictly. */
function parse(csv: string): string[][] {
  return csv
    .split(/\r\n(?=(?:[^"]*"[^"]*")*[^"]*$)/)
    .slice(0, -1)
    .map(line =>
      [...line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^",]*))/g)].map(
        ([, quoted, bare = '']) => quoted?.replaceAll('""', '"') ?? bare,
      ),
    )
}

describe('csvReport()', () => {
  it('has a row for each arm under stable names in camelCase', () => {
    const [head = [], ...rows] = parse(csvReport(sampleReport()))
    expect(head.slice(0, 5)).toEqual(['experiment', 'version', 'generatedAt', 'metric', 'arm'])
    for (const name of head) expect(name).toMatch(/^[a-z]+([A-Z][a-z]*)*$/)
    expect(rows.map(row => row[head.indexOf('arm')])).toEqual(['control', 'mens', 'womens'])
    for (const row of rows) expect(row).toHaveLength(head.length)
  })

  it('gives numbers in full, and nothing for what is absent or infinite', () => {
    const [head = [], control = [], mens = []] = parse(csvReport(sampleReport()))
    const at = (row: string[], name: string) => row[head.indexOf(name)]
    expect(at(mens, 'mean')).toBe(String(7530 / 41_210))
    expect(at(mens, 'absoluteLift')).toBe('0.0766')
    expect(at(mens, 'eValue')).toBe('')
    expect(Number(at(mens, 'logEValue'))).toBeGreaterThan(900)
    expect(at(control, 'absoluteLift')).toBe('')
    expect(at(control, 'verdict')).toBe('')
  })

  it('quotes what needs it', () => {
    const [head = [], , row = []] = parse(
      csvReport(sampleReport({ arms: [armReport('a', { isControl: true }), armReport('b,"c"\r\nd')] })),
    )
    expect(row[head.indexOf('arm')]).toBe('b,"c"\r\nd')
  })

  it('has no words for numbers that are none', () => {
    const random = seededRandom(21)
    for (let round = 0; round < 100; round++)
      expect(csvReport(randomReport(random))).not.toMatch(/NaN|undefined|null|Infinity/)
  })
})
