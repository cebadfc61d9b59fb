// Intervals and evidence as several sections write them in JSON, and their schemas.
import { z } from 'zod'
import type { Estimate, Evidence, Interval } from '../../../stats/sequences/confidence-sequence.ts'
import type { GuardrailLift } from '../report-data.ts'

export const count = z.int().min(0)
export const share = z.number().meta({ minimum: 0, maximum: 1 })
/** Null: without bound, or not known. */
export const perhaps = z.number().nullable()

export const interval = {
  estimate: perhaps,
  rawEstimate: perhaps.describe('Not moved into what is possible; the evidence and the verdict rest on it.'),
  lower: perhaps,
  upper: perhaps,
}
export const sufficientUnits = count
  .nullable()
  .describe('While it is too early: how many units, over all arms, usually suffice. Else null.')
export const level = z.number().describe('1 − alpha of this very interval.')
export const evidence = {
  eValue: perhaps.describe('Null where it is too large for JSON; `logEValue` still tells.'),
  logEValue: z.number(),
  pValue: share.describe('Valid at every look.'),
}

export const liftSchema = z
  .object({
    absolute: z.object(interval),
    relative: z.object(interval).nullable().describe('Null for metrics that can be negative.'),
    ...evidence,
    level,
    sufficientUnits,
  })
  .meta({ id: 'GuardrailLift', description: 'Over the control: confidence sequences, valid at every look.' })

export function liftJson(lift: GuardrailLift) {
  const { relative, level, sufficientUnits } = lift
  return {
    absolute: endsOf(lift),
    relative: relative === null ? null : endsOf(relative),
    ...evidenceJson(lift),
    level,
    sufficientUnits,
  }
}

export function endsOf({ estimate, rawEstimate, lower, upper }: Interval | Estimate) {
  return { estimate, rawEstimate, lower, upper }
}

/** Infinite e-values are null in JSON, and `logEValue` still tells. */
export function evidenceJson({ eValue, logEValue, pValue }: Evidence) {
  return { eValue: Number.isFinite(eValue) ? eValue : null, logEValue, pValue }
}
