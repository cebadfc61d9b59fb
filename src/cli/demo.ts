// Shows a running service at work, without any data: pinwheel demo
import { play } from './demo/play.ts'
import { publishedCounts } from './demo/published-counts.ts'
import { shuffleOutcomes } from './demo/recording.ts'
import { keyOf, policyOf, SERVICE_HELP, SERVICE_OPTIONS, urlOf } from './service/options.ts'
import { command, wholeNumberOf } from './terminal/arguments.ts'

const help = `Usage: pinwheel demo [options]

Lets a running service decide which of three e-mails a customer gets, and learn from who visits the shop. The customers are rebuilt
from the published counts of Kevin Hillstrom's test (MineThatData, 2008-03-20): of 21,306 without an e-mail 2,262 visited, of 21,307
with the men's 3,894, of 21,387 with the women's 3,238. It ends with the text report.

OPTIONS
${SERVICE_HELP}
  --units N        at most N customers; fewer where an arm's outcomes are used up before (20000)
  --seed N         the order of the customers (1)
`

const options = { ...SERVICE_OPTIONS, units: { type: 'string', default: '20000' } } as const

export const run = command({ help, options }, async values => {
  const playing = {
    url: urlOf(values.url),
    key: keyOf(values.key),
    name: values.name ?? 'demo',
    policy: policyOf(values.policy),
    limit: wholeNumberOf(values.units, 'units', 1),
  }
  const recording = shuffleOutcomes(publishedCounts(), wholeNumberOf(values.seed, 'seed', 0) ?? 1)
  const inFlight = wholeNumberOf(values['in-flight'], 'in-flight', 1) ?? recording.inFlight
  await play({ ...recording, inFlight }, playing)
})
