import { describe, expect, it } from 'vitest'
import { SECTIONS, sectionsJson, shownSections } from '../../../../src/bandit/report/sections/registry.ts'
import { htmlReport } from '../../../../src/views/html/html-report.ts'
import { textReport } from '../../../../src/views/text/text-report.ts'
import { seededRandom } from '../../../support/samples/random.ts'
import { emptyReport, randomReport, sampleReport } from '../../../support/samples/sample-reports.ts'

describe('the registry of sections', () => {
  it('has each key once', () => {
    const keys = SECTIONS.map(({ key }) => key)
    expect(new Set(keys).size).toBe(keys.length)
    expect(Object.keys(sectionsJson(sampleReport()))).toEqual(keys)
  })

  it('has sections whose JSON is as their schemas say, whatever the report', () => {
    const random = seededRandom(8)
    const reports = [sampleReport(), emptyReport(), ...Array.from({ length: 20 }, () => randomReport(random))]
    for (const report of reports) {
      const json = JSON.parse(JSON.stringify(sectionsJson(report)))
      for (const { key, schema } of SECTIONS) expect(schema.safeParse(json[key]).error, key).toBeUndefined()
    }
  })

  it('has sections that stand in the text and in the HTML where they say what is to be shown', () => {
    const report = sampleReport()
    const shown = shownSections(report)
    expect(shown.length).toBeGreaterThan(0)
    for (const { title } of shown) {
      expect(textReport(report)).toContain(`\n\n${title}\n`)
      expect(htmlReport(report)).toContain(`<h2>${title}</h2>`)
    }
  })
})
