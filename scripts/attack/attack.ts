// What an attack is, what is measured of it, and what it may cost.
import type { Stage } from './stage.ts'

export interface Attack {
  readonly name: string
  /** What is sent, in a line. */
  readonly what: string
  /**
   * The route is meant to compute for seconds and documented so, as a simulation is: its CPU is
   * shown and not judged. The waits beside it and its memory are.
   */
  readonly isComputation?: boolean
  /** Sends it all. Resolves when the answers have come, or are not waited for any more. */
  readonly run: (stage: Stage) => Promise<void>
}

export interface Measured {
  readonly attack: Attack
  /** Messages: requests, or what was sent at once over one connection. */
  readonly messages: number
  /** Of one message, on the wire. */
  readonly bytes: number
  /** Of all messages, without what the service takes when only the lonely client asks. */
  readonly cpuSeconds: number
  readonly beforeMB: number
  readonly peakMB: number
  readonly afterMB: number
  /**
   * The longest wait of a client that asks /assign again and again meanwhile, and how often it was
   * answered.
   */
  readonly longestWaitMs: number
  /** The longest wait before any attack: what else goes on on this machine. */
  readonly calmWaitMs: number
  readonly assigned: number
  /** The same when all its connections were closed again. */
  readonly assignedAfter: number
  /** Answers by status; `cut` for connections that were closed before theirs came. */
  readonly statuses: Readonly<Record<string, number>>
}

export interface Bounds {
  /** CPU of a message of under 1 KB, of one of up to 1 MB, and of each further MB. */
  readonly smallSeconds: number
  readonly largeSeconds: number
  readonly waitMs: number
  readonly growthMB: number
}

export const BOUNDS: Bounds = { smallSeconds: 0.2, largeSeconds: 1, waitMs: 500, growthMB: 100 }

/** What of it is beyond the bounds; empty: nothing. */
export function brokenBounds(measured: Measured, bounds: Bounds): string[] {
  const { attack, messages, bytes, cpuSeconds, beforeMB, afterMB, longestWaitMs, calmWaitMs, assigned, assignedAfter } =
    measured
  const broken: string[] = []
  const each = cpuSeconds / messages
  const allowed = bytes < 1_000 ? bounds.smallSeconds : bounds.largeSeconds * Math.max(1, bytes / 1e6)
  if (attack.isComputation !== true && each > allowed) {
    broken.push(`${each.toFixed(2)} s of CPU a message, allowed ${allowed.toFixed(2)}`)
  }
  if (longestWaitMs > bounds.waitMs + calmWaitMs) broken.push(`/assign waits ${longestWaitMs.toFixed(0)} ms`)
  if (assigned === 0) broken.push('/assign is not answered')
  if (assignedAfter === 0) broken.push('/assign is not answered afterwards')
  const growth = afterMB - beforeMB
  if (growth > bounds.growthMB) broken.push(`keeps ${growth.toFixed(0)} MB`)
  return broken
}

const COLUMNS = [24, 9, 9, 9, 10, 16, 9] as const

/** The head of the table of what was measured. */
export function tableHead(): string {
  return line(['attack', 'messages', 'bytes', 'CPU s', 'CPU s each', 'MB: before·peak·after', 'wait ms'], 'verdict')
}

/** A row of it. */
export function rowOf(measured: Measured, broken: readonly string[]): string {
  const { attack, messages, bytes, cpuSeconds, beforeMB, peakMB, afterMB, longestWaitMs, statuses } = measured
  const memory = [beforeMB, peakMB, afterMB].map(value => value.toFixed(0)).join(' · ')
  const cells = [
    attack.name,
    String(messages),
    bytes.toFixed(0),
    cpuSeconds.toFixed(2),
    (cpuSeconds / messages).toFixed(3),
    memory,
    longestWaitMs.toFixed(0),
  ]
  const verdict =
    broken.length === 0 ? `ok${attack.isComputation ? ' (computes)' : ''}` : `BROKEN: ${broken.join('; ')}`
  const answers = Object.entries(statuses).map(([status, count]) => `${count} × ${status}`)
  return line(cells, answers.length === 0 ? verdict : `${verdict} (${answers.join(', ')})`)
}

function line(cells: readonly string[], verdict: string): string {
  const aligned = cells.map((cell, column) =>
    column === 0 ? cell.padEnd(COLUMNS[column] as number) : cell.padStart(COLUMNS[column] as number),
  )
  return `${aligned.join(' ')}  ${verdict}`
}
