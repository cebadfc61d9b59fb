import { describe, expect, it } from 'vitest'
import { ARM_COLOURS, paletteCss } from '../../../src/views/svg/palette.ts'

/** WCAG 2.2 contrast of two colours like #1b1e23. */
function contrast(one: string, other: string): number {
  const luminance = (colour: string) => {
    const [red = 0, green = 0, blue = 0] = [1, 3, 5].map(from => {
      const share = Number.parseInt(colour.slice(from, from + 2), 16) / 255
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4
    })
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
  }
  const [darker = 0, lighter = 0] = [luminance(one), luminance(other)].sort((a, b) => a - b)
  return (lighter + 0.05) / (darker + 0.05)
}

describe('paletteCss()', () => {
  it('gives text enough contrast, in light, in dark and on paper', () => {
    const themes = [...paletteCss(':root').matchAll(/\{(?:color-scheme:[a-z ]+;)?(--[^}]*)\}/g)].map(
      ([, body = '']) => new Map(body.split(';').map(rule => rule.split(':') as [string, string])),
    )
    expect(themes).toHaveLength(3)
    for (const theme of themes) {
      const on = (paper: string, ink: string) => contrast(theme.get(`--${paper}`) ?? '', theme.get(`--${ink}`) ?? '')
      for (const ink of ['ink', 'soft', 'better', 'worse', 'undecided', ...ARM_COLOURS])
        expect(on('paper', ink), ink).toBeGreaterThan(4.5)
      for (const ink of ['ink', 'better', 'worse', 'arm1']) expect(on('shade', ink), ink).toBeGreaterThan(4.5)
      expect(on('paper', 'zero')).toBeGreaterThan(3)
    }
    expect(contrast('#ffffff', '#e2e5ea')).toBeLessThan(4.5)
  })
})
