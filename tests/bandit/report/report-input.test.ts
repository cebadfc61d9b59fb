import { describe, expect, it } from 'vitest'
import type { Change } from '../../../src/bandit/experiment/change.ts'
import { completeDefinition } from '../../../src/bandit/experiment/definition-input.ts'
import type { Experiment } from '../../../src/bandit/experiment/experiment.ts'
import { buildReport } from '../../../src/bandit/report/report.ts'
import { type ReportStore, readReportInput } from '../../../src/bandit/report/report-input.ts'
import { storedLedger } from '../../support/samples/stored-ledger.ts'

const definition = completeDefinition({
  key: 'emails',
  arms: [{ key: 'a' }, { key: 'b' }],
  metrics: [
    { key: 'refund', type: 'binary', role: 'guardrail' },
    { key: 'visit', type: 'binary', role: 'primary' },
    { key: 'spend', type: 'continuous', range: [0, 9] },
  ],
})
const state = { status: 'running', version: 2, winner: null, createdAt: 0, startedAt: 0, stoppedAt: null } as const
const experiment: Experiment = { id: 7, definition, salt: '', ...state }
const change = (version: number): Change => {
  return { version, at: version, actor: 'test', action: 'changed', reason: null, changes: [] }
}

/** Its second snapshot is of a newer version. */
function storeOf(asked: unknown[]): ReportStore {
  const { snapshots, cells } = storedLedger([{ units: [3, 4] }, { units: [5, 6] }])
  const versioned = snapshots.map((head, place) => ({ ...head, version: place + 2 }))
  return {
    readReportFacts: async (id, positions) => {
      asked.push([id, positions])
      return { snapshots: versioned, cells: positions.map(() => cells), changes: [1, 2, 3].map(change), sums: [] }
    },
  }
}

describe('readReportInput()', () => {
  it('reads once: of the primary metric also the guardrails, of another one itself alone', async () => {
    const asked: unknown[] = []
    const input = await readReportInput(storeOf(asked), experiment)
    expect(input.metric.key).toBe('visit')
    expect(input.guardrails.map(({ metric }) => metric.key)).toEqual(['refund'])
    await readReportInput(storeOf(asked), experiment, definition.metrics[2])
    expect(asked).toEqual([
      [7, [1, 0]],
      [7, [2]],
    ])
  })

  it('knows nothing of what is newer than the version of the experiment', async () => {
    const { stored, guardrails, changes } = await readReportInput(storeOf([]), experiment)
    for (const { snapshots, cells } of [stored, ...guardrails.map(each => each.stored)]) {
      expect(snapshots.map(({ number }) => number)).toEqual([1])
      expect(cells.map(({ units }) => units)).toEqual([3, 4])
    }
    expect(changes.map(({ version }) => version)).toEqual([1, 2])
  })
})

describe('buildReport()', () => {
  it('follows from the input and the instant alone, and changes neither', async () => {
    const input = await readReportInput(storeOf([]), experiment)
    const before = structuredClone(input)
    const report = await buildReport(input, 1_000)
    expect(await buildReport(input, 1_000)).toEqual(report)
    expect((await buildReport(input, 2_000)).generatedAt).toBe(2_000)
    expect(input).toEqual(before)
  })
})
