// POST /simulate: what would become of a design, streamed as it is worked out. Simulations take
// their turns, a few milliseconds at a time, so that anyone who wants an arm meanwhile gets it.
import type { ServerResponse } from 'node:http'
import type { Request } from 'express'
import { z } from 'zod'
import { giveWay } from '../../bandit/give-way.ts'
import { type SimulationDesign, simulationWork } from '../../simulation/design.ts'
import { type SimulationProgress, simulateInSteps } from '../../simulation/simulate.ts'
import type { SimulationResult } from '../../simulation/summary.ts'
import { Computations } from '../computations.ts'
import type { Context } from '../context.ts'
import { refuse } from '../input/fields.ts'
import { parseSimulation, simulationSchema } from '../input/simulation-schema.ts'
import { NDJSON_TYPE, readValue } from '../middleware/body.ts'
import { json, type PlainRoute } from './route.ts'
import { count, perhaps, share } from './shapes.ts'

/** Some 20 s of one core; see `simulationWork`. */
export const MOST_WORK = 450_000

/** The event loop is not held longer than this and one look. */
const SLICE_MS = 8
const LINE_MS = 250

const runShare = z.object({ share, error: z.number() })
const unitsUntil = z.object({ share, p10: perhaps, median: perhaps, p90: perhaps })

const resultSchema = z
  .object({
    runs: count,
    seed: count,
    units: count.describe('Of each run.'),
    looks: z.number().describe('Of a run, on the average.'),
    regret: z
      .object({ mean: z.number(), error: z.number(), uniform: z.number(), savedOverUniform: z.number() })
      .describe('Over a run’s units, against giving everyone the best arm.'),
    arms: z.array(
      z.object({
        arm: z.string(),
        isControl: z.boolean(),
        mean: z.number(),
        lift: perhaps,
        relativeLift: perhaps,
        unitsShare: share,
        better: perhaps,
        worse: perhaps,
        unitsUntilVerdict: unitsUntil.nullable(),
        falseVerdicts: runShare.nullable(),
        width: perhaps,
        relativeWidth: perhaps,
      }),
    ),
    unitsUntilVerdict: unitsUntil,
    falseVerdicts: runShare,
    coverage: z
      .object({ absolute: runShare, relative: runShare.nullable(), policyLift: runShare })
      .describe('Runs in which the truth was inside at all looks.'),
    curve: z.array(z.object({ units: count, regret: z.number(), uniformRegret: z.number(), width: perhaps })),
  })
  .meta({ id: 'SimulationResult' })

export const SIMULATE_ROUTE: PlainRoute = {
  method: 'POST',
  path: '/simulate',
  scope: 'read',
  handler: postSimulate,
  document: {
    id: 'simulate',
    tag: 'Reports',
    summary: 'What would become of a design, before it starts',
    description: 'Streams its progress, and at last the result.',
    body: {
      required: true,
      content: json(simulationSchema, {
        arms: [
          { key: 'control', rate: 0.1 },
          { key: 'mens', rate: 0.12 },
        ],
        unitsPerDay: 500,
        days: 14,
        runs: 100,
      }),
    },
    answers: {
      200: {
        description: 'A stream of lines.',
        content: {
          'application/x-ndjson': {
            schema: z
              .union([z.object({ progress: share, runs: count }), z.object({ result: resultSchema })])
              .meta({ description: 'Each line.' }),
            example: { progress: 0.1, runs: 20 },
          },
        },
      },
    },
    problems: ['overloaded'],
  },
}

/**
 * Lines `{"progress": 0.1, "runs": 20}`, and at last `{"result": …}`. Stops when the client goes
 * away.
 */
async function postSimulate(_context: Context, request: Request, response: ServerResponse): Promise<void> {
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
