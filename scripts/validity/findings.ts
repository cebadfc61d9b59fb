// The study's counts as shares with their Monte-Carlo errors, held against what is promised.
import type { Cell, Kind } from './cells.ts'
import { addCounts, type Counts, NO_COUNTS } from './run-cell.ts'

/** 0–1, with its standard error; null: not counted in this cell. */
export interface Share {
  readonly share: number
  readonly error: number
}

export interface Finding {
  readonly cell: string
  readonly test: 'A/A' | 'A/B'
  readonly arms: number
  readonly outcome: string
  readonly kind: Kind
  readonly floor: number
  readonly runs: number
  /** A run's, on the average. */
  readonly looks: number
  /** Runs in which the truth was ever outside. */
  readonly absolute: Share
  readonly relative: Share
  readonly policyLift: Share
  readonly falseVerdict: Share
  /** The controls; null but for A/A, `belief` also for more than two arms. */
  readonly naive: Share | null
  readonly belief: Share | null
}

export interface Promise {
  readonly promise: string
  readonly isKept: boolean
  /** What breaks it, or what it rests on. */
  readonly detail: string
}

export function findingOf({ name, isNull, arms, outcome, kind, floor }: Cell, counts: Counts): Finding {
  const share = (count: number) => shareOf(count, counts.runs)
  return {
    cell: name,
    test: isNull ? 'A/A' : 'A/B',
    arms,
    outcome,
    kind,
    floor,
    runs: counts.runs,
    looks: counts.looks / counts.runs,
    absolute: share(counts.absolute),
    relative: share(counts.relative),
    policyLift: share(counts.policyLift),
    falseVerdict: share(counts.falseVerdict),
    naive: isNull ? share(counts.naive) : null,
    belief: isNull && arms === 2 ? share(counts.belief) : null,
  }
}

/** The truth may be outside in so large a share of runs. */
const ALLOWED = { binary: 0.05, gaussian: 0.05, revenue: 0.07 } as const satisfies Record<Kind, number>

/** A share counts as too large when it is this many standard errors (of the allowed share) above it. */
const ERRORS = 2

const FAMILIES = ['absolute', 'relative', 'policyLift'] as const

/** In every cell that was run; the controls over all cells in which they were counted. */
export function judge(findings: readonly Finding[]): Promise[] {
  const promises: Promise[] = (['binary', 'gaussian', 'revenue'] as const).flatMap(kind => {
    const own = findings.filter(finding => finding.kind === kind)
    const broken = own.flatMap(finding =>
      FAMILIES.filter(family => isAbove(finding[family], ALLOWED[kind], finding.runs)).map(
        family => `${finding.cell} (${family}: ${percent(finding[family].share)})`,
      ),
    )
    const promise = `${kind}: the truth stays inside at all looks in ${percent(1 - ALLOWED[kind])} of runs, less the Monte-Carlo error`
    const worst = Math.max(...own.flatMap(finding => FAMILIES.map(family => finding[family].share)))
    return own.length === 0 ? [] : [verdict(promise, broken, `at worst it leaves in ${percent(worst)}`)]
  })
  const nulls = findings.filter(({ naive }) => naive !== null)
  if (nulls.length === 0) return promises
  const wrong = nulls.filter(({ falseVerdict, runs }) => isAbove(falseVerdict, 0.05, runs))
  const worst = Math.max(...nulls.map(({ falseVerdict }) => falseVerdict.share))
  promises.push(
    verdict(
      'a false verdict in at most 5 % of A/A runs, plus the Monte-Carlo error',
      wrong.map(({ cell, falseVerdict }) => `${cell}: ${percent(falseVerdict.share)}`),
      `at worst ${percent(worst)}`,
    ),
    failing('control: the naive 95 % interval calls an arm in over half of the A/A runs', nulls, 'naive'),
  )
  const pairs = nulls.filter(({ belief }) => belief !== null)
  const rule = 'control: P(best) ≥ 0.95 on pooled counts calls one of two equal arms in over half of the runs'
  return pairs.length === 0 ? promises : [...promises, failing(rule, pairs, 'belief')]
}

function verdict(promise: string, broken: readonly string[], detail: string): Promise {
  return { promise, isKept: broken.length === 0, detail: broken.length === 0 ? detail : broken.join('; ') }
}

function failing(promise: string, findings: readonly Finding[], control: 'naive' | 'belief'): Promise {
  const counts = findings.reduce((sum, { runs, [control]: share }) => {
    return addCounts(sum, { ...NO_COUNTS, runs, [control]: (share?.share ?? 0) * runs })
  }, NO_COUNTS)
  const share = counts[control] / counts.runs
  return { promise, isKept: share > 0.5, detail: `in ${percent(share)}` }
}

function isAbove({ share }: Share, allowed: number, runs: number): boolean {
  return share > allowed + ERRORS * Math.sqrt((allowed * (1 - allowed)) / runs)
}

function shareOf(count: number, runs: number): Share {
  const share = count / runs
  return { share, error: Math.sqrt((share * (1 - share)) / runs) }
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`
}
