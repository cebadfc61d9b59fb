// An experiment as a file holds it: its definition, and optionally the state that it shall be in.
// GET /schemas/experiment.json tells editors; `npx --no pinwheel apply` reads such files.
import type { Request, Response } from 'express'
import { z } from 'zod'
import { answerBytes } from '../answer.ts'
import type { Context } from '../context.ts'
import { definitionSchema } from './definition-schema.ts'

/** What a file says beyond the definition. */
export const fileFields = {
  $schema: z.string().optional().describe('For editors; not read.'),
  status: z
    .enum(['running', 'paused', 'stopped'])
    .optional()
    .describe('The state that it shall be in. Left out: as it is; a new one stays a draft.'),
  winner: z
    .string()
    .nullable()
    .optional()
    .describe('With the status stopped: the arm that everybody gets, or null for none. Left out: as it is.'),
}

export const fileSchema = definitionSchema.extend(fileFields).meta({
  title: 'Pinwheel experiment',
  description: 'An experiment in a file; what has a default may be left out.',
})

export function experimentFileSchema() {
  return z.toJSONSchema(fileSchema, { io: 'input' })
}

let schema: Buffer | null = null

export async function getExperimentFileSchema(_context: Context, _request: Request, response: Response): Promise<void> {
  schema ??= Buffer.from(`${JSON.stringify(experimentFileSchema())}\n`)
  answerBytes(response, schema, { 'Content-Type': 'application/schema+json', 'Cache-Control': 'no-store' })
}
