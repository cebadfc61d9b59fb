import { z } from 'zod'
import { discoveries } from '../../../stats/context/e-bh.ts'
import { RunningSegment } from '../../../stats/context/segments.ts'
import type { Lift } from '../../../stats/lift/lift.ts'
import { scoredLedger, segmentBatch } from '../../context/scored-ledger.ts'
import { controlOf } from '../../experiment/experiment.ts'
import { MIN_SEGMENT_UNITS, type Segment, segmentsOf } from '../../features/segment.ts'
import { ledgerOf } from '../../maturity.ts'
import { liftNotation, writeSpan, writeWithUnit } from '../notation.ts'
import { formatCount, formatLevel } from '../numbers.ts'
import type { ReportInput } from '../report-input.ts'
import { count, interval, level } from './intervals.ts'
import type { ReportSection } from './section.ts'

interface SegmentLifts {
  readonly feature: string
  readonly level: string
  /** Mature ones. */
  readonly units: number
  /** By arm, without the control; empty for a segment with too few units to be reported. */
  readonly lifts: readonly { readonly arm: string; readonly lift: Lift }[]
}

interface Segments {
  readonly segments: readonly SegmentLifts[]
  /** Pairs of arm and segment. */
  readonly discoveries: readonly (readonly [arm: string, segment: string])[]
  /** 1 − alpha of each interval. */
  readonly level: number
}

/** The lifts within each level of the features that are marked as segments. */
export const segments: ReportSection<Segments | null> = {
  key: 'segments',
  schema: z
    .object({
      level,
      levels: z.array(
        z.object({
          feature: z.string(),
          level: z.string(),
          units: count.describe('Mature ones.'),
          lifts: z
            .record(z.string(), z.object({ ...interval, verdict: z.enum(['better', 'worse', 'undecided']) }))
            .describe(`By arm. Empty below ${MIN_SEGMENT_UNITS} units.`),
        }),
      ),
      discoveries: z
        .array(z.tuple([z.string(), z.string()]))
        .describe('Arms and levels that are called together: at most the share alpha of them is false on average.'),
    })
    .nullable()
    .optional()
    .describe(
      'On the primary metric of an experiment with segments; else null. All intervals hold together, at every look. It tells where the lift is, not for whom to ship. Absent without features.',
    ),
  build: (input, now) => segmentsIn(input, now),
  json: ({ metric }, found) => {
    if (found === null) return undefined
    if (metric.role !== 'primary' || found.segments.length === 0) return null
    return {
      level: found.level,
      levels: found.segments.map(({ lifts, ...segment }) => ({
        ...segment,
        lifts: Object.fromEntries(
          lifts.map(({ arm, lift: { estimate, rawEstimate, lower, upper, verdict } }) => [
            arm,
            { estimate, rawEstimate, lower, upper, verdict },
          ]),
        ),
      })),
      discoveries: found.discoveries,
    }
  },
  show: ({ metric }, found) => {
    if (found === null || metric.role !== 'primary' || found.segments.length === 0) return null
    const { segments, level } = found
    const notation = liftNotation(
      metric,
      segments.flatMap(({ lifts }) => lifts.map(({ lift }) => lift)),
    )
    return {
      title: 'Where the lift is',
      table: {
        caption: `${formatLevel(level)} each: all of them hold at once, at every look.`,
        columns: [
          { head: 'segment', kind: 'word' },
          { head: 'units', kind: 'number' },
          { head: 'arm', kind: 'word' },
          { head: 'lift', kind: 'number' },
          { head: 'from … to', kind: 'number' },
          { head: 'verdict', kind: 'word' },
        ],
        rows: segments.flatMap(({ feature, level, units, lifts }) => {
          const name = `${feature}=${level}`
          if (lifts.length === 0) return [[name, formatCount(units), '', '', '', 'too few units']]
          return lifts.map(({ arm, lift }) => [
            name,
            formatCount(units),
            arm,
            writeWithUnit(notation, lift.estimate),
            writeSpan(notation, lift),
            lift.verdict,
          ])
        }),
      },
      sentences: [
        found.discoveries.length === 0
          ? 'No lift in a segment is called.'
          : `Called together, with few false ones on average: ${found.discoveries.map(pair => pair.join(' in ')).join(', ')}.`,
        'This tells where the lift is, not for whom to ship an arm: the policy contextual does that.',
      ],
      link: null,
    }
  },
}

function segmentsIn(input: ReportInput, now: number): Segments | null {
  const { experiment, metric, stored, sums } = input
  const { arms, features, alpha, plannedUnits } = experiment.definition
  if (features === undefined) return null
  const all = segmentsOf(features)
  const level = 1 - alpha / (Math.max(1, arms.length - 1) * Math.max(1, all.length))
  if (metric.role !== 'primary') return { segments: [], discoveries: [], level }
  const primary = experiment.definition.metrics.indexOf(metric)
  const scored = scoredLedger(stored.snapshots, ledgerOf(experiment, metric, stored, now), sums)
  const mature = scored.filter(each => each.mature)
  const options = { arms: arms.length, control: controlOf(experiment.definition), metric, alpha, plannedUnits }
  const found = all.map((segment, place) => {
    const running = new RunningSegment({ ...options, levels: all.length, levelsOfFeature: levelsLike(all, segment) })
    let units = 0
    for (const batch of mature) {
      const own = segmentBatch(batch, place, primary)
      if (own === null || own.row.units === 0) continue
      units += own.row.units
      running.add(own)
    }
    const lifts = units < MIN_SEGMENT_UNITS ? [] : running.lifts()
    return {
      feature: features[segment.feature]?.key as string,
      level: segment.level,
      units,
      lifts: lifts.flatMap((lift, arm) => (lift === null ? [] : [{ arm: arms[arm]?.key as string, lift }])),
    }
  })
  const named = found.flatMap(({ feature, level, lifts }) =>
    lifts.map(({ arm, lift }) => ({ pair: [arm, `${feature}=${level}`] as const, logEValue: lift.logEValue })),
  )
  // Lifts that are not reported count too: which ones they are depends on the units.
  const asked = found.length * (arms.length - 1)
  const logEValues = Array.from({ length: asked }, (_, place) => named[place]?.logEValue ?? -Infinity)
  const called = discoveries(logEValues, alpha).flatMap(place => named[place] ?? [])
  return { segments: found, discoveries: called.map(({ pair }) => pair), level }
}

function levelsLike(all: readonly Segment[], { feature }: Segment): number {
  return all.filter(other => other.feature === feature).length
}
