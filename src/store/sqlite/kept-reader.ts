// Tells units that come again their arms without the thread that commits: what can be read is on the disk, so it may be told.
import Database from 'better-sqlite3'
import type { Assignment } from '../../bandit/facts.ts'
import type { KeptAssignment, Proposal } from '../../bandit/store.ts'
import { assignmentFinder } from './find-assignment.ts'

/** A guess at more units than this would hold up the thread that answers everybody. */
const MOST_UNITS = 16

interface Guess {
  readonly proposal: Proposal
  readonly resolve: (kept: KeptAssignment[] | null) => void
}

export class KeptReader {
  readonly #db: Database.Database
  readonly #find: (experimentId: number, unit: string) => Assignment | null
  readonly #recallAll: Database.Transaction<(guesses: readonly Guess[]) => (KeptAssignment[] | null)[]>
  #guesses: Guess[] = []
  #isLikelyKept = false

  /** The database at `path` is there, and migrated. */
  constructor(path: string) {
    this.#db = new Database(path, { readonly: true })
    this.#find = assignmentFinder(this.#db)
    this.#recallAll = this.#db.transaction(guesses => guesses.map(({ proposal }) => this.recall(proposal)))
  }

  /** Units come again in runs: true when the last one did. */
  isWorthALook({ units }: Proposal): boolean {
    return this.#isLikelyKept && units.length <= MOST_UNITS
  }

  /** As `recall`, in one transaction with all that is asked in this turn: a SELECT of its own takes ten times as long. */
  guess(proposal: Proposal): Promise<KeptAssignment[] | null> {
    return new Promise(resolve => {
      if (this.#guesses.length === 0) setImmediate(() => this.#answerGuesses())
      this.#guesses.push({ proposal, resolve })
    })
  }

  /** What all the proposed units have had; null when one of them has had nothing, or cannot be read. */
  recall({ experimentId, units }: Proposal): KeptAssignment[] | null {
    const kept: KeptAssignment[] = []
    for (const { unit } of units) {
      const assignment = this.#read(experimentId, unit)
      if (assignment === null) return null
      kept.push({ ...assignment, isNew: false })
    }
    return kept
  }

  note(kept: readonly KeptAssignment[]): void {
    this.#isLikelyKept = kept.every(({ isNew }) => !isNew)
  }

  close(): void {
    this.#db.close()
  }

  #answerGuesses(): void {
    const guesses = this.#guesses
    this.#guesses = []
    const known = orElse([], () => this.#recallAll(guesses))
    for (const [position, { resolve }] of guesses.entries()) resolve(known[position] ?? null)
  }

  #read(experimentId: number, unit: string): Assignment | null {
    return orElse(null, () => this.#find(experimentId, unit))
  }
}

/** What cannot be read here is asked of the thread, which tells why. */
function orElse<Result>(otherwise: Result, read: () => Result): Result {
  try {
    return read()
  } catch {
    return otherwise
  }
}
