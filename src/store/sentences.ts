// The store's sentences as the engine says them: at once, and synchronously, since that is how
// better-sqlite3 works.
import type { Store } from './port.ts'

/**
 * An audit shows its facts as it goes, so it cannot be asked of another thread; what waits for it
 * is known on this one.
 */
type Aside = 'audit' | 'countWaiting' | 'close'

type Synchronous<Sentence> = Sentence extends (...args: infer Args) => Promise<infer Result>
  ? (...args: Args) => Result
  : never

/** Those of a part of the store. */
export type SentencesOf<Part> = { readonly [Name in keyof Omit<Part, Aside>]: Synchronous<Part[Name & keyof Part]> }
export type Sentences = SentencesOf<Store>
export type SentenceName = keyof Sentences

/** The sentences that change something, and so must be committed before they are answered. */
export const WRITES: ReadonlySet<SentenceName> = new Set([
  'createExperiment',
  'changeExperiment',
  'takeSnapshot',
  'keepAssignments',
  'recordRewards',
  'createWebhook',
  'deleteWebhook',
  'announce',
  'claimMessage',
  'settleMessage',
  'keepKeys',
] satisfies SentenceName[])

const READS = [
  'findExperiments',
  'findChanges',
  'findSnapshots',
  'readLedger',
  'readPulse',
  'findAssignments',
  'readTotals',
  'readKeys',
  'lastKeyChange',
  'findKeyChanges',
  'findWebhooks',
  'findAnnouncements',
  'findDueMessages',
  'ping',
  'readSize',
] as const satisfies readonly SentenceName[]

/** A store, by how each of its sentences is asked. */
export function storeOf(ask: (call: Call) => Promise<unknown>, aside: Pick<Store, Aside> & Partial<Store>): Store {
  const asked = [...WRITES, ...READS].map(name => [name, (...args: unknown[]) => ask({ name, args } as Call)])
  return { ...(Object.fromEntries(asked) as Omit<Store, Aside>), ...aside }
}

/** One sentence to be said. */
export type Call = {
  [Name in SentenceName]: { readonly name: Name; readonly args: Parameters<Sentences[Name]> }
}[SentenceName]

/** How many units or rewards it is about. */
export function rowsOf({ name, args }: Call): number {
  if (name === 'keepAssignments') return args[0].units.length
  if (name === 'findAssignments') return args[1].length
  if (name === 'recordRewards') return args[0].length
  return 1
}

/** What became of it. */
export type Outcome = { readonly result: unknown } | { readonly error: unknown }
