import { describe, expect, it } from 'vitest'
import { intervalPlot } from '../../../src/views/svg/interval-plot.ts'
import { seededRandom } from '../../support/samples/random.ts'
import {
  armReport,
  emptyReport,
  HOSTILE,
  liftOf,
  longKey,
  manyArms,
  randomReport,
  sampleReport,
} from '../../support/samples/sample-reports.ts'
import { xmlFault } from '../../support/well-formed.ts'

describe('xmlFault()', () => {
  it('finds what is wrong, so that its silence means something', () => {
    expect(xmlFault('<a b="1"><c/>x &amp; y</a>')).toBeNull()
    for (const wrong of [
      '<a>',
      '<a></b>',
      '<a>&</a>',
      '<a>&nbsp;</a>',
      '<a b=1/>',
      '<a/><b/>',
      '<a b="1" b="2"/>',
      '<a>\u0001</a>',
      '<a b="<"/>',
    ]) {
      expect(xmlFault(wrong), wrong).not.toBeNull()
    }
  })
})

describe('intervalPlot()', () => {
  it('is well-formed, and without words for numbers that are none, whatever the report', () => {
    const random = seededRandom(31)
    for (let round = 0; round < 200; round++) {
      const svg = intervalPlot(randomReport(random))
      expect(xmlFault(svg)).toBeNull()
      expect(svg).not.toMatch(/NaN|undefined|\bnull\b|Infinity|\[object/)
    }
  })

  it('is an image with a title, a description, and a title for each arm', () => {
    const svg = intervalPlot(sampleReport())
    expect(svg).toMatch(/^<svg [^>]*role="img" aria-labelledby="plot-title plot-desc"/)
    expect(svg).toContain('<title id="plot-title">Lift in visit over control</title>')
    expect(svg).toMatch(/<desc id="plot-desc">95 % confidence sequences: .*mens: better\..*womens: better\./)
    expect(svg).toContain('<title>mens: better. Lift +7.66 pp, from +6.80 to +8.51 pp.</title>')
    expect(svg).toContain('prefers-color-scheme:dark')
  })

  it('reaches for nothing outside itself', () => {
    const svg = intervalPlot(sampleReport())
    expect(svg.replace('xmlns="http://www.w3.org/2000/svg"', '')).not.toMatch(
      /https?:|href|url\(|@import|<script|<image/,
    )
  })

  it('escapes hostile names', () => {
    const arms = [armReport('control', { isControl: true }), armReport(HOSTILE, { lift: liftOf([0.1, -0.1, 0.3]) })]
    const svg = intervalPlot(sampleReport({ arms }))
    expect(xmlFault(svg)).toBeNull()
    expect(svg).not.toContain('<script')
  })

  it('shows keys in full', () => {
    const arms = manyArms(3, seededRandom(7), longKey)
    const svg = intervalPlot(sampleReport({ arms }))
    const shown = [...svg.matchAll(/<text class="key"[^>]*>([^<]*)</g)].map(([, text]) => text).join('')
    for (const { arm } of arms.slice(1)) expect(shown).toContain(arm)
  })

  it('draws nothing but says why where there is nothing to draw', () => {
    const svg = intervalPlot(emptyReport())
    expect(svg).not.toMatch(/<path|<circle/)
    expect(svg).toContain('Nothing to compare yet')
    expect(xmlFault(svg)).toBeNull()
  })
})
