// One replica on PostgreSQL beside the bare echoes. The server has the core of the load, as in
// production it has others than the service.
import { join } from 'node:path'
import { seededChance } from '../../../src/stats/numerics/chance.ts'
import { EmbeddedPostgres } from '../../service/embedded-postgres.ts'
import * as workloads from '../load/workloads.ts'
import type { Bench } from '../part.ts'
import { type Database, race } from '../race.ts'

export const postgres = race('postgres', {
  workload: () => workloads.assignNew(seededChance(10)),
  database: startPostgres,
  bound: { atLeast: 0.5 },
})

/** Every commit is flushed; the rest is as the package has it. */
async function startPostgres({ folder }: Bench, name: string): Promise<Database> {
  const server = EmbeddedPostgres.create(join(folder, name))
  await server.start({ shared_buffers: '256MB', max_wal_size: '4GB' })
  await server.query('postgres', 'CREATE DATABASE pinwheel')
  return { place: server.urlOf('pinwheel'), stop: () => server.stop() }
}
