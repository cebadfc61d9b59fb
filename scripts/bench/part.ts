// What a benchmark is given and what it answers.
import type { Cores } from './setting.ts'
import type { Verdict } from './verdict.ts'

export interface Bench {
  readonly rounds: number
  /** Of each contestant in each round. */
  readonly seconds: number
  readonly connections: number
  /** On a disk, and empty: for database files. */
  readonly folder: string
  readonly cores: Cores
  readonly onProgress: (done: number, total: number, what: string) => void
}

/** Rows of cells under a head; a number is written with three digits. */
export interface Table {
  readonly head: readonly string[]
  readonly rows: readonly (readonly (string | number | null)[])[]
}

export interface PartResult {
  readonly tables: readonly Table[]
  readonly verdicts: readonly Verdict[]
  /** What the reader has to know, in sentences. */
  readonly notes: readonly string[]
  /** All that was measured, for --json. */
  readonly measured: unknown
}

export type Part = (bench: Bench) => Promise<PartResult>
