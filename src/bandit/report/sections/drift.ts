import { z } from 'zod'
import { liftScore } from '../../../stats/context/batch-scores.ts'
import { detectDrift } from '../../../stats/context/drift.ts'
import { scoredBatch, scoredLedger } from '../../context/scored-ledger.ts'
import { controlOf } from '../../experiment/experiment.ts'
import { ledgerOf } from '../../maturity.ts'
import { liftNotation, UNKNOWN, writeWithUnit } from '../notation.ts'
import { formatEValue } from '../numbers.ts'
import type { ReportInput } from '../report-input.ts'
import { count } from './intervals.ts'
import type { ReportSection } from './section.ts'

interface Change {
  /** The first snapshot after the change. */
  readonly since: number
  readonly arm: string
  readonly before: number
  readonly after: number
  readonly logEValue: number
}

/** Whether a lift has changed while the experiment ran. */
export const drift: ReportSection<{ readonly change: Change | null } | null> = {
  key: 'drift',
  schema: z
    .object({
      since: count.describe('The first snapshot after the change.'),
      arm: z.string(),
      before: z.number(),
      after: z.number(),
      logEValue: z.number().describe('ln e against "no lift has changed", valid at every look.'),
    })
    .nullable()
    .optional()
    .describe('Null while no lift has changed for certain; slow changes go unnoticed. Absent without features.'),
  build: (input, now) => (input.experiment.definition.features === undefined ? null : { change: changeIn(input, now) }),
  json: (_, found) => (found === null ? undefined : found.change),
  show: ({ metric }, found) => {
    if (found === null || found.change === null) return null
    const { arm, since, before, after, logEValue } = found.change
    const notation = liftNotation(metric, [
      { ...UNKNOWN, lower: Math.min(before, after), upper: Math.max(before, after) },
    ])
    const [from, to] = [writeWithUnit(notation, before), writeWithUnit(notation, after)]
    return {
      title: 'Drift',
      table: null,
      sentences: [
        `The lift of ${arm} has changed: ${from} before snapshot ${since}, ${to} since (e ${formatEValue(logEValue)} against no change).`,
        'The lifts above are averages over both; begin anew, or let the policy forget ("halfLife").',
      ],
      link: null,
    }
  },
}

function changeIn({ experiment, metric, stored, sums }: ReportInput, now: number): Change | null {
  const { definition } = experiment
  const { arms, alpha, plannedUnits } = definition
  const control = controlOf(definition)
  const position = definition.metrics.indexOf(metric)
  const others = arms.flatMap((_, arm) => (arm === control ? [] : [arm]))
  const batches = scoredLedger(stored.snapshots, ledgerOf(experiment, metric, stored, now), sums)
    .filter(({ mature }) => mature)
    .map(each => {
      const batch = scoredBatch(each, position)
      const lifts = others.map(arm => liftScore(batch, arm, control))
      return { snapshot: each.snapshot, units: batch.row.units, lifts }
    })
  const { change, logEValue } = detectDrift(batches, { alpha, plannedUnits })
  if (change === null) return null
  const arm = arms[others[change.lift] as number]?.key as string
  return { since: change.snapshot, arm, before: change.before, after: change.after, logEValue }
}
