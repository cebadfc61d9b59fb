// The HTTP property at full size, against a process of its own: what it answered, what it still weighs, and whether its books are
// right afterwards.
import { verify } from '../../src/bandit/verify.ts'
import { openStore } from '../../src/store/open.ts'
import { Child } from './child.ts'
import { Violation } from './expect-holds.ts'
import { checkVolleys, prepare } from './volleys.ts'
import type { Outcome } from './wire.ts'

/** Experiments that were stopped stay so: after so many requests there are new ones. */
const REQUESTS_A_GENERATION = 2_000

/** When memory is looked at, in shares of all requests. What a process needs to get going is not growth. */
const WARM_UP = 0.2
const MIDWAY = 0.6

/** A process' memory comes and goes by some MiB. Less than this between midway and the end is no growth. */
const TOLERATED_MIB = 48

export interface ServiceFindings {
  /** By `2xx`, `4xx`, and so on; `closed` where no answer was owed. */
  readonly byClass: ReadonlyMap<string, number>
  readonly requests: number
  readonly slowestMs: number
  /** Resident memory at the start, after the warm-up, midway and at the end, in MiB; null where the system does not tell. */
  readonly residentMiB: readonly (number | null)[]
  readonly experiments: number
  readonly units: number
  readonly seconds: number
}

/** @throws Violation */
export async function fuzzService(
  { requests, seed }: { requests: number; seed: number },
  onProgress: (requests: number) => void,
): Promise<ServiceFindings> {
  const startedAt = performance.now()
  const child = await Child.start()
  try {
    await prepare(child.url)
    const residentMiB = [child.residentMiB]
    const byClass = new Map<string, number>()
    let [sent, slowestMs] = [0, 0]
    const onOutcome = (_: unknown, outcome: Outcome) => {
      const name = classOf(outcome)
      byClass.set(name, (byClass.get(name) ?? 0) + 1)
      sent += 1
      slowestMs = Math.max(slowestMs, outcome.ms)
    }
    const marks = [WARM_UP, MIDWAY, 1].map(share => share * requests)
    for (let generation = 0; sent < requests; generation++) {
      const portion = Math.min(REQUESTS_A_GENERATION, Math.max(1, requests - sent))
      await checkVolleys({ url: child.url, seed: seed + generation, generation, requests: portion, onOutcome })
      if (sent >= (marks[residentMiB.length - 1] ?? Number.POSITIVE_INFINITY)) residentMiB.push(child.residentMiB)
      onProgress(sent)
    }
    expectNoGrowth(residentMiB)
    const books = await expectGoodEnd(child)
    const seconds = (performance.now() - startedAt) / 1_000
    return { byClass, requests: sent, slowestMs, residentMiB, ...books, seconds }
  } catch (error) {
    if (error instanceof Violation) throw new Violation(`${error.message}\n${child.errors.join('\n')}`)
    throw error
  } finally {
    await child.remove()
  }
}

function classOf(outcome: Outcome): string {
  return outcome.kind === 'answer' ? `${Math.floor(outcome.answer.status / 100)}xx` : outcome.kind
}

function expectNoGrowth(residentMiB: readonly (number | null)[]): void {
  const [midway, end] = residentMiB.slice(-2)
  if (midway == null || end == null || end - midway <= TOLERATED_MIB) return
  throw new Violation(`The memory grows: ${residentMiB.map(each => each?.toFixed(0)).join(', ')} MiB`)
}

/** No error in its log, an exit as asked, and books that balance. */
async function expectGoodEnd(child: Child): Promise<{ experiments: number; units: number }> {
  const code = await child.stop()
  if (child.errors.length > 0)
    throw new Violation(`The service tells of errors: ${child.errors.slice(0, 5).join('\n')}`)
  if (code !== 0) throw new Violation(`The service ended with the exit code ${code}`)
  const store = await openStore(child.databaseUrl)
  const experiments = await store.findExperiments()
  let units = 0
  for (const experiment of experiments) {
    const verification = await verify({ store }, experiment)
    units += verification.units
    const [first] = verification.discrepancies
    if (first === undefined) continue
    const { metrics } = experiment.definition
    throw new Violation(`The books of ${experiment.definition.key} differ: ${JSON.stringify({ ...first, metrics })}`)
  }
  await store.close()
  return { experiments: experiments.length, units }
}
