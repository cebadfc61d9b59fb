// One PostgreSQL for all test files of a run: started when the first of them asks for it, and ended
// with the run, however it ends.
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { TestProject } from 'vitest/node'
import { PostgresServer } from './postgres.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** An address that answers the folder of the server. */
    postgresDoor: string
  }
}

let starting: Promise<PostgresServer> | null = null

const door = createServer((_, response) => {
  starting ??= PostgresServer.start()
  starting.then(
    ({ folder }) => response.end(folder),
    error => response.writeHead(500).end(String(error)),
  )
})

export async function setup(project: TestProject): Promise<void> {
  await new Promise<void>(resolve => door.listen(0, '127.0.0.1', resolve))
  project.provide('postgresDoor', `http://127.0.0.1:${(door.address() as AddressInfo).port}`)
}

export async function teardown(): Promise<void> {
  door.closeAllConnections()
  door.close()
  await (await starting)?.destroy()
}
