import { describe, expect, it } from 'vitest'
import type { Definition } from '../../../src/bandit/experiment/experiment.ts'
import { clippingDoubts, clippingNotes, clippingsOf } from '../../../src/bandit/report/clipping.ts'
import type { ReportData } from '../../../src/bandit/report/report-data.ts'
import { notesOn } from '../../../src/bandit/report/report-notes.ts'
import type { LedgerCell, StoredLedger } from '../../../src/store/port.ts'
import { binaryArm, liftOf, SPEND, sampleReport, VISIT } from '../../support/samples/sample-reports.ts'
import { experimentOf } from '../../support/samples/sample-views.ts'
import { storedLedger } from '../../support/samples/stored-ledger.ts'

type Lift = ReturnType<typeof liftOf>

const FEW = storedLedger([{ units: [100, 100, 100] }], 30)

const control = binaryArm('control', 100, 10, { isControl: true, lift: null })
const arm = (key: string, facts: Partial<ReportData['arms'][number]> = {}) => binaryArm(key, 100, 10, facts)

function notes(facts: Partial<ReportData> = {}, stored: StoredLedger = FEW): string[] {
  const arms = facts.arms ?? [control, arm('mens'), arm('womens')]
  const report = sampleReport({ status: 'running', guardrails: [], ...facts, arms })
  const { definition } = experimentOf(report)
  return notesOn(report, definition, stored)
}

/** A cell with these numbers, the rest as nobody would mind. */
const cell = (arm: number, facts: Partial<LedgerCell>): LedgerCell => ({
  snapshot: 1,
  arm,
  units: 1_000,
  sum: 1_000,
  sumOfSquares: 1_000,
  rewards: 100,
  delayedRewards: 0,
  unitsAbove: 0,
  unitsBelow: 0,
  largestOutcome: 1,
  ...facts,
})

const definitionOf = (arms: readonly string[]) =>
  ({ arms: arms.map(key => ({ key, payload: null, retired: false })) }) as unknown as Definition

describe('notesOn()', () => {
  it('has nothing to say of an experiment that is as it should be', () => {
    expect(notes({}, { ...FEW, cells: [cell(0, {}), cell(1, {}), cell(2, {})] })).toEqual([])
  })

  it('says what it means that an arm or the control is retired', () => {
    const arms = [{ ...control, status: 'retired' as const }, arm('mens', { status: 'retired' }), arm('womens')]
    expect(notes({ arms }).join('\n')).toMatch(
      /^control is retired: a lift over it rests on the units of the time when both had new ones.*\nmens is retired: its lift is that of the time/,
    )
  })

  it('says what it means that an arm gets hardly any new units', () => {
    const stored = storedLedger(
      [{ units: [300, 300, 300] }, { units: [700, 790, 10], propensities: [0.45, 0.54, 0.01] }],
      100,
    )
    expect(notes({}, stored)).toContainEqual(
      expect.stringMatching(/^womens got 10 of the last 1,500 units: its lift is mostly that of earlier units/),
    )
    expect(notes({ status: 'paused' }, stored).join()).not.toContain('womens got')
    const lean = storedLedger([{ units: [10, 995, 995], propensities: [0.005, 0.4975, 0.4975] }], 100)
    expect(notes({}, lean)).toContainEqual(
      'control got 10 of the last 2,000 units: all lifts and guardrails are compared with it, so they narrow slowly.',
    )
  })

  it('says what an arm without a mature unit rests on', () => {
    const arms = [control, arm('mens'), arm('womens', { units: 0 })]
    expect(notes({ arms })).toContainEqual(
      expect.stringMatching(/^No mature unit yet in womens: its mean and lift rest/),
    )
  })

  it('says that a range without 0 gives units without rewards its nearest end', () => {
    expect(notes({ metric: { ...SPEND, range: [5, 50] } })).toContainEqual(
      'The range [5, 50] of spend does not contain 0, so a unit without rewards counts as 5.',
    )
    expect(notes({ metric: { ...SPEND, range: [-50, -5] } }).join()).toContain('counts as -5')
    expect(notes({ metric: { ...SPEND, range: [0, 50] } }).join()).not.toContain('does not contain')
  })

  it('warns of a heavy tail from a thousand units on, and not on a binary metric', () => {
    const heavy = { ...FEW, cells: [cell(0, {}), cell(1, { sumOfSquares: 9_999, largestOutcome: 10 }), cell(2, {})] }
    const warning =
      /^A single outcome makes up more than 1 % of the sum of squares of spend in mens: a verdict may be false .* passes when enough of them have\. Where it stays, give the metric of a new experiment a narrower range\.$/
    expect(notes({ metric: SPEND }, heavy)).toContainEqual(expect.stringMatching(warning))
    const clippings = [{ metric: SPEND, arm: 'mens', units: 1_000, rewarded: 100, above: 1, below: 0 }]
    expect(notes({ metric: SPEND, clippings }, heavy)).toEqual([
      expect.stringMatching(/^A single outcome .* passes when enough of them have\.$/),
    ])
    const few = heavy.cells.map(each => ({ ...each, units: 999 }))
    expect(notes({ metric: SPEND }, { ...heavy, cells: few }).join()).not.toContain('sum of squares')
    expect(notes({}, heavy).join()).not.toContain('sum of squares')
  })

  it('asks about rewards that have never come, from a hundred units on', () => {
    const silent = (units: number, rewards = 0) => notes({ units }, storedLedger([{ units: [units] }], rewards))
    expect(silent(99)).toEqual([])
    expect(silent(5_000, 1)).toEqual([])
    for (const units of [100, 5_000])
      expect(silent(units)).toContainEqual(
        expect.stringMatching(/^No reward of visit has come for any of (100|5,000) units: check .* same ids of units/),
      )
  })

  it('asks about an arm without any reward, where the others have theirs', () => {
    const missing = [{ metric: VISIT, arm: 'mens', units: 948, expected: 43.4 }]
    expect(notes({ missing }).join()).toMatch(
      /^No reward of visit has come for any of the 948 units of mens, while the other arms have theirs: .* at least 43 /,
    )
  })
})

