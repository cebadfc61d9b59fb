// The SQLite twin: one file, nothing to install.
import { StoreUnavailableError } from '../../bandit/errors.ts'
import type { KeptAssignment, Proposal, Store } from '../../bandit/store.ts'
import { CallQueue } from '../call-queue.ts'
import { drawnProposal } from '../drawn-proposal.ts'
import type { OnCommit, OnTurn } from '../hearers.ts'
import type { SentenceName, Sentences } from '../sentences.ts'
import { Engine } from './engine.ts'
import { KeptReader } from './kept-reader.ts'
import { ThreadedEngine } from './threaded-engine.ts'

export interface SqliteOptions {
  /** Commits on a thread of their own: for a service, whose answers must not wait for the disk together. */
  readonly isThreaded?: boolean
  /** No other process serves the file. Then commits go to a redo log beside it first, which costs half as much. */
  readonly isAlone?: boolean
  readonly onTurn?: OnTurn | undefined
  readonly onCommit?: OnCommit | undefined
}

const SILENCE = 'The disk does not answer'

/**
 * Opens or creates the database at `path` (`:memory:` for one that forgets) and migrates it.
 *
 * @throws DatabaseError
 */
export async function openSqlite(
  path: string,
  { isThreaded = false, isAlone = false, onTurn = () => {}, onCommit = () => {} }: SqliteOptions = {},
): Promise<Store> {
  const engine = isThreaded
    ? await ThreadedEngine.open({ path, isAlone }, onTurn, onCommit)
    : new Engine(path, { isAlone, onTurn, onCommit })
  const onHang = (hangs: boolean) => onTurn(hangs ? new Error(SILENCE) : null)
  const queue = new CallQueue(engine, onHang, { silence: SILENCE })
  const reader = isThreaded ? new KeptReader(path) : null
  const sentence =
    <Name extends SentenceName>(name: Name) =>
    (...args: Parameters<Sentences[Name]>) =>
      queue.ask(name, ...args)
  return {
    findExperiments: sentence('findExperiments'),
    createExperiment: sentence('createExperiment'),
    changeExperiment: sentence('changeExperiment'),
    findChanges: sentence('findChanges'),
    findSnapshots: sentence('findSnapshots'),
    takeSnapshot: sentence('takeSnapshot'),
    readLedger: sentence('readLedger'),
    keepAssignments: proposal => keepAssignments(queue, reader, proposal),
    findAssignments: sentence('findAssignments'),
    recordRewards: sentence('recordRewards'),
    readTotals: sentence('readTotals'),
    readKeys: sentence('readKeys'),
    lastKeyChange: sentence('lastKeyChange'),
    keepKeys: sentence('keepKeys'),
    findKeyChanges: sentence('findKeyChanges'),
    audit: engine.audit,
    readPulse: sentence('readPulse'),
    createWebhook: sentence('createWebhook'),
    findWebhooks: sentence('findWebhooks'),
    deleteWebhook: sentence('deleteWebhook'),
    findAnnouncements: sentence('findAnnouncements'),
    announce: sentence('announce'),
    findDueMessages: sentence('findDueMessages'),
    claimMessage: sentence('claimMessage'),
    settleMessage: sentence('settleMessage'),
    ping: sentence('ping'),
    readSize: sentence('readSize'),
    countWaiting: async () => queue.depth,
    async close() {
      await queue.close()
      reader?.close()
      await engine.close()
    },
  }
}

/** Who has an arm gets it, also while nothing can be written. */
async function keepAssignments(
  queue: CallQueue,
  reader: KeptReader | null,
  proposal: Proposal,
): Promise<KeptAssignment[]> {
  const guessed = reader?.isWorthALook(proposal) ? await reader.guess(proposal) : null
  if (guessed) return guessed
  try {
    const kept = await queue.ask('keepAssignments', drawnProposal(proposal))
    reader?.note(kept)
    return kept
  } catch (error) {
    const known = error instanceof StoreUnavailableError ? await recall(queue, reader, proposal) : null
    if (known) return known
    throw error
  }
}

/** The reader tells also while the engine hangs; the engine also what it has not committed yet. */
async function recall(
  queue: CallQueue,
  reader: KeptReader | null,
  proposal: Proposal,
): Promise<KeptAssignment[] | null> {
  const known = reader?.recall(proposal)
  if (known) return known
  const { experimentId, units } = proposal
  const names = units.map(({ unit }) => unit)
  const found = await queue.ask('findAssignments', experimentId, names).catch(() => [])
  const kept = found.flatMap(assignment => (assignment === null ? [] : { ...assignment, isNew: false }))
  return kept.length === units.length ? kept : null
}
