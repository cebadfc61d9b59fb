// A report must cost the same for ten thousand units and for ten million: it reads the ledger,
// never the units. Services on ledgers of several sizes run side by side, and are asked in turn.
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { completeDefinition } from '../../../src/bandit/experiment/definition-input.ts'
import { growthStep } from '../../../src/bandit/growth.ts'
import { openStore } from '../../../src/store/open.ts'
import { Contestant } from '../children/contestant.ts'
import { DEFINITION, EXPERIMENT } from '../experiment.ts'
import type { Bench, PartResult } from '../part.ts'
import { whole } from '../tables.ts'
import { medianOf } from '../verdict.ts'

const SIZES = [1e4, 1e5, 1e6, 1e7] as const
const TIMES = 200
const WARM_UP_TIMES = 50
const RATES = [0.1, 0.12, 0.11] as const

/** The median time of a report over HTTP, by the size of the experiment. */
export async function report({ folder, cores, onProgress }: Bench): Promise<PartResult> {
  const services: Contestant[] = []
  const snapshots: number[] = []
  try {
    for (const units of SIZES) {
      const path = join(folder, `report-${units}.db`)
      await (await openStore(`sqlite:${path}`)).close()
      snapshots.push(fillLedger(path, units))
      services.push(await Contestant.startService(cores.under, path))
    }
    const times = services.map((): number[] => [])
    for (let time = 0; time < WARM_UP_TIMES + TIMES; time++) {
      for (const [position, { url }] of services.entries()) {
        const startedAt = performance.now()
        await (await fetch(`${url}/experiments/${EXPERIMENT}/report`)).text()
        if (time >= WARM_UP_TIMES) times[position]?.push(performance.now() - startedAt)
      }
      onProgress(time, WARM_UP_TIMES + TIMES, 'times each report')
    }
    const medians = times.map(medianOf)
    const measured = SIZES.map((units, position) => {
      const medianMs = medians[position] as number
      return { units, snapshots: snapshots[position] as number, medianMs, ratio: medianMs / (medians[0] as number) }
    })
    const rows = measured.map(({ units, snapshots, medianMs, ratio }) => [whole(units), snapshots, medianMs, ratio])
    const head = ['units', 'snapshots', 'median ms', 'ratio']
    return { tables: [{ head, rows }], verdicts: [], notes: [], measured }
  } finally {
    for (const service of services) await service.stop()
  }
}

/** Writes the ledger alone, without units: nothing else is read for a report. */
function fillLedger(path: string, total: number): number {
  const definition = completeDefinition(DEFINITION)
  const db = new Database(path)
  db.prepare(
    "INSERT INTO experiments (id, key, salt, status, version, definition, created_at, started_at) VALUES (1, ?, 's', 'running', 2, ?, 0, 0)",
  ).run(EXPERIMENT, JSON.stringify(definition))
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
