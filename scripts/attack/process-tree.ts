// What a process and those that it started (workers) have used, as Linux tells it.
import { readFileSync, writeFileSync } from 'node:fs'
import { memoryOf, processSeconds } from '../bench/machine/usage.ts'

/** The process, and its children where it has some. */
export function processesOf(pid: number): number[] {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim()
  return [pid, ...(children === '' ? [] : children.split(' ').map(Number))]
}

/** Seconds of all threads, user and system. */
export function cpuSecondsOf(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => sum + (processSeconds(pid) ?? 0), 0)
}

/** MB (10⁶ bytes) in memory now, and at the most since `forgetPeak`. */
export function memoryOfAll(pids: readonly number[]): { now: number; most: number } {
  const all = pids.map(pid => memoryOf(pid) ?? { now: 0, most: 0 })
  return {
    now: all.reduce((sum, { now }) => sum + now, 0),
    most: all.reduce((sum, { most }) => sum + most, 0),
  }
}

/** From here on the most is counted anew. */
export function forgetPeak(pids: readonly number[]): void {
  for (const pid of pids) writeFileSync(`/proc/${pid}/clear_refs`, '5')
}
