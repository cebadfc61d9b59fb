// POST /simulate: what would become of a design, streamed as it is worked out. Simulations take
// their turns, a few milliseconds at a time, so that anyone who wants an arm meanwhile gets it.
import type { Request, Response } from 'express'
import { giveWay } from '../../bandit/give-way.ts'
import { type SimulationDesign, simulationWork } from '../../simulation/design.ts'
import { type SimulationProgress, simulateInSteps } from '../../simulation/simulate.ts'
import type { SimulationResult } from '../../simulation/summary.ts'
import { Computations } from '../computations.ts'
import type { Context } from '../context.ts'
import { refuse } from '../input/fields.ts'
import { parseSimulation } from '../input/simulation-schema.ts'
import { authenticate } from '../middleware/authenticate.ts'
import { NDJSON_TYPE, readValue } from '../middleware/body.ts'

/** Some 20 s of one core; see `simulationWork`. */
export const MOST_WORK = 450_000

/** The event loop is not held longer than this and one look. */
const SLICE_MS = 8
const LINE_MS = 250

/**
 * Lines `{"progress": 0.1, "runs": 20}`, and at last `{"result": …}`. Stops when the client goes
 * away.
 */
export async function postSimulate(context: Context, request: Request, response: Response): Promise<void> {
  authenticate(context, request, 'read')
  const design = parseSimulation((await readValue(request)).value)
  refuseTooMuch(design)
  const write = (line: SimulationProgress | { result: SimulationResult }) => response.write(`${JSON.stringify(line)}\n`)
  const done = SIMULATIONS.run(() => work(design, { write, isGone: () => response.destroyed }))
  response.writeHead(200, { 'Content-Type': NDJSON_TYPE, 'Cache-Control': 'no-store' })
  response.flushHeaders()
  write({ progress: 0, runs: 0 })
  await done
  response.end()
}

/** Each may take 20 s: who is tenth in line has gone before its turn. */
const SIMULATIONS = new Computations('simulations', { maxRunning: 1, maxWaiting: 8 })

interface Listener {
  readonly write: (line: SimulationProgress | { result: SimulationResult }) => void
  readonly isGone: () => boolean
}

async function work(design: SimulationDesign, { write, isGone }: Listener): Promise<void> {
  const steps = simulateInSteps(design)
  let wroteAt = performance.now()
  while (true) {
    await giveWay()
    if (isGone()) return
    const step = takeSlice(steps)
    if (step.done) return write({ result: step.value })
    if (performance.now() - wroteAt >= LINE_MS) {
      write(step.value)
      wroteAt = performance.now()
    }
  }
}

function takeSlice(steps: Generator<SimulationProgress, SimulationResult, void>) {
  const until = performance.now() + SLICE_MS
  let step = steps.next()
  while (!step.done && performance.now() < until) step = steps.next()
  return step
}

/** @throws BanditError `invalid_request` */
function refuseTooMuch(design: SimulationDesign): void {
  const work = simulationWork(design)
  if (work <= MOST_WORK) return
  const runs = Math.floor((design.runs * MOST_WORK) / work)
  const what = `${design.runs} runs of ${design.units} units with ${design.laws.length} arms`
  const instead = runs === 0 ? 'fewer arms or units' : `at most ${runs} runs`
  refuse([
    {
      path: 'runs',
      message: `are too many: ${what} would take over 20 s here; ask for ${instead}, or use npx --no pinwheel simulate, which has no bound`,
    },
  ])
}
