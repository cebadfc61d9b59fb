// Kills the service under load, again and again, and checks that it forgets nothing that it
// acknowledged: npm run crash
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readArguments, wholeNumberOf } from '../src/cli/terminal/arguments.ts'
import { Failure, runScript } from '../src/cli/terminal/failure.ts'
import { formatCount, ProgressBar } from '../src/cli/terminal/progress-bar.ts'
import { type CrashResult, crash } from './crash/crash.ts'
import { startLoneServer, startPair } from './crash/postgres.ts'
import { sqliteSite } from './crash/sqlite.ts'

const HELP = `Usage: npm run crash -- [options]

Starts the service on a new file, keeps it busy over HTTP (units alone and in batches; rewards alone, in lists and in streams;
corrections; arms added and retired, policies changed), kills it with SIGKILL at random moments, some of them aimed at a start, the
making of a new file's schema, a change, a refresh or a backup, and starts it again on the same file. What had no answer is sent
again with the same ids. Checks from the client's own record that every acknowledged assignment and change is kept as it was, that
every acknowledged reward counts once, that every backup has what was acknowledged before it, and that verify finds no difference.
Exit code 1 if anything was lost.

With --postgres two replicas of the service share one PostgreSQL server, which the script starts; the database and a replica are killed
in turn, and now and then every connection is cut. Requests go to either replica, and again to either when they had no answer. A fallback
must come within a second, and both replicas must recover without help. With --standby every kill is one of a server with a synchronous
standby, which takes its place.

OPTIONS
  --postgres    on a PostgreSQL server instead of a file
  --standby     on one with a standby
  --kills N     (100; with --standby 10)
  --seed N      of the moments and the load (1); what a kill hits also depends on the machine
  --json        prints the counts as JSON
`

const OPTIONS = {
  postgres: { type: 'boolean', default: false },
  standby: { type: 'boolean', default: false },
  kills: { type: 'string' },
  seed: { type: 'string', default: '1' },
  json: { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false },
} as const

await runScript(async () => {
  const { values, positionals } = readArguments(OPTIONS)
  if (values.help) return void process.stdout.write(HELP)
  if (positionals.length > 0) throw new Failure(`Cannot understand ${JSON.stringify(positionals[0])}; see --help`)
  const kills = wholeNumberOf(values.kills, 'kills', 1) ?? (values.standby ? 10 : 100)
  const seed = wholeNumberOf(values.seed, 'seed', 0) as number
  const folder = mkdtempSync(join(tmpdir(), 'pinwheel-crash-'))
  const bar = new ProgressBar()
  const onKill = ({ number, victim, moment }: { number: number; victim: string; moment: string }) => {
    if (process.stderr.isTTY) bar.say(`kill ${number}, of the ${victim}, ${moment}`)
    bar.update(number, kills, 'kills')
  }
  const startedAt = performance.now()
  const server = join(folder, 'server')
  const site = values.standby
    ? await startPair(server)
    : values.postgres
      ? await startLoneServer(server)
      : sqliteSite(folder)
  const result = await crash({ site, folder, kills, seed, onKill }).finally(() => site.stop())
  const seconds = (performance.now() - startedAt) / 1_000
  if (process.stderr.isTTY) bar.say('')
  if (result.lossCount === 0) rmSync(folder, { recursive: true })
  process.stdout.write(
    values.json
      ? `${JSON.stringify({ seed, seconds, ...result }, null, 2)}\n`
      : told(result, seconds, site.cut !== undefined),
  )
  if (result.lossCount === 0) return
  process.stderr.write(`The database is left for you in ${folder}\n`)
  process.exitCode = 1
})

function told(result: CrashResult, seconds: number, isOnPostgres: boolean): string {
  const { lossCount, losses } = result
  const kills = Object.values(result.kills).reduce((sum, count) => sum + count, 0)
  const moments = Object.entries(result.kills).map(([moment, count]) => `${formatCount(count)} ${moment}`)
  const facts = [
    `${formatCount(kills)} kills in ${seconds.toFixed(0)} s (${moments.join(', ')})`,
    `${formatCount(result.acknowledgedAssignments)} assignments, ${formatCount(result.acknowledgedRewards)} rewards and ${formatCount(result.acknowledgedChanges)} changes acknowledged`,
    `${formatCount(result.snapshots)} snapshots`,
    `${formatCount(result.requestsAnswered)} requests answered, ${formatCount(result.requestsRetried)} left without an answer and sent again`,
    isOnPostgres
      ? `all connections cut ${formatCount(result.cuts)} times`
      : `${formatCount(result.backups)} backups restored and compared`,
    `${formatCount(result.fallbacks)} fallbacks, the slowest after ${result.slowestFallbackMs.toFixed(0)} ms`,
    `assigned again at most ${result.slowestRecoveryMs.toFixed(0)} ms after what was killed was back`,
    `${formatCount(result.audits)} ${result.audits === 1 ? 'audit' : 'audits'} of the books`,
  ].join('; ')
  if (lossCount === 0) return `${facts}: nothing was lost, nothing counted twice.\n`
  return `${facts}: ${formatCount(lossCount)} LOSSES\n${losses.map(loss => `  ${loss}\n`).join('')}`
}
