// Replays a real experiment against a running service, over HTTP: npm run replay -- hillstrom
import { fileURLToPath } from 'node:url'
import { play } from '../src/cli/demo/play.ts'
import { keyOf, policyOf, SERVICE_HELP, SERVICE_OPTIONS, urlOf } from '../src/cli/service/options.ts'
import { command, wholeNumberOf } from '../src/cli/terminal/arguments.ts'
import { runScript } from '../src/cli/terminal/failure.ts'
import { readRecording } from './replay/recordings.ts'
import { daysOf } from './replay/replay-days.ts'

const HELP = `Usage: npm run replay -- DATA [options]

Creates an experiment in a running service and lets it decide over real units: for each next one it asks /assign, takes the next
unused real outcome of the arm that the service chose, and posts the reward. It ends when an arm's outcomes are used up, with the
text report. When the service dies it is waited for, for a minute; when the replay dies, the same command goes on with it.

DATA
  hillstrom           64,000 customers, three e-mails: visits, orders and spend (2008)
  tanf                3,520 letters on welfare recertification, in compressed time and in their real order (2017)
  upworthy TEST_ID    one headline test, its impressions shuffled (2013 to 2015)
  star                5,786 pupils, classes of three kinds: scores (1985)

OPTIONS
${SERVICE_HELP}
  --limit N        at most N units
  --seed N         shuffles the outcomes of each arm, in tanf those of a day (1; hillstrom, star: the file's order)
  --day-ms N       tanf: a day takes N milliseconds (40)
  --same-day       tanf: uses only outcomes of letters of the unit's own day, since successes grew from month to month
  --data DIR       the folder of the data (../shared/data beside the repository)
`

const OPTIONS = {
  ...SERVICE_OPTIONS,
  limit: { type: 'string' },
  'same-day': { type: 'boolean', default: false },
  'day-ms': { type: 'string', default: '40' },
  data: { type: 'string', default: fileURLToPath(new URL('../../shared/data', import.meta.url)) },
} as const

const run = command({ help: HELP, options: OPTIONS, allowPositionals: true }, async (values, positionals) => {
  const dayMs = wholeNumberOf(values['day-ms'], 'day-ms', 1) as number
  const options = {
    url: urlOf(values.url),
    key: keyOf(values.key),
    policy: policyOf(values.policy),
    limit: wholeNumberOf(values.limit, 'limit', 1),
  }
  const seed = wholeNumberOf(values.seed, 'seed', 0)
  const inFlight = wholeNumberOf(values['in-flight'], 'in-flight', 1)
  const read = readRecording(positionals, { dataFolder: values.data, seed, dayMs, isSameDay: values['same-day'] })
  const recording = { ...read, inFlight: inFlight ?? read.inFlight }
  const replay = 'days' in recording ? daysOf(recording) : undefined
  await play(recording, { ...options, name: values.name ?? recording.name }, replay)
})

await runScript(() => run(process.argv.slice(2)))
