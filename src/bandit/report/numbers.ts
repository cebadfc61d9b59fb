// Single numbers as people read them: counts, shares, levels, p- and e-values, instants. What is
// absent reads "–". Numbers that stand below each other in a column are notation.ts's.

export const ABSENT = '–'

/** `41,210`. */
export function formatCount(count: number | null): string {
  if (count === null || !Number.isFinite(count)) return ABSENT
  return count < 1e12 ? grouped(count.toFixed(0)) : inPowersOfTen(count)
}

/** A share or probability as percent: `18.3 %`; never 0 or 100 unless it is. */
export function formatShare(share: number | null): string {
  if (share === null || !Number.isFinite(share)) return ABSENT
  if (share > 0 && share < 0.0005) return '< 0.1 %'
  if (share < 1 && share >= 0.9995) return '> 99.9 %'
  return `${(share * 100).toFixed(1)} %`
}

/** `0.0213`, `< 0.0001`, `1`. */
export function formatPValue(pValue: number): string {
  if (pValue === 1) return '1'
  return pValue < 0.0001 ? '< 0.0001' : pValue.toFixed(4)
}

/** From its natural logarithm, which does not overflow: `0.41`, `5,120`, `> 10³⁰`. */
export function formatEValue(logEValue: number): string {
  if (logEValue >= Math.log(1e6)) return `> 10${superscript(Math.floor(logEValue / Math.LN10 + 1e-9))}`
  const eValue = Math.exp(logEValue)
  if (eValue < 0.005) return '< 0.01'
  return eValue < 999.995 ? eValue.toFixed(2) : grouped(eValue.toFixed(0))
}

/** `95 %`, `97.5 %`: as many decimals as give 1 − level two digits. */
export function formatLevel(level: number): string {
  const decimals = Math.min(8, Math.max(0, 1 - exponentOf((1 - level) * 100)))
  return `${Number((level * 100).toFixed(decimals))} %`
}

/** `2026-11-22 10:05 UTC`. */
export function formatInstant(instant: number | null): string {
  if (instant === null || !(Math.abs(instant) <= 8.64e15)) return ABSENT
  return `${new Date(instant).toISOString().slice(0, -8).replace('T', ' ')} UTC`
}

/** `2026-11-22 10:05:07`, where seconds tell rows apart. */
export function formatMoment(instant: number): string {
  return Math.abs(instant) <= 8.64e15 ? new Date(instant).toISOString().slice(0, 19).replace('T', ' ') : ABSENT
}

/** 1234567.89 → `1,234,567.89`. */
export function grouped(digits: string): string {
  const [whole = '', fraction] = digits.split('.')
  const thousands = whole.replace(/\B(?=(\d{3})+$)/g, ',')
  return fraction === undefined ? thousands : `${thousands}.${fraction}`
}

/** 1.5e12 → `1.50e12`. */
export function inPowersOfTen(size: number): string {
  return size.toExponential(2).replace('e+', 'e').replace('e-', 'e−')
}

/** Of a number above 0 in powers of ten: 0.65 → −1. */
export function exponentOf(size: number): number {
  return size > 0 ? Math.floor(Math.log10(size) + 1e-9) : 0
}

function superscript(exponent: number): string {
  return [...String(exponent)].map(digit => '⁰¹²³⁴⁵⁶⁷⁸⁹'[Number(digit)] ?? '').join('')
}
