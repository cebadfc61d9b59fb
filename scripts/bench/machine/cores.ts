// One core for anyone who is measured, another for the load: else a contestant would be slower the
// more its load costs.
import { spawnSync } from 'node:child_process'
import { availableParallelism } from 'node:os'

export interface Cores {
  /** The core of anyone who is measured; null where processes cannot be kept on cores. */
  readonly server: number | null
  /** The program with its arguments that starts another one there. */
  readonly under: readonly string[]
}

const SERVER = 0
const LOAD = 1

/** Keeps this process, which makes the load, on its core from now on. */
export function separateCores(): Cores {
  const isSeparate = availableParallelism() >= 2 && taskset('-c', `${SERVER}`, 'true') && pinThisProcess()
  return isSeparate ? { server: SERVER, under: ['taskset', '-c', `${SERVER}`] } : { server: null, under: [] }
}

function pinThisProcess(): boolean {
  return taskset('-a', '-c', '-p', `${LOAD}`, `${process.pid}`)
}

function taskset(...parts: readonly string[]): boolean {
  return spawnSync('taskset', parts, { stdio: 'ignore' }).status === 0
}
