// The store's commands as calls, which wait in a queue and are then carried out together.
import type { Store } from './port.ts'

/** What does not go through the queue. */
type Aside = 'audit' | 'countWaiting' | 'close'

type Synchronous<Command> = Command extends (...args: infer Args) => Promise<infer Result>
  ? (...args: Args) => Result
  : never

/** Those of a part of the store, as better-sqlite3 carries them out: at once. */
export type CommandsOf<Part> = { readonly [Name in keyof Omit<Part, Aside>]: Synchronous<Part[Name & keyof Part]> }
export type StoreCommands = CommandsOf<Store>
export type CommandName = keyof StoreCommands

/** The commands that change something, and so must be committed before they are answered. */
export const WRITES: ReadonlySet<CommandName> = new Set([
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
] satisfies CommandName[])

const READS = [
  'findExperiments',
  'findChanges',
  'readReportFacts',
  'findSnapshots',
  'readRule',
  'readSums',
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
] as const satisfies readonly CommandName[]

/** A store, by how each of its commands is asked. */
export function storeOf(ask: (call: Call) => Promise<unknown>, aside: Pick<Store, Aside> & Partial<Store>): Store {
  const asked = [...WRITES, ...READS].map(name => [name, (...args: unknown[]) => ask({ name, args } as Call)])
  return { ...(Object.fromEntries(asked) as Omit<Store, Aside>), ...aside }
}

/** One command to be said. */
export type Call = {
  [Name in CommandName]: { readonly name: Name; readonly args: Parameters<StoreCommands[Name]> }
}[CommandName]

/** How many units or rewards it is about. */
export function rowsOf({ name, args }: Call): number {
  if (name === 'keepAssignments') return args[0].units.length
  if (name === 'findAssignments') return args[1].length
  if (name === 'recordRewards') return args[0].length
  return 1
}

/** What became of it. */
export type Outcome = { readonly result: unknown } | { readonly error: unknown }
