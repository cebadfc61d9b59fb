// Rows are written as columns, one array each: so a statement stays the same one whatever their
// number.
import type { Parameter } from '../../scripts/script.ts'

/** The named columns of some rows. */
export function columns<Name extends string>(
  rows: readonly { readonly [Each in Name]: number | string | null }[],
  ...names: readonly Name[]
): Parameter[] {
  return names.map(name => arrayOf(rows.map(row => row[name])))
}

/** Numbers as the server reads them: pg would quote each. */
function arrayOf(values: readonly (number | string | null)[]): Parameter {
  return typeof values[0] === 'number' ? `{${values.join(',')}}` : (values as (string | null)[])
}
