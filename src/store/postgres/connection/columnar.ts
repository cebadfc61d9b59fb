// Many rows of numbers as one row of columns. As rows by themselves the ledger of an experiment
// with hundreds of snapshots takes several times as long to take in.
import { type Statement, statement } from '../../scripts/script.ts'

/**
 * A column for each name, as the server writes an array: `{1,2.5}`; null where there are no rows.
 */
export type Columns<Name extends string> = { readonly [Each in Name]: string | null }

/** A statement all of whose columns are made by `column`. */
export function columnar<Name extends string>(text: string): Statement<Columns<Name>> {
  return statement(text)
}

/** A column of the rows as an array; all of one statement in the same `order`. */
export function column(expression: string, name: string = expression, order = ''): string {
  return `array_agg(${expression} ${order})::text AS "${name}"`
}

/** The rows again. */
export function rowsIn<Name extends string>([columns]: readonly Columns<Name>[]): {
  readonly [Each in Name]: number
}[] {
  const read = Object.entries<string | null>(columns ?? {}).map(
    ([name, text]) => [name, numbersIn(text ?? '{}')] as const,
  )
  const count = read[0]?.[1].length ?? 0
  return Array.from({ length: count }, (_, position) => {
    const row: Record<string, number> = {}
    for (const [name, numbers] of read) row[name] = numbers[position] as number
    return row as { [Each in Name]: number }
  })
}

function numbersIn(text: string): number[] {
  return JSON.parse(`[${text.slice(1, -1)}]`)
}
