// The colours of the pages and of the plots, in light and in dark: one for better, one for worse,
// grey for undecided, and a few that tell arms apart and mean nothing else; the first of these also
// marks what can be clicked. Text in them has a contrast of at least
// 4.5 against the paper.

const LIGHT = {
  paper: '#ffffff',
  shade: '#f5f6f8',
  ink: '#1b1e23',
  soft: '#5b6370',
  hair: '#e2e5ea',
  zero: '#7b8390',
  better: '#0b7355',
  worse: '#b93b0c',
  undecided: '#6a7280',
  arm1: '#1d63c9',
  arm2: '#8a3fc2',
  arm3: '#8f6400',
  arm4: '#b32d78',
  arm5: '#0b7285',
} as const

export type Colour = keyof typeof LIGHT

const DARK: Readonly<Record<Colour, string>> = {
  paper: '#15181c',
  shade: '#1d2126',
  ink: '#e8eaed',
  soft: '#a0a8b3',
  hair: '#2d333a',
  zero: '#8a929e',
  better: '#4cc9a0',
  worse: '#ff9166',
  undecided: '#9aa2ae',
  arm1: '#79aefc',
  arm2: '#c39bf7',
  arm3: '#dcb04c',
  arm4: '#f48cc4',
  arm5: '#56c5da',
}

/** Those that tell arms apart. */
export const ARM_COLOURS = ['arm1', 'arm2', 'arm3', 'arm4', 'arm5'] as const satisfies readonly Colour[]

/** The colours as custom properties of `selector`: as the reader prefers, and light on paper. */
export function paletteCss(selector: string): string {
  const properties = (colours: Readonly<Record<Colour, string>>) =>
    Object.entries(colours)
      .map(([name, value]) => `--${name}:${value}`)
      .join(';')
  return [
    `${selector}{color-scheme:light dark;${properties(LIGHT)}}`,
    `@media (prefers-color-scheme:dark){${selector}{${properties(DARK)}}}`,
    `@media print{${selector}{color-scheme:light;${properties(LIGHT)}}}`,
  ].join('\n')
}

/** A declaration, twice: viewers of SVG that know no custom properties keep the light colour. */
export function paint(property: 'fill' | 'stroke', colour: Colour): string {
  return `${property}:${LIGHT[colour]};${property}:var(--${colour})`
}
