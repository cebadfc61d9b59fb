import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { measureRowSizes } from '../../scripts/row-sizes/measure.ts'
import { ProgressBar } from '../../src/cli/terminal/progress-bar.ts'
import { PostgresServer } from '../support/postgres.ts'

describe('measureRowSizes()', () => {
  let server: PostgresServer

  beforeAll(async () => {
    server = await PostgresServer.start()
  }, 60_000)

  afterAll(() => server.destroy())

  const quiet = () => new ProgressBar({ write: () => {} })

  it('tells rows, bytes and log, and fills no database that is in use', async () => {
    const url = server.urlOf(await server.createDatabase())
    const size = { units: 4_000, rewards: 3_000, isOrdered: false }
    const { tables, log } = await measureRowSizes(url, size, quiet())
    const rows = Object.fromEntries(tables.map(({ table, rows }) => [table, rows]))
    expect(rows).toMatchObject({ assignments: 2_000, rewards: 1_000, event_ids: 1_000, growth: 1 })
    for (const { table, heapBytes, indexBytes } of tables)
      expect(Math.min(heapBytes, indexBytes), table).toBeGreaterThan(0)
    const perRow = Object.fromEntries(log.map(({ what, rows, bytes }) => [what, bytes / rows]))
    const few = perRow['units, 32 a commit'] as number
    expect(few).toBeGreaterThan(100)
    // Each page of the index is new to the log again.
    expect(perRow['units right after a checkpoint']).toBeGreaterThan(few)
    await expect(measureRowSizes(url, size, quiet())).rejects.toThrow('name an empty one')
  })
})
