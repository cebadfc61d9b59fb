// Moves the facts of one experiment into files, part by part. The transaction that removes a part
// from the database records its files, which are then on the disk and have been read back and
// compared. So every fact is in at least one of the two places at any moment.
import { mkdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import type { ArchivedFile, ArchiveStore, FactCounts, PartLimit } from '../../bandit/archive.ts'
import type { Experiment } from '../../bandit/experiment/experiment.ts'
import { Audit } from '../../bandit/verify.ts'
import type { ArchivedCell, SnapshotHead, Store, UnitFacts } from '../../store/port.ts'
import { syncToDisk } from '../database/disk.ts'
import { expectLedger } from '../database/expect-ledgers.ts'
import { putFile, sha256Of } from './archive-files.ts'
import { decodePart, encodeAssignments, encodeRewards } from './parquet.ts'

export interface ArchiveOptions {
  readonly store: Pick<Store, 'findSnapshots' | 'audit' | 'readRule' | 'readSums'>
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

/** Removed in less than a quarter of a second, for which a service on the SQLite file waits. */
const PART: PartLimit = { units: 20_000, rewards: 40_000 }

/**
 * Archives all facts of an experiment that may be archived (see `whyNotArchived`). Answers how
 * many.
 *
 * @throws Failure where its ledger differs from its facts, which could not be proved afterwards, or
 * another file has a name of the archive; StoreUnavailableError
 */
export async function archiveExperiment(experiment: Experiment, options: ArchiveOptions): Promise<FactCounts> {
  const { store, archive, folder, limit = PART, onProgress, signal } = options
  await expectLedger(store, experiment)
  const heads = await store.findSnapshots(experiment.id)
  mkdirSync(join(folder, experiment.definition.key), { recursive: true, mode: 0o700 })
  syncToDisk(folder)
  const done = { assignments: 0, rewards: 0 }
  let after = ''
  while (true) {
    signal?.throwIfAborted()
    const units = await archive.readPart(experiment.id, after, limit)
    const last = units.at(-1)
    if (last === undefined) return done
    const counts = countsOf(units)
    const { files, written } = await writeFiles(experiment, units, counts, options)
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

/** Deletes the files of a part that stays in the database, except those that another run owns. */
async function discard(experiment: Experiment, written: readonly string[], options: ArchiveOptions): Promise<void> {
  const noted = new Set((await options.archive.findArchives(experiment.id)).map(({ file }) => file))
  for (const file of written) if (!noted.has(file)) rmSync(join(options.folder, file))
}

/** `written`: the names of those that did not exist before. */
async function writeFiles(
  experiment: Experiment,
  units: readonly UnitFacts[],
  { assignments, rewards }: FactCounts,
  { archive, folder, now }: ArchiveOptions,
): Promise<{ files: ArchivedFile[]; written: string[] }> {
  const number = ((await archive.findArchives(experiment.id)).at(-1)?.number ?? 0) + 1
  const written: string[] = []
  const put = (facts: ArchivedFile['facts'], bytes: Uint8Array, rows: number): ArchivedFile => {
    const file = join(experiment.definition.key, `${facts}-${String(number).padStart(5, '0')}.parquet`)
    if (putFile(join(folder, file), bytes)) written.push(file)
    return { number, facts, file, sha256: sha256Of(bytes), rows, archivedAt: now }
  }
  const files = [put('assignments', encodeAssignments(experiment, units), assignments)]
  if (rewards > 0) files.push(put('rewards', encodeRewards(experiment, units), rewards))
  return { files, written }
}

/**
 * The ledger of a part, recomputed from its files.
 *
 * @throws TypeError where the files differ from the facts
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
