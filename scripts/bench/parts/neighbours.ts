// What every load of the benchmark does to others, on a file of a million units: how far the
// write-ahead log grows, how long another process waits for the write lock, and how long a single
// unit waits that is asked for beside it.
import { spawn } from 'node:child_process'
import { statSync } from 'node:fs'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { seededChance } from '../../../src/stats/numerics/chance.ts'
import { memoryOf } from '../../service/process-usage.ts'
import { Contestant } from '../children/contestant.ts'
import { fillFile } from '../fill-file.ts'
import { loadClosed } from '../load/closed-loop.ts'
import * as workloads from '../load/workloads.ts'
import type { Bench, PartResult } from '../part.ts'
import { assignUnits, uuidNames } from '../prepare.ts'
import { judge, type Verdict } from '../verdict.ts'

const POLLER = fileURLToPath(new URL('../children/lock-poller.ts', import.meta.url))

const UNITS = 1_000_000
const UNITS_REWARDED = 50_000
const BULK_CONNECTIONS = 4

/** After the load the log is cut within this. */
const REST_MS = 10_000
const LOOK_MS = 20

/** What a start has needed only for itself is given back after some seconds. */
const IDLE_MS = 5_000

/** Latencies and waits in ms. */
interface Effect {
  readonly name: string
  readonly mostLogMb: number
  readonly logAfterMb: number
  /** Of the load itself. */
  readonly p99: number
  readonly lockWaits: { readonly count: number; readonly p99: number; readonly most: number }
  /** Of single units asked for beside it. */
  readonly single: { readonly p50: number; readonly p99: number; readonly most: number }
}

export async function neighbours(bench: Bench): Promise<PartResult> {
  const path = join(bench.folder, 'neighbours.db')
  await fillFile(path, UNITS, done => bench.onProgress(done, UNITS, 'units filled in'))
  const service = await Contestant.startService(bench.cores.under, path)
  try {
    await sleep(IDLE_MS)
    const idle = memoryOf(service.pid)
    const units = await assignUnits(service, UNITS_REWARDED, uuidNames(seededChance(1)))
    const loads: [name: string, workload: workloads.Workload, connections: number][] = [
      ['assign-new', workloads.assignNew(seededChance(2)), bench.connections],
      ['assign-kept', workloads.assignKept(units, seededChance(4)), bench.connections],
      ['reward', workloads.reward(units, seededChance(5)), bench.connections],
      ['assign-batch', workloads.assignBatch(1_000, seededChance(6)), BULK_CONNECTIONS],
      ['rewards-ndjson', workloads.rewardStream(5_000, units, seededChance(7)), BULK_CONNECTIONS],
    ]
    const effects: Effect[] = []
    for (const [name, workload, connections] of loads) {
      const single = workloads.assignNew(seededChance(17 + effects.length))
      effects.push(await effectOf({ ...bench, name, workload, connections, service, path, single }))
      bench.onProgress(effects.length, loads.length, 'loads of neighbours')
    }
    return resultOf(effects, idle?.now ?? null, memoryOf(service.pid)?.now ?? null)
  } finally {
    await service.stop()
  }
}

interface Laid {
  readonly name: string
  readonly workload: workloads.Workload
  /** Of the single units. */
  readonly single: workloads.Workload
  readonly connections: number
  readonly service: Contestant
  readonly path: string
  readonly seconds: number
}

async function effectOf({ name, path, seconds, service: { port }, ...load }: Laid): Promise<Effect> {
  const logBytes = () => statSync(`${path}-wal`, { throwIfNoEntry: false })?.size ?? 0
  let most = 0
  const looking = setInterval(() => {
    most = Math.max(most, logBytes())
  }, LOOK_MS)
  const poller = pollLock(path)
  const [own, beside] = await Promise.all([
    loadClosed({ ...load, port, seconds }),
    loadClosed({ port, seconds, connections: 1, workload: load.single }),
  ])
  const waits = (await poller.stop()).toSorted((a, b) => a - b)
  await sleep(REST_MS)
  clearInterval(looking)
  const { latencies } = beside
  return {
    name,
    mostLogMb: most / 1e6,
    logAfterMb: logBytes() / 1e6,
    p99: own.latencies.quantile(0.99),
    lockWaits: {
      count: waits.length,
      p99: waits[Math.floor(0.99 * waits.length)] ?? Number.NaN,
      most: waits.at(-1) ?? Number.NaN,
    },
    single: { p50: latencies.quantile(0.5), p99: latencies.quantile(0.99), most: latencies.max },
  }
}

/** Stopped, it tells how long it waited each time. */
function pollLock(path: string): { readonly stop: () => Promise<number[]> } {
  const child = spawn(process.execPath, [POLLER, path], { stdio: ['pipe', 'pipe', 'inherit'] })
  const told = text(child.stdout)
  return {
    async stop() {
      child.stdin.end()
      return JSON.parse(await told) as number[]
    },
  }
}

function resultOf(effects: readonly Effect[], idleMb: number | null, loadedMb: number | null): PartResult {
  const verdicts: Verdict[] = effects.flatMap(({ name, mostLogMb, logAfterMb, lockWaits }) => [
    judge(`${name}: the log at the most`, [mostLogMb], { atMost: 256 }, ' MB'),
    judge(`${name}: the log after ${REST_MS / 1_000} s of rest`, [logAfterMb], { atMost: 64 }, ' MB'),
    judge(`${name}: another process has the lock, p99`, [lockWaits.p99], { atMost: 50 }, ' ms'),
    judge(`${name}: another process has the lock, always`, [lockWaits.most], { atMost: 200 }, ' ms'),
  ])
  const judgeOf = (name: string, promise: string, atMost: number, msOf: (effect: Effect) => number) => {
    const effect = effects.find(each => each.name === name)
    if (effect !== undefined) verdicts.push(judge(promise, [msOf(effect)], { atMost }, ' ms'))
  }
  judgeOf('assign-new', 'assign-new: p99 beside these', 60, ({ p99 }) => p99)
  judgeOf('reward', 'reward: p99 beside these', 80, ({ p99 }) => p99)
  judgeOf('assign-batch', 'a single unit beside batches, p99', 200, ({ single }) => single.p99)
  if (idleMb !== null) verdicts.push(judge('memory after the start', [idleMb], { atMost: 120 }, ' MB'))
  if (loadedMb !== null) verdicts.push(judge('memory after every load', [loadedMb], { atMost: 240 }, ' MB'))
  const rows = effects.map(({ name, mostLogMb, logAfterMb, p99, lockWaits, single }) => {
    return [name, mostLogMb, logAfterMb, p99, ...Object.values(lockWaits), ...Object.values(single)]
  })
  const head = ['', 'log MB, most', 'after', 'p99 ms', 'locks', 'wait p99 ms', 'most', 'single p50 ms', 'p99', 'most']
  return { tables: [{ head, rows }], verdicts, notes: [], measured: { effects, idleMb, loadedMb } }
}
