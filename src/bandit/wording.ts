// How the domain's sentences name many things and large numbers.
import { formatCount, grouped } from './report/numbers.ts'

/** All of a few names; of many, the first three and how many more there are. */
export function listed(names: readonly string[]): string {
  return names.length <= 4 ? names.join(', ') : `${names.slice(0, 3).join(', ')} and ${names.length - 3} others`
}

/** `1 unit`, `2,000 units`. */
export function counted(count: number, noun: string): string {
  return `${grouped(String(count))} ${noun}${count === 1 ? '' : 's'}`
}

/** `b is`, `b, c are`. */
export function namesAre(names: readonly string[]): string {
  return `${listed(names)} ${names.length === 1 ? 'is' : 'are'}`
}

/**
 * StoreCommands without their full stops in one, of many the first three and how many more there
 * are.
 */
export function joined(clauses: readonly string[]): string {
  const shown = clauses.length <= 4 ? clauses : [...clauses.slice(0, 3), `and ${clauses.length - 3} more`]
  return `${shown.join('; ')}.`
}

/** A number that is not meant exactly, rounded up to two digits: `230`, `12,000`. */
export function roughly(count: number): string {
  const step = 10 ** Math.max(0, Math.floor(Math.log10(count)) - 1)
  return formatCount(Math.ceil(count / step) * step)
}