describe('notesOn() of an exploration that changes with the verdicts', () => {
  const policy = { type: 'thompson', exploration: { untilVerdict: 0.5, after: 0.1 }, controlShare: null } as const
  const noted = (
    allDecided: boolean,
    facts: Partial<ReportData> = {},
    exploration: object | number = policy.exploration,
  ) => {
    const report = sampleReport({ status: 'running', guardrails: [], ...facts })
    const { definition } = experimentOf(report)
    const changed = { ...definition, policy: { ...policy, exploration, prior: { alpha: 1, beta: 1 } } } as Definition
    const snapshots = FEW.snapshots.map(snapshot => ({ ...snapshot, allDecided }))
    return notesOn(report, changed, { snapshots, cells: FEW.cells })
  }

  it('says which one holds now, and why', () => {
    expect(noted(false)).toEqual([
      'The policy spreads 50.0 % of the new units evenly until every active arm has a verdict on visit, and 10.0 % from then on.',
    ])
    expect(noted(true)).toEqual([
      'The policy spreads 10.0 % of the new units evenly, because every active arm has had a verdict on visit; before it was 50.0 %.',
    ])
  })

  it('has nothing to say of one that stays, or where no unit is assigned', () => {
    expect(noted(false, {}, 0.1)).toEqual([])
    expect(noted(false, { status: 'paused' })).toEqual([])
  })
})

describe('notesOn() of verdicts that are not there any more', () => {
  const open = liftOf([0.01, -0.02, 0.04])
  const better = liftOf([0.05, 0.02, 0.08])
  const noted = (lifts: readonly Lift[], allDecided: boolean, propensities: (number | null)[] = [0.4, 0.3, 0.3]) => {
    const arms = [control, arm('mens', { lift: lifts[0] ?? null }), arm('womens', { lift: lifts[1] ?? null })]
    const snapshots = FEW.snapshots.map(snapshot => ({ ...snapshot, allDecided, propensities }))
    return notes({ arms }, { ...FEW, snapshots }).join()
  }

  it('says that there had been verdicts, and why an interval can widen again', () => {
    expect(noted([better, open], true)).toBe(
      'In snapshot 1 every active arm had a verdict on visit; now womens is undecided, since an interval can widen again when later data disagree or the shares of the arms change.',
    )
  })

  it('says nothing while verdicts stand, before there were any, and of an arm that came later', () => {
    expect(noted([better, better], true)).toBe('')
    expect(noted([better, open], false)).toBe('')
    expect(noted([better, open], true, [0.4, 0.6, null])).not.toContain('undecided')
  })
})

describe('clippingsOf()', () => {
  it('sums the clipped units of each arm over all snapshots', () => {
    const cells = [cell(0, { unitsAbove: 3 }), cell(1, { unitsBelow: 2 }), cell(1, { snapshot: 2, unitsAbove: 7 })]
    expect(clippingsOf(definitionOf(['control', 'mens', 'womens']), SPEND, cells)).toMatchObject([
      { arm: 'control', units: 1_000, rewarded: 100, above: 3, below: 0 },
      { arm: 'mens', units: 2_000, rewarded: 200, above: 7, below: 2 },
      { arm: 'womens', units: 0, rewarded: 0, above: 0, below: 0 },
    ])
  })
})

describe('clippingNotes()', () => {
  const clipping = (arm: string, above: number, below = 0, rewarded = 1_000) => {
    return { metric: SPEND, arm, units: 1_000, rewarded, above, below }
  }

  it('tells from one percent of the units of an arm on', () => {
    expect(clippingNotes([clipping('control', 9), clipping('mens', 9)])).toEqual([])
    expect(clippingNotes([clipping('control', 9), clipping('mens', 6, 4)])).toEqual([
      '1.0 % of the 1,000 units of mens have a total outside the range [0, 500] of spend: 6 are above it and count as 500, 4 are below it and count as 0. Means and lifts are those of the clipped outcomes.',
    ])
  })

  it('leaves the doubt to a fifth of those with rewards, which are as many as the rewards at the most', () => {
    expect(clippingDoubts([clipping('control', 10, 0, 51), clipping('mens', 0, 0, 51)])).toEqual([])
    expect(clippingDoubts([clipping('control', 10, 0, 50), clipping('mens', 0, 0, 50)])).toEqual([
      'spend has the range [0, 500], but at least 20.0 % of the units with rewards of control are above: cents instead of dollars?',
    ])
    // Of few buyers, or of a long tail that was cut on purpose, the extreme ones are no reason.
    expect(clippingDoubts([clipping('control', 9, 0, 9), clipping('mens', 12, 0, 600)])).toEqual([])
  })

  it('leaves the doubt to a fifth of them', () => {
    expect(clippingDoubts([clipping('control', 199)])).toEqual([])
    expect(clippingDoubts([clipping('control', 200), clipping('mens', 0)])).toEqual([
      'spend has the range [0, 500], but 20.0 % of the outcomes of control are above: cents instead of dollars?',
    ])
  })
})
