// Applies the plans to the service, one experiment after the other. If one fails, earlier changes
// remain, and running the command again continues from there.
import type { Client } from '../service/client.ts'
import type { Plan } from './plan.ts'

const VERBS = { running: 'start', paused: 'pause', stopped: 'stop' } as const
const DONE = { running: 'started', paused: 'paused', stopped: 'stopped' } as const

/** `say` is called for each completed step. @throws Failure for the first that is refused */
export async function carryOut(client: Client, plans: readonly Plan[], say: (sentence: string) => void): Promise<void> {
  for (const { filed, result, move } of plans) {
    const path = `/experiments/${encodeURIComponent(filed.key)}`
    if (result !== 'unchanged') {
      await client.ask('PUT', path, filed.definition)
      say(`${result} ${filed.key}`)
    }
    if (move === null) continue
    const isWon = move === 'stopped' && filed.winner !== undefined
    await client.ask('POST', `${path}/${VERBS[move]}`, isWon ? { winner: filed.winner } : {})
    say(`${DONE[move]} ${filed.key}${isWon ? `, winner ${filed.winner ?? 'none'}` : ''}`)
  }
}
