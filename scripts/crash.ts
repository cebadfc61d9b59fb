// Kills the service under load, again and again, and checks that it forgets nothing that it acknowledged: npm run crash
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type CrashResult, crash } from './crash/crash.ts'
import { readArguments, wholeNumberOf } from './terminal/arguments.ts'
import { Failure, runScript } from './terminal/failure.ts'
import { formatCount, ProgressBar } from './terminal/progress-bar.ts'

const HELP = `Usage: npm run crash -- [options]

Starts the service on a new file, keeps it busy over HTTP (units alone and in batches; rewards alone, in lists and in streams;
corrections; arms added and retired, policies changed), kills it with SIGKILL at random moments, some of them aimed at a start, the
making of a new file's schema, a change, a refresh or a backup, and starts it again on the same file. What had no answer is sent
again with the same ids. Checks from the client's own record that every acknowledged assignment and change is kept as it was, that
every acknowledged reward counts once, that every backup has what was acknowledged before it, and that verify finds no difference.
Exit code 1 if anything was lost.

OPTIONS
  --kills N     (100)
  --seed N      of the moments and the load (1); what a kill hits also depends on the machine
  --json        prints the counts as JSON
`

const OPTIONS = {
  kills: { type: 'string', default: '100' },
  seed: { type: 'string', default: '1' },
  json: { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false },
} as const

await runScript(async () => {
  const { values, positionals } = readArguments(OPTIONS)
  if (values.help) return void process.stdout.write(HELP)
  if (positionals.length > 0) throw new Failure(`Cannot understand ${JSON.stringify(positionals[0])}; see --help`)
  const kills = wholeNumberOf(values.kills, 'kills', 1) as number
  const seed = wholeNumberOf(values.seed, 'seed', 0) as number
  const folder = mkdtempSync(join(tmpdir(), 'pinwheel-crash-'))
  const bar = new ProgressBar()
  const startedAt = performance.now()
  const result = await crash({
    databasePath: join(folder, 'pinwheel.db'),
    kills,
    seed,
    onKill({ number, moment }) {
      if (process.stderr.isTTY) bar.say(`kill ${number} ${moment}`)
      bar.update(number, kills, 'kills')
    },
  })
  const seconds = (performance.now() - startedAt) / 1_000
  if (process.stderr.isTTY) bar.say('')
  if (result.lossCount === 0) rmSync(folder, { recursive: true })
  process.stdout.write(
    values.json ? `${JSON.stringify({ seed, seconds, ...result }, null, 2)}\n` : told(result, seconds),
  )
  if (result.lossCount === 0) return
  process.stderr.write(`The database is left for you in ${folder}\n`)
  process.exitCode = 1
})

function told(result: CrashResult, seconds: number): string {
  const { lossCount, losses } = result
  const kills = Object.values(result.kills).reduce((sum, count) => sum + count, 0)
  const moments = Object.entries(result.kills).map(([moment, count]) => `${formatCount(count)} ${moment}`)
  const facts = [
    `${formatCount(kills)} kills in ${seconds.toFixed(0)} s (${moments.join(', ')})`,
    `${formatCount(result.acknowledgedAssignments)} assignments, ${formatCount(result.acknowledgedRewards)} rewards and ${formatCount(result.acknowledgedChanges)} changes acknowledged`,
    `${formatCount(result.snapshots)} snapshots`,
    `${formatCount(result.requestsAnswered)} requests answered, ${formatCount(result.requestsRetried)} left without an answer and sent again`,
    `${formatCount(result.backups)} backups restored and compared`,
    `${formatCount(result.audits)} ${result.audits === 1 ? 'audit' : 'audits'} of the books`,
  ].join('; ')
  if (lossCount === 0) return `${facts}: nothing was lost, nothing counted twice.\n`
  return `${facts}: ${formatCount(lossCount)} LOSSES\n${losses.map(loss => `  ${loss}\n`).join('')}`
}
