// The shape of a report as it is answered: its head, and what each section brings.
import { z } from 'zod'
import { STATUSES } from '../../bandit/experiment/experiment.ts'
import { SECTIONS } from '../../bandit/report/sections/registry.ts'
import { REPORT } from './report-example.ts'
import { count, instant, metric } from './shapes.ts'

/** Of the sections that bring their own. */
const EXAMPLES = Object.fromEntries(
  SECTIONS.flatMap(({ key, example }) => (example === undefined ? [] : [[key, example]])),
)

export const reportSchema = z
  .object({
    experiment: z.string(),
    description: z.string(),
    status: z.enum(STATUSES),
    version: count,
    winner: z.string().nullable(),
    generatedAt: instant,
    startedAt: instant.nullable(),
    metric,
    control: z.string(),
    units: count.describe('All, those whose window is still open included.'),
    immatureUnits: count,
    snapshots: count,
    alpha: z.number(),
    ...Object.fromEntries(SECTIONS.map(({ key, schema }) => [key, schema])),
  })
  .meta({ id: 'Report', examples: [{ ...REPORT, ...EXAMPLES }] })
