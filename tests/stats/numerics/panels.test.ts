import { describe, expect, it } from 'vitest'
import { panelEdges } from '../../../src/stats/numerics/panels.ts'
import { seededRandom } from '../../support/samples/random.ts'

describe('panelEdges()', () => {
  const bump = (mode: number, scale: number, reach = 9 * scale) => ({
    mode,
    scale,
    from: mode - reach,
    to: mode + reach,
  })

  it('covers the union of the supports with ascending panels and no gap', () => {
    const random = seededRandom(12)
    for (let round = 0; round < 50; round++) {
      const bumps = Array.from({ length: 1 + Math.floor(20 * random()) }, () =>
        bump(100 * random(), 10 ** (-9 + 10 * random())),
      )
      const edges = panelEdges(bumps)
      expect(edges[0]).toBe(Math.min(...bumps.map(({ from }) => from)))
      expect(edges.at(-1)).toBe(Math.max(...bumps.map(({ to }) => to)))
      expect(edges.every((edge, i) => i === 0 || edge > (edges[i - 1] as number))).toBe(true)
    }
  })

  it('is as fine as the sharpest bump on each panel requires', () => {
    const bumps = [bump(0, 1), bump(0.3, 1e-7), bump(5, 1e-3), bump(1000, 2)]
    const edges = panelEdges(bumps)
    for (const { mode, scale, from, to } of bumps) {
      edges.forEach((right, i) => {
        const left = edges[i - 1] ?? right
        if (left < to && right > from && left !== right)
          expect(right - left, `at ${left} for ${mode}`).toBeLessThanOrEqual(1.51 * scale)
      })
    }
    expect(edges.length).toBeLessThan(4 * 20)
  })

  it('shares panels among neighbouring bumps', () => {
    const alone = panelEdges([bump(0, 1)]).length
    const together = panelEdges(Array.from({ length: 100 }, (_, i) => bump(i / 1000, 1))).length
    expect(together).toBeLessThanOrEqual(alone + 1)
  })

  it('uses wide panels in long tails', () => {
    expect(panelEdges([bump(0, 1, 4000)]).length).toBeLessThan(80)
  })
})
