// Holds all that a service says against what it had acknowledged.
import type { Line } from './connection.ts'
import { EXPERIMENT } from './definition.ts'
import type { ClientRecord, Told } from './record.ts'
import { ask } from './session.ts'

/**
 * Compares every unit's totals, and every version. To be called when no request waits for an
 * answer. Answers how many snapshots there are.
 */
export async function compareAll(connection: Line, record: ClientRecord): Promise<number> {
  const exported = await ask(connection, 'GET', `/experiments/${EXPERIMENT}/assignments.ndjson`)
  const rows = exported.split('\n').filter(line => line !== '')
  record.hearExport(rows.map(row => JSON.parse(row) as Told & { outcomes: { visit: number; spend: number } }))
  const shown = JSON.parse(await ask(connection, 'GET', `/experiments/${EXPERIMENT}`))
  const { history } = JSON.parse(await ask(connection, 'GET', `/experiments/${EXPERIMENT}/history`))
  record.lose(...record.definition.lossesIn(shown, history))
  return countSnapshots(connection)
}

async function countSnapshots(connection: Line): Promise<number> {
  for (let count = 0; ; ) {
    const page = await ask(connection, 'GET', `/experiments/${EXPERIMENT}/snapshots?after=${count}`)
    const { snapshots } = JSON.parse(page) as { snapshots: readonly object[] }
    if (snapshots.length === 0) return count
    count += snapshots.length
  }
}
