// What a process and a core have used so far, as Linux tells it; null elsewhere.
import { readFileSync, writeFileSync } from 'node:fs'

/** Of /proc, on every Linux of today. */
const TICKS_PER_SECOND = 100

/** Seconds of all threads of a process, user and system. */
export function processSeconds(pid: number): number | null {
  const text = read(`/proc/${pid}/stat`)
  if (text === null) return null
  // The name, in brackets, may have blanks; after it the fields begin with the third.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND
}

/**
 * Seconds in which a core was not idle, no matter who used it, those that a hypervisor took
 * included.
 */
export function coreSeconds(core: number): number | null {
  const line = new RegExp(`^cpu${core} (.+)$`, 'm').exec(read('/proc/stat') ?? '')?.[1]
  if (line === undefined) return null
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0, steal = 0] = line.split(' ').map(Number)
  return (user + nice + system + irq + softirq + steal) / TICKS_PER_SECOND
}

export interface Memory {
  /** MB (10⁶ bytes) in memory now, and at the most so far. */
  readonly now: number
  readonly most: number
}

export function memoryOf(pid: number): Memory | null {
  const text = read(`/proc/${pid}/status`)
  if (text === null) return null
  return { now: megabytesIn(text, 'VmRSS'), most: megabytesIn(text, 'VmHWM') }
}

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
export function memoryOfAll(pids: readonly number[]): Memory {
  const all = pids.flatMap(pid => memoryOf(pid) ?? [])
  const sumOf = (name: keyof Memory) => all.reduce((sum, memory) => sum + memory[name], 0)
  return { now: sumOf('now'), most: sumOf('most') }
}

/** From here on the most is counted anew. */
export function forgetPeak(pids: readonly number[]): void {
  for (const pid of pids) writeFileSync(`/proc/${pid}/clear_refs`, '5')
}

function megabytesIn(text: string, field: string): number {
  return (Number(new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(text)?.[1]) * 1_024) / 1e6
}

function read(path: string): string | null {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return null
  }
}
