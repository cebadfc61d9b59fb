// docs/operate/scaling.md: what its commands print is what stands there, and what it says of the
// schema holds.
import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { compute } from '../../scripts/capacity/compute.ts'
import { readMigrations } from '../../src/store/migrate.ts'

const root = new URL('../../', import.meta.url)
const read = (path: string) => readFileSync(new URL(path, root), 'utf8')
const text = read('docs/operate/scaling.md')

/** What a program in scripts/ prints. */
async function run(name: string, ...options: string[]): Promise<string> {
  return (await promisify(execFile)(process.execPath, [`scripts/${name}.ts`, ...options], { cwd: root })).stdout
}

describe('docs/operate/scaling.md', () => {
  it('contains the simulated growth of the ledger', async () => {
    const [, name = '', options = '', table] = /^\$ node scripts\/(\S+)\.ts (.*)\n([^`]*)```$/m.exec(text) ?? []
    expect(table).toBe(await run(name, ...options.split(' ')))
  })

  it('contains the computed capacity table', async () => {
    expect(text).toContain(`\n${await run('capacity')}\n`)
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

  it('places each table, and distributes none by a column that one of its unique keys lacks', () => {
    expect(columns).toMatchObject({ experiments: [['id'], ['key']], assignments: [['experiment_id', 'unit']] })
    expect(columns.keys).toHaveLength(3)
    expect([...everywhere, ...spread.map(([table]) => table)].sort()).toEqual(Object.keys(columns).sort())
    for (const [table = '', by] of spread) {
      expect(columns[table]?.length, table).toBeGreaterThan(0)
      for (const key of columns[table] ?? []) expect(key, table).toContain(by)
    }
  })

  it('has foreign keys between reference tables only', () => {
    const pointing = readMigrations('postgres').flatMap(({ sql }) =>
      [...sql.matchAll(/CREATE TABLE (\w+) \((.*?)^\)/gms)].flatMap(([, table = '', body = '']) =>
        [...body.matchAll(/REFERENCES (\w+)/g)].map(([, target]) => [table, target as string]),
      ),
    )
    expect(pointing.length).toBeGreaterThan(3)
    for (const table of pointing.flat()) expect(everywhere).toContain(table)
  })
})

describe('compute()', () => {
  const traffic = { unitsPerDay: 1e9, peak: 3, asksAgain: 2, rewardsPerUnit: 0.1, keptDays: 30 }
  const value = (lines: ReturnType<typeof compute>, what: string) => lines.find(line => line.what === what)?.value ?? 0

  it('doubles everything except the ledger for twice the units', () => {
    const [once, twice] = [compute(traffic), compute({ ...traffic, unitsPerDay: 2e9 })]
    for (const what of ['new units', 'rewards', '30 days of facts', 'log', 'cores, service and database']) {
      expect(value(twice, what) / value(once, what), what).toBeCloseTo(2, 6)
    }
    expect(value(twice, 'snapshots, a year') - value(once, 'snapshots, a year')).toBeLessThanOrEqual(1)
  })

  it('writes little to the log when the index is small', () => {
    const small = compute({ ...traffic, unitsPerDay: 1e8, keptDays: 0.01 })
    expect(value(small, 'log for a unit')).toBeLessThan(500)
    expect(value(compute(traffic), 'log for a unit')).toBeGreaterThan(5_000)
  })
})
