// What a measurement needs of the machine: a core for anyone who is measured and another one for
// the load, else a contestant would be slower the more its load costs; and a folder on a disk,
// since where files live in memory an fsync costs nothing.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, statfsSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'

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

/** The kinds of file system that are memory: tmpfs and ramfs (statfs(2)). */
const IN_MEMORY: readonly number[] = [0x01021994, 0x858458f6]

/** Empty, and the caller's to remove. */
export function scratchOnDisk(): { readonly folder: string; readonly isOnDisk: boolean } {
  const folder = mkdtempSync(join(tmpdir(), 'pinwheel-bench-'))
  return { folder, isOnDisk: !IN_MEMORY.includes(statfsSync(folder).type) }
}
