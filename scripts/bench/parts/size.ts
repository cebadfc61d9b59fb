// What a million assignments take: on the disk, beyond the units' own names, and in memory.
// Sequential names, which fill page after page, and random UUIDs, which fall anywhere.
import { statSync } from 'node:fs'
import { join } from 'node:path'
import { seededChance } from '../../../src/stats/numerics/chance.ts'
import { FILES } from '../../../src/store/sqlite/database.ts'
import { type Memory, memoryOf } from '../../service/process-usage.ts'
import type { Bench, PartResult } from '../part.ts'
import { assignUnits, startPrepared, uuidNames } from '../prepare.ts'
import { judge } from '../verdict.ts'

const UNITS = 1_000_000

interface Size {
  readonly units: string
  /** Of the file after a clean stop, for each unit, without the bytes of its name. */
  readonly bytesBeyondName: number
  readonly unitsPerSecond: number
  readonly memory: Memory | null
}

export async function size(bench: Bench): Promise<PartResult> {
  const sizes = [
    await measure(bench, 'sequential', position => `u-${position}`),
    await measure(bench, 'UUIDs', uuidNames(seededChance(1))),
  ]
  const rows = sizes.map(({ units, bytesBeyondName, unitsPerSecond, memory }) => {
    return [units, bytesBeyondName, unitsPerSecond, memory?.now ?? null, memory?.most ?? null]
  })
  const head = ['a million units', 'bytes a unit beyond its name', 'units/s', 'memory MB', 'at the most']
  return {
    tables: [{ head, rows }],
    verdicts: sizes.flatMap(({ units, bytesBeyondName, memory }) => [
      judge(`size: bytes beyond the name, ${units}`, [bytesBeyondName], { atMost: 80 }),
      ...(memory === null ? [] : [judge(`size: memory, ${units}`, [memory.now], { atMost: 300 }, ' MB')]),
    ]),
    notes: ['Assigned over HTTP in batches of 10,000; the file after a clean stop, the memory before it.'],
    measured: sizes,
  }
}

async function measure(bench: Bench, units: string, nameOf: (position: number) => string): Promise<Size> {
  const path = join(bench.folder, `size-${units}.db`)
  const service = await startPrepared(bench.cores.under, path)
  try {
    const startedAt = performance.now()
    const onBatch = (done: number) => bench.onProgress(done, UNITS, `units of size, ${units}`)
    const names = await assignUnits(service, UNITS, nameOf, onBatch)
    const seconds = (performance.now() - startedAt) / 1_000
    const memory = memoryOf(service.pid)
    await service.stop()
    const nameBytes = names.reduce((sum, name) => sum + Buffer.byteLength(name), 0)
    const bytesBeyondName = (bytesAt(path) - nameBytes) / UNITS
    return { units, bytesBeyondName, unitsPerSecond: UNITS / seconds, memory }
  } finally {
    await service.stop()
  }
}

/** With what stands beside the file, as far as a stop leaves it there. */
function bytesAt(path: string): number {
  return FILES.reduce((sum, suffix) => sum + (statSync(path + suffix, { throwIfNoEntry: false })?.size ?? 0), 0)
}
