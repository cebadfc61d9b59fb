import type { Client } from 'pg'

const PATIENCE_MS = 1_000

/** Takes leave of the server; of one that does not answer, without waiting for it. */
export async function endClient(client: Client): Promise<void> {
  const hurry = setTimeout(() => client.connection.stream.destroy(), PATIENCE_MS)
  await client.end().catch(() => {})
  clearTimeout(hurry)
}
