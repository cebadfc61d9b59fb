// Runs attacks one after the other against a service, and measures each beside a lonely client.
import { setTimeout as sleep } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { cpuSecondsOf, forgetPeak, memoryOfAll, processesOf } from '../service/process-usage.ts'
import type { Attack, Bounds, Measured } from './attack.ts'
import type { LonelyInput, Waits } from './lonely-client.ts'
import { type Keys, Stage } from './stage.ts'

export interface Attacked {
  readonly url: string
  /** The process that serves, or that started those which do. */
  readonly pid: number
  readonly keys: Keys
}

/** An attack is cut short after so long. */
const ATTACK_MS = 60_000
/** So long the service takes what it takes when only the lonely client asks. */
const CALM_MS = 2_000
/** The service is quiet again when it takes less than this above its calm for `QUIET_MS`. */
const QUIET_MS = 500
const QUIET_SHARE = 0.1
const MOST_AFTERMATH_MS = 60_000
/** Between two looks whether /assign is answered again. */
const PAUSE_MS = 50
/** So often an attack is measured at the most. */
const TIMES = 3
/**
 * Garbage is collected when something happens, or after a while: so long memory has to come back.
 */
const MEMORY_MS = 15_000

export async function runAttacks(
  attacked: Attacked,
  attacks: readonly Attack[],
  { growthMB, waitMs }: Bounds,
  onMeasured: (measured: Measured) => void,
): Promise<Measured[]> {
  const pids = processesOf(attacked.pid)
  const lonely = new Lonely({ url: attacked.url, secret: attacked.keys.assign, pids })
  try {
    const calm = await measureCalm(pids, lonely)
    const all: Measured[] = []
    for (const attack of attacks) {
      const measured = await measureCalmly(
        () => measure(attacked, pids, attack, lonely, { ...calm, growthMB }),
        waitMs + calm.calmWaitMs,
      )
      onMeasured(measured)
      all.push(measured)
    }
    return all
  } finally {
    lonely.end()
  }
}

/**
 * Others on the machine make /assign wait too, but hardly three times; what an attack itself does
 * it does each time.
 */
async function measureCalmly(measureOnce: () => Promise<Measured>, waitMs: number): Promise<Measured> {
  let best = await measureOnce()
  for (let time = 1; time < TIMES && best.longestWaitMs > waitMs; time++) {
    const again = await measureOnce()
    if (again.longestWaitMs < best.longestWaitMs) best = again
  }
  return best
}

/** When only the lonely client asks. */
interface Calm {
  /** Seconds of CPU that each second takes. */
  readonly share: number
  readonly calmWaitMs: number
}

async function measureCalm(pids: readonly number[], lonely: Lonely): Promise<Calm> {
  await sleep(CALM_MS)
  await lonely.ask('begin')
  const [before, startedAt] = [cpuSecondsOf(pids), performance.now()]
  await sleep(2 * CALM_MS)
  const share = (cpuSecondsOf(pids) - before) / ((performance.now() - startedAt) / 1_000)
  return { share, calmWaitMs: (await lonely.ask('tell')).longestMs }
}

async function measure(
  { url, keys }: Attacked,
  pids: readonly number[],
  attack: Attack,
  lonely: Lonely,
  { share, calmWaitMs, growthMB }: Calm & { growthMB: number },
): Promise<Measured> {
  const stage = new Stage(url, keys)
  forgetPeak(pids)
  const beforeMB = memoryOfAll(pids).now
  const [cpuBefore, startedAt] = [cpuSecondsOf(pids), performance.now()]
  await lonely.ask('begin')
  const late = sleep(ATTACK_MS, undefined, { ref: false })
  await Promise.race([attack.run(stage), late])
  await quiet(pids, share)
  const { longestMs, assigned } = await lonely.ask('tell')
  const seconds = (performance.now() - startedAt) / 1_000
  const cpuSeconds = Math.max(0, cpuSecondsOf(pids) - cpuBefore - share * seconds)
  const peakMB = memoryOfAll(pids).most
  stage.leave()
  const { messages, bytes, statuses } = stage
  const afterMB = await settledMemory(pids, beforeMB + growthMB)
  const assignedAfter = await answeredAgain(lonely)
  return {
    attack,
    messages: Math.max(1, messages),
    bytes: bytes / Math.max(1, messages),
    cpuSeconds,
    beforeMB,
    peakMB,
    afterMB,
    longestWaitMs: longestMs,
    calmWaitMs,
    assigned,
    assignedAfter,
    statuses,
  }
}

/**
 * Resolves when the service rests: what it does after the last answer belongs to the attack too.
 */
async function quiet(pids: readonly number[], calmShare: number): Promise<void> {
  const until = performance.now() + MOST_AFTERMATH_MS
  while (performance.now() < until) {
    const [before, startedAt] = [cpuSecondsOf(pids), performance.now()]
    await sleep(QUIET_MS)
    const share = (cpuSecondsOf(pids) - before) / ((performance.now() - startedAt) / 1_000)
    if (share < calmShare + QUIET_SHARE) return
  }
}

async function settledMemory(pids: readonly number[], enough: number): Promise<number> {
  const until = performance.now() + MEMORY_MS
  while (memoryOfAll(pids).now > enough && performance.now() < until) await sleep(250)
  return memoryOfAll(pids).now
}

/**
 * How often /assign is answered from here on, once it is; 0: it is not, within `MOST_AFTERMATH_MS`.
 */
async function answeredAgain(lonely: Lonely): Promise<number> {
  const until = performance.now() + MOST_AFTERMATH_MS
  await lonely.ask('begin')
  while (true) {
    const { assigned } = await lonely.ask('tell')
    if (assigned > 0 || performance.now() >= until) return assigned
    await sleep(PAUSE_MS)
  }
}

class Lonely {
  readonly #worker: Worker

  constructor(workerData: LonelyInput) {
    this.#worker = new Worker(new URL('./lonely-client.ts', import.meta.url), { workerData })
  }

  ask(question: 'begin' | 'tell'): Promise<Waits> {
    return new Promise((resolve, reject) => {
      this.#worker.once('error', reject)
      this.#worker.once('message', (waits: Waits) => {
        this.#worker.off('error', reject)
        resolve(waits)
      })
      this.#worker.postMessage(question)
    })
  }

  end(): void {
    this.#worker.postMessage('end')
  }
}
