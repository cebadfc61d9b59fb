// Preloaded into the service under test: tells its parent what is still in use after everything
// that can be thrown away was, and leaks on purpose where that is asked for. Needs --expose-gc.
import { subscribe } from 'node:diagnostics_channel'
import { setTimeout as sleep } from 'node:timers/promises'
import { getHeapSpaceStatistics } from 'node:v8'
import { isMainThread, type Worker } from 'node:worker_threads'
import { LEAK } from './growth-fault.ts'

declare const gc: () => void

/** What ends with a request may take some turns of the event loop, or a timer. */
const REST_MS = 200

/**
 * Threads answer within it; one that is at work for longer is missed, and the parent waits in vain.
 */
const channel = new BroadcastChannel('memory-probe')

if (isMainThread) {
  const workers = new Set<Worker>()
  process.on('worker', worker => {
    workers.add(worker)
    worker.once('exit', () => workers.delete(worker))
  })
  process.on('message', async () => process.send?.((await ownBytes()) + (await bytesOf(workers.size))))
  // A service under test does not outlive its test.
  process.on('disconnect', () => process.exit())
  // Who only waits for questions does not keep the service alive.
  process.channel?.unref()
  leak(Number(process.env[LEAK] ?? 0) / 8)
} else {
  channel.onmessage = async () => channel.postMessage(await ownBytes())
}
unref(channel)

/**
 * Where V8 keeps compiled code and its kin: it grows as long as V8 finds something to compile, and
 * not by what a program keeps.
 */
const CODE =
  /^(code|trusted|shared_trusted|code_large_object|trusted_large_object|shared_trusted_large_object|read_only)_space$/

/** Bytes of the thread's objects, and of what belongs to them outside the heap. */
async function ownBytes(): Promise<number> {
  for (let time = 0; time < 2; time++) {
    await sleep(REST_MS)
    gc()
  }
  const spaces = getHeapSpaceStatistics().filter(({ space_name }) => !CODE.test(space_name))
  return spaces.reduce((sum, space) => sum + space.space_used_size, process.memoryUsage().external)
}

/** Of so many other threads. */
function bytesOf(threads: number): Promise<number> {
  return new Promise(resolve => {
    let [left, sum] = [threads, 0]
    if (left === 0) return resolve(0)
    channel.onmessage = event => {
      sum += event.data as number
      left -= 1
      if (left === 0) resolve(sum)
    }
    channel.postMessage('How much?')
  })
}

function leak(numbers: number): void {
  if (numbers === 0) return
  const kept: number[] = []
  subscribe('http.server.request.start', () => {
    for (let number = 0; number < numbers; number++) kept.push(number)
  })
}

/** In Node a channel has it, though no browser's does. */
function unref(unrefable: unknown): void {
  ;(unrefable as { unref(): void }).unref()
}
