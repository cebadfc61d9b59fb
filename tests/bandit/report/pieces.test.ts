// A large report and its page are computed in pieces, so that other requests are served between
// them. Measured is the time that this thread itself worked, whatever else the machine does.
import { expect, it } from 'vitest'
import { completeDefinition } from '../../../src/bandit/experiment/definition-input.ts'
import type { Experiment } from '../../../src/bandit/experiment/experiment.ts'
import { buildExperimentView } from '../../../src/bandit/report/experiment-view.ts'
import type { ReportInput } from '../../../src/bandit/report/report-input.ts'
import { experimentPageSections } from '../../../src/views/html/experiment-page.ts'
import { htmlReportSections } from '../../../src/views/html/html-report.ts'
import { textReportParagraphs } from '../../../src/views/text/text-report.ts'
import { storedLedger } from '../../support/samples/stored-ledger.ts'

const ARMS = 200
const GUARDRAILS = 19
const SNAPSHOTS = 40
const NOW = 1e9

function largeInput(): ReportInput {
  const definition = completeDefinition({
    key: 'large',
    arms: Array.from({ length: ARMS }, (_, arm) => ({ key: `arm-${arm}` })),
    metrics: Array.from({ length: 1 + GUARDRAILS }, (_, metric) => ({
      key: `metric-${metric}`,
      type: 'binary',
      role: metric === 0 ? 'primary' : 'guardrail',
    })),
  })
  const state = { status: 'running', version: 1, winner: null, createdAt: 0, startedAt: 0, stoppedAt: null } as const
  const experiment: Experiment = { id: 1, definition, salt: '', ...state }
  const { snapshots, cells } = storedLedger(
    Array.from({ length: SNAPSHOTS }, () => ({ units: Array.from({ length: ARMS }, () => 50) })),
  )
  const successes = (arm: number, snapshot: number) => 5 + ((arm * 7 + snapshot * 3) % 11)
  const rewarded = cells.map(cell => {
    const sum = successes(cell.arm, cell.snapshot)
    return { ...cell, sum, sumOfSquares: sum, rewards: sum, largestOutcome: 1 }
  })
  const inputs = definition.metrics.map(metric => ({ metric, stored: { snapshots, cells: rewarded } }))
  const [own, ...guardrails] = inputs as [(typeof inputs)[0], ...typeof inputs]
  return { experiment, sums: [], ...own, guardrails, changes: [] }
}

/** The work of this thread between one call and the next, in ms. */
function stopwatch(): { lap: () => void; laps: number[] } {
  const worked = () => {
    const { user, system } = process.threadCpuUsage()
    return (user + system) / 1_000
  }
  const laps: number[] = []
  let last = worked()
  const lap = () => {
    const now = worked()
    laps.push(now - last)
    last = now
  }
  return { lap, laps }
}

function pieces(parts: Iterable<unknown>): number[] {
  const { lap, laps } = stopwatch()
  for (const _ of parts) lap()
  return laps
}

const sum = (laps: readonly number[]) => laps.reduce((all, lap) => all + lap, 0)

/** Of all the work, at most so much may be one piece. */
const LARGEST_SHARE = 1 / 3

function expectPieces(laps: readonly number[]): void {
  expect(Math.max(...laps)).toBeLessThan(LARGEST_SHARE * sum(laps))
}

it('buildExperimentView() and the views give way between pieces of 200 arms and 20 metrics', async () => {
  const input = largeInput()
  // What is compiled on first use would count as part of a piece.
  await buildExperimentView(input, NOW, async () => {})
  const { lap, laps } = stopwatch()
  const view = await buildExperimentView(input, NOW, async () => lap())
  lap()
  expect(laps.length).toBeGreaterThan(GUARDRAILS)
  expectPieces(laps)
  const page = { view, revision: 1, assets: { style: '', script: '', icon: '' } }
  const viewer = { name: '', canAct: true, isSignedIn: false }
  for (const parts of [
    (): Iterable<unknown> => experimentPageSections({ ...page, viewer }),
    () => htmlReportSections(view.report),
    () => textReportParagraphs(view.report),
  ]) {
    pieces(parts())
    const laps = pieces(parts())
    expect(laps.length).toBeGreaterThan(GUARDRAILS)
    expectPieces(laps)
  }
})

it('would be told of work in one piece', async () => {
  const { lap, laps } = stopwatch()
  const { report } = await buildExperimentView(largeInput(), NOW, async () => {})
  lap()
  expect(() => expectPieces(laps)).toThrow()
  expect(() => expectPieces(pieces([[...htmlReportSections(report)]]))).toThrow()
})
