// A report must cost the same for ten thousand units and for ten million: it reads the ledger, never the units. Two services run
// side by side on ledgers of both sizes, and are asked in turn.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { completeDefinition } from '../../src/bandit/definition-input.ts'
import { growthStep } from '../../src/bandit/growth.ts'
import { openStore } from '../../src/store/open.ts'

const SIZES = [1e4, 1e5, 1e6, 1e7] as const
const ROUNDS = 200
const RATES = [0.1, 0.12, 0.11] as const

/** Rows of a table: the size of the experiment, its snapshots, the median time of a report over HTTP, its ratio to the first. */
export async function benchReport(): Promise<object[]> {
  const folder = mkdtempSync(join(tmpdir(), 'pinwheel-bench-'))
  try {
    const services = []
    for (const units of SIZES) services.push(await startOn(join(folder, `${units}.db`), units))
    const times = services.map((): number[] => [])
    for (let round = 0; round < ROUNDS; round++) {
      for (const [position, { url }] of services.entries()) {
        const startedAt = performance.now()
        await (await fetch(`${url}/experiments/bench/report`)).text()
        if (round >= ROUNDS / 4) times[position]?.push(performance.now() - startedAt)
      }
    }
    for (const { child } of services) child.kill()
    const medians = times.map(median)
    return services.map(({ units, snapshots }, position) => ({
      units,
      snapshots,
      medianMs: round(medians[position]),
      ratio: round((medians[position] ?? 0) / (medians[0] ?? 1)),
    }))
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** A service on a ledger as it is after so many units, one a second at first, then growing tenfold again and again. */
async function startOn(
  path: string,
  units: number,
): Promise<{ url: string; units: number; snapshots: number; child: ChildProcess }> {
  await (await openStore(`sqlite:${path}`)).close()
  const snapshots = fillLedger(path, units)
  const environment = {
    ...process.env,
    DATABASE_URL: `sqlite:${path}`,
    PORT: '0',
    LOG_LEVEL: 'silent',
    PINWHEEL_ADMIN_KEY: '',
  }
  const main = new URL('../../src/main.ts', import.meta.url).pathname
  const child = spawn(process.execPath, [main], { env: environment, stdio: ['ignore', 'pipe', 'inherit'] })
  const [greeting] = (await once(child.stdout, 'data')) as [Buffer]
  const url = /http:\/\/\S+/.exec(greeting.toString())?.[0]
  if (url === undefined) throw new Error(`The service did not start: ${greeting}`)
  return { url, units, snapshots, child }
}

/** Writes the ledger alone, without units: nothing else is read for a report. */
function fillLedger(path: string, total: number): number {
  const definition = completeDefinition({
    key: 'bench',
    arms: [{ key: 'control' }, { key: 'green' }, { key: 'blue' }],
    metrics: [{ key: 'buy', type: 'binary', role: 'primary' }],
  })
  const db = new Database(path)
  db.prepare(
    "INSERT INTO experiments (id, key, salt, status, version, definition, created_at, started_at) VALUES (1, 'bench', 's', 'running', 2, ?, 0, 0)",
  ).run(JSON.stringify(definition))
  const insertSnapshot = db.prepare("INSERT INTO snapshots VALUES (1, ?, 2, 'refresh', ?, '[0.2,0.5,0.3]', ?, ?, ?, ?)")
  const insertTally = db.prepare('INSERT INTO tallies VALUES (1, 0, ?, ?, ?, ?, ?, 0, 0, ?, 0)')
  let [units, number] = [0, 0]
  db.transaction(() => {
    while (units < total) {
      const batch = Math.min(growthStep(units), total - units)
      number += 1
      insertSnapshot.run(number, 1_000 * units, units, 0, batch, 1_000 * units)
      for (const [arm, rate] of RATES.entries()) {
        const own = arm === 1 ? batch - 2 * Math.floor(batch / 4) : Math.floor(batch / 4)
        const successes = Math.round(own * rate)
        insertTally.run(number, arm, own, successes, successes, successes)
      }
      units += batch
    }
  })()
  db.close()
  return number
}

function median(times: readonly number[]): number {
  return times.toSorted((a, b) => a - b)[Math.floor(times.length / 2)] ?? Number.NaN
}

function round(value: number | undefined): number {
  return Number((value ?? Number.NaN).toPrecision(3))
}
