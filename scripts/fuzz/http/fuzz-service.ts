// The HTTP property at full size, against a process of its own: what it answered, what it still
// weighs, and whether its books are right afterwards.
import { verify } from '../../../src/bandit/verify.ts'
import { openStore } from '../../../src/store/open.ts'
import type { Outcome } from '../../http/line.ts'
import { Child } from '../child.ts'
import { Violation } from '../expect-holds.ts'
import { growthFault, type Weighing } from './growth-fault.ts'
import { weighUnderLoad } from './steady-load.ts'
import { checkVolleys, prepare } from './volleys.ts'

/** Experiments that were stopped stay so: after so many requests there are new ones. */
const REQUESTS_A_GENERATION = 2_000

/**
 * So often the service is weighed while hostile requests come, where it remembers new experiments …
 */
const RANDOM_WEIGHINGS = 4
/** … and while it has nothing new to remember, where it must not grow. */
const STEADY_WEIGHINGS = 8

export type FuzzResult = Awaited<ReturnType<typeof fuzzService>>

export interface FuzzOptions {
  readonly requests: number
  readonly seed: number
  /** The control: the service leaks so many bytes a request, and must be found out. */
  readonly leakBytes?: number
}

/** @throws Violation */
export async function fuzzService(
  { requests, seed, leakBytes = 0 }: FuzzOptions,
  onProgress: (requests: number, total: number) => void,
) {
  const startedAt = performance.now()
  const child = await Child.start(leakBytes)
  try {
    await prepare(child.url)
    const weighings: Weighing[] = []
    // By `2xx`, `4xx`, and so on; `closed` where no answer was owed.
    const byClass = new Map<string, number>()
    let [sent, slowestMs] = [0, 0]
    const onOutcome = (_: unknown, outcome: Outcome) => {
      const name = classOf(outcome)
      byClass.set(name, (byClass.get(name) ?? 0) + 1)
      sent += 1
      slowestMs = Math.max(slowestMs, outcome.ms)
    }
    for (let generation = 0; sent < requests; generation++) {
      const portion = Math.min(REQUESTS_A_GENERATION, Math.max(1, requests - sent))
      await checkVolleys({ url: child.url, seed: seed + generation, generation, requests: portion, onOutcome })
      const isDue = sent >= (requests * (weighings.length + 1)) / RANDOM_WEIGHINGS
      if (isDue) weighings.push({ requests: sent, ...(await child.weigh()) })
      onProgress(sent, 2 * requests)
    }
    const steadyWeighings = await weighUnderLoad(child, {
      requests,
      weighings: STEADY_WEIGHINGS,
      seed,
      onProgress: steady => onProgress(requests + steady, 2 * requests),
    })
    const fault = growthFault(steadyWeighings)
    if (fault !== null) throw new Violation(fault)
    const books = await expectGoodEnd(child)
    const seconds = (performance.now() - startedAt) / 1_000
    return { byClass, requests: sent, slowestMs, weighings, steadyWeighings, ...books, seconds }
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
