// Races several replicas of the service for the same units on one PostgreSQL database: node
// scripts/race.ts
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readArguments, wholeNumberOf } from '../src/cli/terminal/arguments.ts'
import { Failure, runScript } from '../src/cli/terminal/failure.ts'
import { formatCount, ProgressBar } from '../src/cli/terminal/progress-bar.ts'
import { type RaceResult, race } from './crash/race.ts'
import { EmbeddedPostgres } from './service/embedded-postgres.ts'

const HELP = `Usage: node scripts/race.ts [options]

Starts a PostgreSQL server and several processes of the service on one database, and asks all of them for the same units at the same
time, alone and in batches, and to count the same events. Then no unit may have two arms, in any answer or in the table, each must have
been assigned once, each event counted once, and verify must find no difference. Exit code 1 if not.

OPTIONS
  --replicas N      (2)
  --assignments N   by all of them together (100000)
  --seed N          of the orders (1)
  --json            prints the counts as JSON
`

const OPTIONS = {
  replicas: { type: 'string', default: '2' },
  assignments: { type: 'string', default: '100000' },
  seed: { type: 'string', default: '1' },
  json: { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false },
} as const

const DATABASE = 'pinwheel'

await runScript(async () => {
  const { values, positionals } = readArguments(OPTIONS)
  if (values.help) return void process.stdout.write(HELP)
  if (positionals.length > 0) throw new Failure(`Cannot understand ${JSON.stringify(positionals[0])}; see --help`)
  const replicas = wholeNumberOf(values.replicas, 'replicas', 1) as number
  const assignments = wholeNumberOf(values.assignments, 'assignments', replicas) as number
  const seed = wholeNumberOf(values.seed, 'seed', 0) as number
  const units = Math.ceil(assignments / replicas)
  const folder = mkdtempSync(join(tmpdir(), 'pinwheel-race-'))
  const server = EmbeddedPostgres.create(join(folder, 'server'))
  const bar = new ProgressBar()
  try {
    await server.start()
    await server.query('postgres', `CREATE DATABASE ${DATABASE}`)
    const onProgress = (done: number) => bar.update(done, units, 'units')
    const result = await race({ databaseUrl: server.urlOf(DATABASE), folder, replicas, units, seed, onProgress })
    if (process.stderr.isTTY) bar.say('')
    process.stdout.write(values.json ? `${JSON.stringify({ seed, ...result }, null, 2)}\n` : told(result))
    if (result.faultCount > 0) process.exitCode = 1
  } finally {
    await server.stop()
    rmSync(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 })
  }
})

function told({ faultCount, faults, ...counts }: RaceResult): string {
  const facts = [
    `${formatCount(counts.assignments)} assignments of ${formatCount(counts.units)} units by ${counts.replicas} replicas`,
    `${formatCount(Math.round(counts.assignmentsPerSecond))} a second`,
    `${formatCount(counts.events)} events`,
    `${formatCount(counts.snapshots)} snapshots`,
  ].join('; ')
  if (faultCount === 0) return `${facts}: no unit has two arms, nothing was counted twice, the books agree.\n`
  return `${facts}: ${formatCount(faultCount)} FAULTS\n${faults.map(fault => `  ${fault}\n`).join('')}`
}
