// docs/operate/scaling.md: the ledger grows as it says, and what it says of the schema holds.
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { readMigrations } from '../../src/store/migrate.ts'
import { growLedger } from '../support/grow-ledger.ts'

const root = new URL('../../', import.meta.url)
const read = (path: string) => readFileSync(new URL(path, root), 'utf8')
const text = read('docs/operate/scaling.md')

describe('docs/operate/scaling.md', () => {
  it('has the growth of the ledger as it is simulated', () => {
    const arrivals = { unitsPerDay: 1e9, rewardsPerUnit: 0.1, windowMs: null }
    const rows = [...text.matchAll(/^ *([\d,]+) +([\d,]+) +[\d,]+ +[\d,]+ +[\d.]+ MiB$/gm)].map(row =>
      row.slice(1).map(count => Number(count.replaceAll(',', ''))),
    )
    const sizes = growLedger(
      arrivals,
      rows.map(([units = 0]) => units),
    )
    expect(rows.length).toBeGreaterThan(9)
    expect(rows).toEqual(sizes.map(({ units, snapshots }) => [units, snapshots]))
  })

  const columns: Record<string, string[][]> = {}
  for (const { sql } of readMigrations('postgres')) {
    for (const [, table = '', body = ''] of sql.matchAll(/CREATE TABLE (\w+) \((.*?)^\)/gms)) {
      const alone = [...body.matchAll(/^ {2}(\w+) [^,(]*\b(?:PRIMARY KEY|UNIQUE)\b/gm)].map(([, column]) => [
        column as string,
      ])
      const together = [...body.matchAll(/^ {2}PRIMARY KEY \(([^)]*)\)/gm)].map(([, list]) =>
        (list as string).split(', '),
      )
      columns[table] = [...alone, ...together]
    }
    for (const [, table = '', list = ''] of sql.matchAll(/CREATE UNIQUE INDEX \w+ ON (\w+) \(([^)]*)\)/g)) {
      columns[table]?.push(list.split(', '))
    }
  }
  const everywhere = [...text.matchAll(/create_reference_table\('(\w+)'\)/g)].map(([, table]) => table as string)
  const spread = [...text.matchAll(/create_distributed_table\('(\w+)', '(\w+)'/g)].map(
    ([, table, by]) => [table, by] as const,
  )

  it('gives each table a place, and spreads none by a column that one of its unique keys lacks', () => {
    expect(columns).toMatchObject({ experiments: [['id'], ['key']], assignments: [['experiment_id', 'unit']] })
    expect(columns.keys).toHaveLength(3)
    expect([...everywhere, ...spread.map(([table]) => table)].sort()).toEqual(Object.keys(columns).sort())
    for (const [table = '', by] of spread) {
      expect(columns[table]?.length, table).toBeGreaterThan(0)
      for (const key of columns[table] ?? []) expect(key, table).toContain(by)
    }
  })

  it('lets only tables that are everywhere point at others', () => {
    const pointing = readMigrations('postgres').flatMap(({ sql }) =>
      [...sql.matchAll(/CREATE TABLE (\w+) \((.*?)^\)/gms)].flatMap(([, table = '', body = '']) =>
        [...body.matchAll(/REFERENCES (\w+)/g)].map(([, target]) => [table, target as string]),
      ),
    )
    expect(pointing.length).toBeGreaterThan(3)
    for (const table of pointing.flat()) expect(everywhere).toContain(table)
  })
})
