// Attacks a service, and tells what each attack cost it: npm run attack

import { keyOf } from '../src/cli/service/options.ts'
import { readArguments, wholeNumberOf } from '../src/cli/terminal/arguments.ts'
import { Failure, runScript } from '../src/cli/terminal/failure.ts'
import { BOUNDS, brokenBounds, rowOf, tableHead } from './attack/attack.ts'
import { type OwnService, startAttacked } from './attack/attacked-service.ts'
import { ATTACKS } from './attack/attacks/all.ts'
import { prepareExperiments, WIDE_ARMS, WIDE_METRICS } from './attack/experiments.ts'
import { type Attacked, runAttacks } from './attack/run-attacks.ts'
import { Stage } from './attack/stage.ts'

const HELP = `Usage: npm run attack -- [options] [name …]

Sends a service what a stranger may send to make it slow or large: pipelines that never read, bodies that unpack into gigabytes,
deep and wide JSON, long heads, wide reports, connections that are held open. Without names, all attacks; a name may be
the beginning of several. Beside each it asks /assign again and again, and prints the CPU of the service for each message, its memory
before, at its peak and after, and the longest wait of /assign. Needs Linux.

Exit code 1 where a message of under 1 KB takes more than ${BOUNDS.smallSeconds * 1_000} ms of CPU or one of up to 1 MB more than ${BOUNDS.largeSeconds} s, where
/assign waits for more than ${BOUNDS.waitMs} ms longer than without an attack (the least of three times), or where more than ${BOUNDS.growthMB} MB are kept. (computes): the route is meant to compute for
long, so its CPU is not judged.

OPTIONS
  --workers N       of the service that it starts (1)
  --url URL         a service on 127.0.0.1 that is there already, a test service: it gets experiments, units and webhooks
  --pid N           with --url: the process that serves it
  --key KEY         with --url: a key with all scopes, where it has keys; better in the environment, as PINWHEEL_KEY
  --list            names the attacks
`

const OPTIONS = {
  workers: { type: 'string', default: '1' },
  url: { type: 'string' },
  pid: { type: 'string' },
  key: { type: 'string' },
  list: { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false },
} as const

await runScript(async () => {
  const { values, positionals } = readArguments(OPTIONS)
  if (values.help) return void process.stdout.write(HELP)
  if (values.list)
    return void process.stdout.write(ATTACKS.map(({ name, what }) => `${name.padEnd(24)}${what}\n`).join(''))
  const attacks = chosen(positionals)
  const own =
    values.url === undefined ? await startAttacked(wholeNumberOf(values.workers, 'workers', 1) as number) : null
  try {
    const attacked = own ?? given(values.url as string, values.pid, keyOf(values.key))
    await prepareExperiments(new Stage(attacked.url, attacked.keys), {
      smallExperiments: 100,
      wideArms: WIDE_ARMS,
      wideMetrics: WIDE_METRICS,
      wideUnits: 40_000,
    })
    process.stdout.write(`${tableHead()}\n`)
    const all = await runAttacks(attacked, attacks, BOUNDS, measured =>
      process.stdout.write(`${rowOf(measured, brokenBounds(measured, BOUNDS))}\n`),
    )
    const broken = all.filter(measured => brokenBounds(measured, BOUNDS).length > 0)
    const { calmWaitMs = 0, beforeMB = 0 } = all[0] ?? {}
    const kept = `${beforeMB.toFixed(0)} MB before all of them, ${(all.at(-1)?.afterMB ?? 0).toFixed(0)} after`
    const waited = `without an attack /assign waited ${calmWaitMs.toFixed(0)} ms at the most, which is allowed on top`
    process.stdout.write(`${all.length} attacks, ${broken.length} beyond the bounds; ${kept}; ${waited}\n`)
    if (broken.length > 0) process.exitCode = 1
  } finally {
    if (own !== null) await expectGoodEnd(own)
  }
})

/** Attacks whose names begin with one of these; all where there is none. @throws Failure */
function chosen(names: readonly string[]) {
  const stray = names.find(name => !ATTACKS.some(attack => attack.name.startsWith(name)))
  if (stray !== undefined) throw new Failure(`There is no attack ${JSON.stringify(stray)}; --list names them`)
  return ATTACKS.filter(attack => names.length === 0 || names.some(name => attack.name.startsWith(name)))
}

/** @throws Failure for an address of another machine */
function given(url: string, pid: string | undefined, secret: string | null): Attacked {
  const parsed = URL.parse(url)
  if (parsed?.protocol !== 'http:' || parsed.hostname !== '127.0.0.1') {
    throw new Failure(`--url must be an address of 127.0.0.1, as http://127.0.0.1:8080, not ${JSON.stringify(url)}`)
  }
  const number = wholeNumberOf(pid, 'pid', 1)
  if (number === null) throw new Failure('--url needs --pid: the process whose CPU and memory are measured')
  const keys = { assign: secret, reward: secret, read: secret, admin: secret, pk: secret }
  return { url: parsed.origin, pid: number, keys }
}

async function expectGoodEnd(own: OwnService): Promise<void> {
  const code = await own.end()
  // A store that is slow for a moment is no defect; a request that failed is.
  const failures = own
    .told()
    .split('\n')
    .filter(line => line.includes('request failed'))
  if (code === 0 && failures.length === 0) return
  const told = failures.slice(0, 3).join('\n')
  process.stderr.write(`The service ended with the exit code ${code}; ${failures.length} requests failed. ${told}\n`)
  process.exitCode = 1
}
