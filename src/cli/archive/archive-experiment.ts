// Moves the facts of one experiment into files, part by part: a part is deleted from the database
// after its files are on disk, read back, and found to be the same, in the transaction that records
// where it is. So at any moment a fact is in at least one of the two places.
import { mkdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import type { ArchivedFile, ArchiveStore, FactCounts, PartLimit } from '../../bandit/archive.ts'
import type { Experiment } from '../../bandit/experiment/experiment.ts'
import { Audit, verify } from '../../bandit/verify.ts'
import type { ArchivedCell, SnapshotHead, Store, UnitFacts } from '../../store/port.ts'
import { syncToDisk } from '../backup/sync-to-disk.ts'
import { Failure } from '../terminal/failure.ts'
import { decodePart, encodeAssignments, encodeRewards } from './parquet.ts'
import { putFile, sha256Of } from './put-file.ts'

export interface ArchiveOptions {
  readonly store: Pick<Store, 'findSnapshots' | 'audit'>
  readonly archive: ArchiveStore
  /**
   * The folder of the archive. The files are written to a subfolder named by the experiment's key.
   */
  readonly folder: string
  /** The present time, ms since 1970. */
  readonly now: number
  readonly limit?: PartLimit
  readonly onProgress?: ((doneUnits: number) => void) | undefined
  /** Aborted: it ends with its reason after a part. */
  readonly signal?: AbortSignal | undefined
}

/**
 * Its deletion takes less than a quarter of a second, during which the service of a SQLite file
 * waits.
 */
const PART: PartLimit = { units: 20_000, rewards: 40_000 }

/**
 * Archives all facts of an experiment that may be archived (see `whyNotArchived`). Answers how
 * many.
 *
 * @throws Failure where its ledger does not match its facts, or a file is in the way;
 * StoreUnavailableError
 */
export async function archiveExperiment(experiment: Experiment, options: ArchiveOptions): Promise<FactCounts> {
  const { store, archive, folder, limit = PART, onProgress, signal } = options
  await expectBalance(store, experiment)
  const heads = await store.findSnapshots(experiment.id)
  makeFolder(folder, experiment.definition.key)
  const done = { assignments: 0, rewards: 0 }
  let after = ''
  while (true) {
    signal?.throwIfAborted()
    const units = await archive.readPart(experiment.id, after, limit)
    const last = units.at(-1)
    if (last === undefined) return done
    const { files, written } = await writeFiles(experiment, units, options)
    const counts = countsOf(units)
    const cells = await proveFiles(experiment, heads, units, files, folder)
    const removal = { experimentId: experiment.id, after, through: last.unit, files, cells, ...counts }
    if (!(await archive.removePart(removal))) {
      await discard(experiment, written, options)
      continue
    }
    after = last.unit
    done.assignments += counts.assignments
    done.rewards += counts.rewards
    onProgress?.(done.assignments)
  }
}

/** Files of a part that stays where it is; unless another run has noted them for its own. */
async function discard(experiment: Experiment, written: readonly string[], options: ArchiveOptions): Promise<void> {
  const noted = new Set((await options.archive.findArchives(experiment.id)).map(({ file }) => file))
  for (const file of written) if (!noted.has(file)) rmSync(join(options.folder, file))
}

/** What is archived cannot be proved as thoroughly again. */
async function expectBalance(store: ArchiveOptions['store'], experiment: Experiment): Promise<void> {
  const [first] = (await verify({ store }, experiment)).discrepancies
  if (first === undefined) return
  const { cell, recomputed, kept } = first
  const difference = `${cell}: recomputed ${JSON.stringify(recomputed)}, kept ${JSON.stringify(kept)}`
  throw new Failure(`the ledger of "${experiment.definition.key}" does not match its facts: ${difference}`)
}

function makeFolder(folder: string, key: string): void {
  mkdirSync(join(folder, key), { recursive: true, mode: 0o700 })
  syncToDisk(folder)
}

async function writeFiles(
  experiment: Experiment,
  units: readonly UnitFacts[],
  { archive, folder, now }: ArchiveOptions,
): Promise<{ files: ArchivedFile[]; written: string[] }> {
  const number = ((await archive.findArchives(experiment.id)).at(-1)?.number ?? 0) + 1
  const { assignments, rewards } = countsOf(units)
  const written: string[] = []
  const put = (facts: ArchivedFile['facts'], bytes: Uint8Array, rows: number): ArchivedFile => {
    const file = join(experiment.definition.key, `${facts}-${String(number).padStart(5, '0')}.parquet`)
    if (putFile(join(folder, file), bytes)) written.push(file)
    return { number, facts, file, sha256: sha256Of(bytes), rows, archivedAt: now }
  }
  const files = [put('assignments', encodeAssignments(experiment, units), assignments)]
  const encoded = encodeRewards(experiment, units)
  if (encoded !== null) files.push(put('rewards', encoded, rewards))
  return { files, written }
}

/**
 * The tallies of a part, recomputed from its files.
 *
 * @throws TypeError where they do not contain what was to be written
 */
async function proveFiles(
  experiment: Experiment,
  heads: readonly SnapshotHead[],
  units: readonly UnitFacts[],
  files: readonly ArchivedFile[],
  folder: string,
): Promise<ArchivedCell[][]> {
  const [assignments, rewards] = files.map(({ file }) => readFileSync(join(folder, file)))
  const written = await decodePart(experiment, assignments as Uint8Array, rewards ?? null)
  const audit = new Audit(experiment)
  for (const facts of written) audit.add(facts, heads)
  const [first] = audit.discrepancies
  if (first !== undefined || !isDeepStrictEqual(written, units)) {
    throw new TypeError(`${files.map(({ file }) => file).join(' and ')} differ from the facts: ${first?.cell ?? ''}`)
  }
  return audit.cells
}

function countsOf(units: readonly UnitFacts[]): FactCounts {
  return { assignments: units.length, rewards: units.reduce((sum, { rewards }) => sum + rewards.length, 0) }
}
