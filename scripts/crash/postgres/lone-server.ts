// One server, which is started again on the same data.
import { EmbeddedPostgres } from '../../postgres/embedded-postgres.ts'
import type { Site } from './site.ts'

/** In `folder`, which is made. */
export async function startLoneServer(folder: string): Promise<Site> {
  const server = EmbeddedPostgres.create(folder)
  await server.start()
  return {
    urlOf: database => server.urlOf(database),
    query: (database, sql) => server.query(database, sql),
    kill: () => server.kill(),
    recover: () => server.start(),
    stop: () => server.stop(),
  }
}
