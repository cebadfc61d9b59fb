// GET /metrics: what was counted, where the experiments stand, and how the store and the process
// fare.
import type { ServerResponse } from 'node:http'
import { StoreUnavailableError } from '../../bandit/errors.ts'
import { giveWay } from '../../bandit/give-way.ts'
import { answerText } from '../answer.ts'
import { Computations } from '../computations.ts'
import type { Context } from '../context.ts'
import { VERSION } from '../version.ts'
import { experimentFamilies } from './experiment-gauges.ts'
import { EXPOSITION_TYPE, expositionText, type Family } from './exposition.ts'

export async function getMetrics(context: Context, _request: unknown, response: ServerResponse): Promise<void> {
  const text = await PAGES.run(
    async () => {
      const [gathered, ofStore] = [await context.gatherMetrics(), await storeFamilies(context)]
      await giveWay()
      return expositionText([...gathered, ...experimentFamilies(context), ...ofStore, buildFamily()])
    },
    () => response.destroyed,
  )
  answerText(response, text, EXPOSITION_TYPE)
}

const PAGES = new Computations('pages of metrics')

/** What a process counts by itself, whatever others know. */
export async function countedFamilies({ metrics, store }: Pick<Context, 'metrics' | 'store'>): Promise<Family[]> {
  const waiting = gauge('pinwheel_store_waiting_commands', 'StoreCommands that wait for the store', [
    { value: await store.countWaiting() },
  ])
  return [...metrics.families(), { ...waiting, across: 'sum' }]
}

/**
 * While the store does not answer there is one number, and the rest of the page must be readable
 * all the more.
 */
async function storeFamilies({ store }: Context): Promise<Family[]> {
  try {
    const [{ databaseBytes, logBytes }, webhooks] = await Promise.all([store.readSize(), store.findWebhooks()])
    return [
      gauge('pinwheel_store_up', 'Whether the store can be read', [{ value: 1 }]),
      gauge('pinwheel_store_bytes', 'Size of the database and of its logs', [
        { labels: { file: 'database' }, value: databaseBytes },
        { labels: { file: 'log' }, value: logBytes },
      ]),
      gauge(
        'pinwheel_webhook_waiting_messages',
        'Messages that wait to be delivered',
        webhooks.map(({ id, waiting }) => ({ labels: { webhook: id }, value: waiting })),
      ),
      gauge(
        'pinwheel_webhook_failures',
        'Attempts that failed in a row',
        webhooks.map(({ id, failures }) => ({ labels: { webhook: id }, value: failures })),
      ),
      gauge(
        'pinwheel_webhook_given_up_messages',
        'Messages that were dropped after days of failures',
        webhooks.map(({ id, givenUp }) => ({ labels: { webhook: id }, value: givenUp })),
      ),
    ]
  } catch (error) {
    if (!(error instanceof StoreUnavailableError)) throw error
    return [gauge('pinwheel_store_up', 'Whether the store can be read', [{ value: 0 }])]
  }
}

function buildFamily(): Family {
  const labels = { version: VERSION, node: process.version }
  return gauge('pinwheel_build_info', 'What runs here', [{ labels, value: 1 }])
}

function gauge(name: string, help: string, samples: Family['samples']): Family {
  return { name, type: 'gauge', help, samples }
}
