import { describe, expect, it } from 'vitest'
import { judgeGuardrail } from '../../../src/bandit/metrics/guardrail.ts'
import { htmlReport } from '../../../src/views/html/html-report.ts'
import { seededRandom } from '../../support/samples/random.ts'
import {
  armReport,
  emptyReport,
  HOSTILE,
  liftOf,
  manyArms,
  randomReport,
  sampleReport,
  UNSUBSCRIBE,
} from '../../support/samples/sample-reports.ts'
import { xmlFault } from '../../support/well-formed.ts'

/** HTML whose void elements are closed, so that the check for XML can read it. */
const asXml = (page: string) =>
  page
    .replace('<!doctype html>', '')
    .replace(/<(meta|wbr)\b([^>]*)>/g, '<$1$2/>')
    .replace(/<style>[^<]*<\/style>/, '<style></style>')

describe('htmlReport()', () => {
  it('says which p a verdict needs where several lifts share alpha', () => {
    const three = manyArms(4, seededRandom(5))
    expect(htmlReport(sampleReport({ arms: three }))).toContain('A verdict needs p ≤ 0.0167 (0.05 over 3 lifts).')
    expect(htmlReport(sampleReport({ arms: three.slice(0, 2) }))).not.toContain('A verdict needs')
  })

  it('is whole: every element closed, every text escaped, whatever the report', () => {
    const random = seededRandom(41)
    for (let round = 0; round < 100; round++) {
      const page = htmlReport(randomReport(random))
      expect(xmlFault(asXml(page))).toBeNull()
      expect(page).not.toMatch(/NaN|undefined|\bnull\b|Infinity|\[object/)
    }
  })

  it('asks no other host for anything and runs nothing', () => {
    const page = htmlReport(sampleReport()).replaceAll('xmlns="http://www.w3.org/2000/svg"', '')
    expect(page).not.toMatch(/https?:|url\(|@import|<script|<link|<img|<iframe|\son\w+=|\sstyle=/)
    for (const [, address] of page.matchAll(/href="([^"]*)"/g))
      expect(address).toMatch(/^report\.(txt|csv|svg|json)\?metric=visit$/)
  })

  it('escapes hostile text in every place', () => {
    const arms = [armReport(HOSTILE, { isControl: true }), armReport(`${HOSTILE}2`, { lift: liftOf([0.1, -0.1, 0.3]) })]
    const page = htmlReport(
      sampleReport({
        experiment: HOSTILE,
        description: HOSTILE,
        arms,
        notes: [HOSTILE],
        recommendation: { action: 'ship', arm: HOSTILE, arms: [HOSTILE], why: HOSTILE },
      }),
    )
    expect(page).not.toMatch(/<script|(?!\n)\p{Cc}|\p{Surrogate}/u)
    expect(page).toContain('&lt;script&gt;alert(&quot;1&quot;)')
    expect(xmlFault(asXml(page))).toBeNull()
  })

  it('works on a phone, in the dark and on paper', () => {
    const page = htmlReport(sampleReport())
    expect(page).toContain('<meta name="viewport" content="width=device-width,initial-scale=1">')
    for (const medium of ['(prefers-color-scheme:dark)', 'print', '(max-width:640px)'])
      expect(page).toContain(`@media ${medium}`)
  })

  it('gives every table a caption, and a head to every row', () => {
    const page = htmlReport(sampleReport())
    const tables = page.split('<table>').slice(1)
    expect(tables).toHaveLength(5)
    for (const table of tables) expect(table).toMatch(/^<caption><span>[^<]+<\/span><\/caption>/)
    expect(page.match(/<th scope="row">/g)).toHaveLength(3 + 2 + 2 + 3 + 2)
  })

  it('says what a guardrail tolerates and marks its margin in its plots; zero is marked anyway', () => {
    const guarded = (margin: number) =>
      htmlReport(
        sampleReport({ guardrails: [judgeGuardrail({ ...UNSUBSCRIBE, margin }, 'mens', liftOf([0, -0.02, 0.02]))] }),
      )
    const page = guarded(0.01)
    expect(page).toContain('<h2>Guardrail unsubscribe: at most 1 pp worse than control; higher is worse</h2>')
    expect(page).toContain('The dashed line is the margin: harmed when')
    expect(page.match(/<path class="margin"/g)).toHaveLength(2)
    expect(guarded(0)).toContain('Zero is the margin: harmed when')
    expect(guarded(0)).not.toContain('<path class="margin"')
  })

  it('gives ids that are each the only one of their kind', () => {
    const ids = [...htmlReport(sampleReport()).matchAll(/\sid="([^"]*)"/g)].map(([, id]) => id)
    expect(new Set(ids).size).toBe(ids.length)
  })

  it('names confidence sequence, credible interval and belief for what they are', () => {
    const page = htmlReport(sampleReport())
    expect(page).toContain('<strong>Ship mens</strong>')
    expect(page).toContain('95 % credible interval')
    expect(page).toContain('95 % confidence sequence')
    expect(page).toContain('no evidence')
  })

  it('says what is missing before the first unit, without a plot', () => {
    const page = htmlReport(emptyReport())
    expect(page).toContain('Nothing to compare yet: no unit has been assigned.')
    expect(page).not.toMatch(/<svg|∞/)
  })

  it('carries 200 arms', () => {
    expect(
      htmlReport(sampleReport({ arms: manyArms(200, seededRandom(8)), guardrails: [] })).match(/<th scope="row">/g),
    ).toHaveLength(599 + 2)
  })
})
