import { describe, expect, it } from 'vitest'
import { judgeGuardrail } from '../../../src/bandit/metrics/guardrail.ts'
import type { Action, Report } from '../../../src/bandit/report/report-data.ts'
import { textReport } from '../../../src/views/text/text-report.ts'
import { seededRandom } from '../../support/samples/random.ts'
import {
  emptyReport,
  HOSTILE,
  liftOf,
  longKey,
  manyArms,
  randomReport,
  SPEND,
  sampleReport,
  UNSUBSCRIBE,
} from '../../support/samples/sample-reports.ts'

const DRAWN = /[│┼]/

/** The lines of the section whose title begins so, without title and heads. */
function rowsOf(text: string, title: string): string[] {
  const lines = text.split('\n')
  const from = lines.findIndex(line => line.startsWith(title))
  const to = lines.indexOf('', from)
  return from === -1 ? [] : lines.slice(from + 1, to)
}

/** Rows of the drawn lifts. */
function drawnRows(text: string): string[] {
  return rowsOf(text, 'Lift in').filter(line => DRAWN.test(line) && !line.includes('├─●─┤ '))
}

describe('textReport()', () => {
  it('says which p a verdict needs where several lifts share alpha', () => {
    const three = manyArms(4, seededRandom(5))
    expect(textReport(sampleReport({ arms: three }))).toContain('A verdict needs p ≤ 0.0167 (0.05 over 3 lifts).')
    expect(textReport(sampleReport({ arms: three.slice(0, 2) }))).not.toContain('A verdict needs')
  })

  it('fits 100 columns, whatever the report', () => {
    const random = seededRandom(11)
    for (let round = 0; round < 300; round++) {
      const text = textReport(randomReport(random))
      for (const line of text.split('\n')) expect([...line].length, line).toBeLessThanOrEqual(100)
      expect(text).not.toMatch(/NaN|undefined|\bnull\b|Infinity|\[object|\t| $/m)
    }
  })

  it('marks zero in the same column of every row', () => {
    const random = seededRandom(12)
    for (let round = 0; round < 200; round++) {
      const columns = drawnRows(textReport(randomReport(random))).map(line =>
        [...line].findIndex(letter => DRAWN.test(letter)),
      )
      expect(new Set(columns).size).toBeLessThanOrEqual(1)
    }
  })

  it('draws an interval beside zero exactly where the verdict is decided', () => {
    const random = seededRandom(13)
    let [decided, undecided] = [0, 0]
    for (let round = 0; round < 200; round++) {
      for (const row of drawnRows(textReport(randomReport(random)))) {
        if (/ (better|worse) /.test(row)) {
          decided++
          expect(row).toMatch(/│/)
          expect(row).toMatch(/●/)
        } else if (/[○]/.test(row)) {
          undecided++
          expect(row).not.toMatch(/│/)
        }
      }
    }
    expect(Math.min(decided, undecided)).toBeGreaterThan(100)
  })

  it('aligns decimal points and intervals', () => {
    const text = textReport(sampleReport())
    for (const title of ['Lift in', 'Relative lift', 'Belief of']) {
      const rows = rowsOf(text, title).filter(line => line.includes('…') && /^ {2}(control|mens|womens)/.test(line))
      expect(rows.length).toBeGreaterThanOrEqual(2)
      expect(new Set(rows.map(line => line.indexOf('…'))).size).toBe(1)
    }
    const points = rowsOf(text, 'Arms').filter(line => line.includes('%') && /\d\.\d/.test(line))
    expect(new Set(points.map(line => line.indexOf('.'))).size).toBe(1)
  })

  it('says what to do first, and what each kind of interval is', () => {
    const text = textReport(sampleReport())
    expect(text).toMatch(/^SHIP mens$/m)
    expect(text).toContain('confidence sequences: both hold at once, at every look')
    expect(text).toContain('95 % credible')
    expect(text).toContain('no evidence')
    expect(text.indexOf('SHIP mens')).toBeLessThan(text.indexOf('Lift in'))
  })

  it('shows each guardrail with its margin and verdicts, and that there is nothing to show', () => {
    const [heads = '', mens = '', womens = '', ...legend] = rowsOf(
      textReport(sampleReport()),
      'Guardrail unsubscribe: at most 1 pp worse than control; higher is worse',
    )
    expect(heads).toMatch(/lift .* from … to .* verdict .*0/)
    expect(mens).toMatch(/^ {2}mens +\+0\.12 pp +−0\.09 … \+0\.33 +safe .*●/)
    expect(womens).toMatch(/^ {2}womens +\+0\.54 pp +−0\.21 … \+1\.29 +undecided .*○/)
    expect(legend.join()).toMatch(/both hold at once.*║ +the margin/)
    const blank = judgeGuardrail({ ...UNSUBSCRIBE, key: 'bounce' }, 'mens', liftOf([null, null, null]))
    expect(rowsOf(textReport(sampleReport({ guardrails: [blank] })), 'Guardrail bounce')).toEqual([
      '  Nothing to compare yet: no other arm has run side by side with control.',
    ])
    const waiting = { ...blank, isWithinWindow: true }
    expect(rowsOf(textReport(sampleReport({ guardrails: [waiting] })), 'Guardrail bounce')).toEqual([
      '  Nothing to compare yet: every unit is still within the window of 14d.',
    ])
  })

  it('says which side of a guardrail is the bad one, and marks the margin there; none where no harm is tolerated', () => {
    const guarded = (metric: Report['metric']) =>
      textReport(sampleReport({ guardrails: [judgeGuardrail(metric, 'mens', liftOf([0, -0.02, 0.02]))] }))
    const rises = guarded(UNSUBSCRIBE)
    expect(rises).toContain('Guardrail unsubscribe: at most 1 pp worse than control; higher is worse')
    expect(rises).toMatch(/ mens .*├─*○─*╫─*┤/)
    const falls = guarded({ ...SPEND, role: 'guardrail', margin: 0.0125 })
    expect(falls).toContain('Guardrail spend: at most 0.0125 worse than control; lower is worse')
    expect(falls).toMatch(/ mens .*├─*╫─*○─*┤/)
    const none = guarded({ ...UNSUBSCRIBE, margin: 0 })
    expect(none).toContain('Guardrail unsubscribe: no worse than control; higher is worse')
    expect(none).not.toMatch(/[║╫]/)
    expect(none).toContain('│ the margin: harmed when')
  })

  it('draws a guardrail beside its margin exactly where it is decided', () => {
    const random = seededRandom(14)
    let [decided, undecided] = [0, 0]
    for (let round = 0; round < 200; round++) {
      for (const row of rowsOf(textReport(randomReport(random)), 'Guardrail')) {
        const drawing = / (?:safe|harmed|undecided) +(.*)$/.exec(row)?.[1] ?? ''
        const hasMargin = /[║╫]/.test(drawing) && !row.includes('∞')
        if (!hasMargin) continue
        const isDecided = !row.includes(' undecided ')
        expect(drawing, row).toContain(isDecided ? '║' : '╫')
        if (isDecided) decided++
        else undecided++
      }
    }
    expect(Math.min(decided, undecided)).toBeGreaterThan(50)
  })

  it('begins with the advice in a few words', () => {
    const advised = (action: Action, arms: readonly string[], facts: Partial<Report> = {}) =>
      textReport(sampleReport({ recommendation: { action, arm: null, arms, why: 'Because.' }, ...facts }))
    expect(advised('ship', ['mens'])).toMatch(/^SHIP mens\nBecause\.$/m)
    expect(advised('choose', ['mens', 'womens'])).toMatch(/^CHOOSE one of mens, womens$/m)
    expect(advised('retire', ['mens', 'womens'])).toMatch(/^RETIRE mens, womens$/m)
    expect(advised('keep', ['control'])).toMatch(/^KEEP control$/m)
    expect(advised('investigate', [])).toMatch(/^INVESTIGATE$/m)
    expect(advised('continue', [])).toMatch(/^CONTINUE$/m)
    expect(advised('continue', [], { status: 'draft' })).toMatch(/^NOT STARTED$/m)
    expect(advised('continue', [], { status: 'paused' })).toMatch(/^PAUSED$/m)
    expect(advised('stopped', [], { status: 'stopped' })).toMatch(/^STOPPED without a winner$/m)
    expect(advised('stopped', ['mens'], { status: 'stopped', winner: 'mens' })).toMatch(/^STOPPED: mens won$/m)
    const open = sampleReport().arms.map(arm => (arm.isControl ? arm : { ...arm, lift: liftOf([0.01, -0.02, 0.04]) }))
    const chosen = { status: 'stopped', winner: 'mens', arms: open } as const
    expect(advised('stopped', ['mens'], chosen)).toMatch(/^STOPPED: mens was chosen$/m)
    const secondary = sampleReport({ recommendation: null, metric: { ...sampleReport().metric, role: 'secondary' } })
    expect(textReport(secondary)).toContain('visit is a secondary metric')
  })

  it('says what is missing and draws no empty axis before the first unit', () => {
    const text = textReport(emptyReport())
    expect(text).toContain('Nothing to compare yet: no unit has been assigned.')
    expect(text).not.toMatch(/[│┼├┤●○]/)
    expect(text).not.toContain('∞')
  })

  it('draws an arrow where an interval is unbounded or leaves the axis, and says so', () => {
    const [control, narrow, open] = manyArms(3, seededRandom(5))
    if (control === undefined || narrow === undefined || open === undefined) throw new Error('too few arms')
    const unbounded = { ...open, lift: liftOf([0.02, null, null]) }
    const text = textReport(sampleReport({ arms: [control, narrow, unbounded], guardrails: [] }))
    expect(text).toMatch(/arm-02.*−∞ … +\+∞.*←.*○.*→/)
    expect(text).toContain('← →')
    expect(textReport(sampleReport())).not.toContain('→')
  })

  it('keeps long keys of arms apart and says that they are shortened', () => {
    const arms = manyArms(20, seededRandom(6), longKey)
    const text = textReport(sampleReport({ arms, guardrails: [] }))
    const names = rowsOf(text, 'Belief of').flatMap(line => /^ {2}(\S*…\S*)/.exec(line)?.[1] ?? [])
    expect(new Set(names).size).toBe(20)
    expect(text).toContain('shortened')
    expect(textReport(sampleReport())).not.toContain('shortened')
  })

  it('gives the terminal nothing to obey', () => {
    const text = textReport(sampleReport({ description: HOSTILE }))
    expect(text).not.toMatch(/(?!\n)\p{Cc}|[\u202a-\u202e]/u)
    expect(text).toContain('<script>alert("1")</script> &')
  })
})
