// The computation as a person reads it: a table in Markdown.
import type { Line } from './compute.ts'

export function capacityTable(lines: readonly Line[]): string {
  const rows = lines.map(({ what, value, unit, how }) => `| ${what} | ${written(value, unit)} | ${how} |`)
  return ['| | | |', '|---|--:|---|', ...rows].join('\n')
}

const PREFIXES = ['', 'k', 'M', 'G', 'T', 'P'] as const

/** Two digits of what was computed from measurements; counts up to ten thousand as they are. */
function written(value: number, unit: string): string {
  if (unit === '') return Math.ceil(value).toLocaleString('en-US')
  if (unit === '/s') return `${Number(value.toPrecision(2)).toLocaleString('en-US')} /s`
  const step = Math.max(0, Math.floor(Math.log10(value) / 3))
  return `${Number((value / 1_000 ** step).toPrecision(2))} ${PREFIXES[step]}${unit}`
}
